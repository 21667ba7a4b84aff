import OpenAI from 'openai';
import type { Model, ModelQuestion, ModelReply } from '../diagnose/model.ts';
import { boundedFetch } from './bounded-fetch.ts';
import { classifyModelError, isFormRefused } from './openai-failures.ts';

export interface OpenAiModelOptions {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly model: string;
  readonly attemptTimeoutMs: number;
  readonly maxOutputTokens: number;
  /** Of one answer; what sends more is cut off. */
  readonly maxAnswerBytes: number;
  readonly answerSchema: Record<string, unknown>;
}

/** What a server may be able to do, best first. */
const rungs = ['json_schema', 'json_object', 'plain'] as const;

/**
 * Any server that speaks OpenAI's chat completions. What it cannot do is found out by asking, once: a refused form is not
 * charged, and the next rung is remembered for as long as the process lives.
 */
export function createOpenAiModel(options: OpenAiModelOptions): Model {
  // Retrying is ours: the SDK's own retries would pay without counting.
  const { baseUrl: baseURL, apiKey, attemptTimeoutMs: timeout } = options;
  const fetch = boundedFetch(options.maxAnswerBytes);
  const client = new OpenAI({ apiKey, baseURL, maxRetries: 0, timeout, fetch, logLevel: 'off' });
  let rung = 0;
  return {
    async ask(question) {
      const signal = AbortSignal.any([question.signal, AbortSignal.timeout(options.attemptTimeoutMs)]);
      for (;;) {
        const tried = rung;
        try {
          const body = toBody(question, rungs[tried] ?? 'plain', options);
          const completion = await client.chat.completions.create(body, { signal });
          return toReply(completion, options);
        } catch (error) {
          if (isFormRefused(error) && tried < rungs.length - 1) {
            rung = Math.max(rung, tried + 1);
            continue;
          }
          return classifyModelError(error, signal.aborted);
        }
      }
    },
  };
}

function toBody(
  { instructions, data, repair }: ModelQuestion,
  rung: (typeof rungs)[number],
  { model, maxOutputTokens, answerSchema }: OpenAiModelOptions,
): OpenAI.Chat.ChatCompletionCreateParamsNonStreaming {
  const system =
    rung === 'json_schema'
      ? instructions
      : `${instructions}\nAnswer with one JSON object of this JSON Schema and nothing else:\n${JSON.stringify(answerSchema)}`;
  const messages: OpenAI.Chat.ChatCompletionMessageParam[] = [
    { role: 'system', content: system },
    { role: 'user', content: data },
  ];
  if (repair !== undefined)
    messages.push({
      role: 'system',
      content: `A previous answer could not be used: ${repair}. Answer again, shorter.`,
    });
  const body = {
    model,
    messages,
    [rung === 'plain' ? 'max_tokens' : 'max_completion_tokens']: maxOutputTokens,
  };
  if (rung === 'json_schema')
    return {
      ...body,
      response_format: { type: rung, json_schema: { name: 'analysis', strict: true, schema: answerSchema } },
    };
  return rung === 'json_object' ? { ...body, response_format: { type: rung } } : body;
}

/** The server's word is not trusted: a proxy's page with status 200 arrives here as a text or an empty object. */
function toReply(
  completion: Partial<OpenAI.Chat.ChatCompletion> | string | null,
  { model }: OpenAiModelOptions,
): ModelReply {
  if (typeof completion !== 'object' || completion === null) return failed('garbage', 'no completion');
  const choice = completion.choices?.[0];
  if (!choice?.message) return failed('garbage', 'no choice');
  const { message, finish_reason: reason } = choice;
  if (reason === 'length') return failed('truncated', 'the answer was cut at the most output tokens');
  if (message.refusal || reason === 'content_filter') return failed('refused', 'the model refused');
  if (typeof message.content !== 'string' || message.content === '')
    return failed('garbage', 'an empty answer');
  const usage = completion.usage;
  return {
    kind: 'text',
    text: message.content,
    model: typeof completion.model === 'string' ? completion.model.slice(0, 200) : model,
    inputTokens: wholeNumber(usage?.prompt_tokens),
    outputTokens: wholeNumber(usage?.completion_tokens),
  };
}

function wholeNumber(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : 0;
}

function failed(failure: 'garbage' | 'refused' | 'truncated', detail: string): ModelReply {
  return { kind: 'failed', failure, detail, isCharged: true, retryAfterMs: undefined };
}
