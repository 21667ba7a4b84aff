import type { AnalysisCompleted, AnalysisRequested } from '@prodsentinel/contracts';
import { AppError } from '@prodsentinel/kernel';
import { createOpenAiModel } from '../adapters/openai-model.ts';
import { CircuitBreaker } from '../domain/diagnose/circuit-breaker.ts';
import { diagnoseByRules } from '../domain/diagnose/diagnose-by-rules.ts';
import { prepareCalls } from './ask-model.ts';
import { modelAnswerJsonSchema } from './model-answer.ts';

/**
 * Puts one request to a model as the stage does (redaction, pseudonyms, protocol, grounding), with neither claim nor
 * budget: for evaluations, which have no servers.
 *
 * @param baseUrl of a server that speaks OpenAI's chat completions
 * @returns what would be published, with the source `model`
 * @throws AppError `unavailable` when nothing was sent or no usable answer came
 */
export async function askAlone(baseUrl: string, request: AnalysisRequested): Promise<AnalysisCompleted> {
  const { countModelTokens } = await import('../adapters/token-counter.ts');
  const limits = { maxInputTokens: 8_000, maxOutputTokens: 4_000 };
  const calls = prepareCalls(
    {
      ...limits,
      model: createOpenAiModel({
        baseUrl,
        apiKey: 'none',
        model: 'evaluated',
        attemptTimeoutMs: 45_000,
        maxOutputTokens: limits.maxOutputTokens,
        maxAnswerBytes: 1024 * 1024,
        answerSchema: modelAnswerJsonSchema,
      }),
      budget: { reserve: async () => ({ kind: 'reserved', settle: async () => undefined }) },
      breaker: new CircuitBreaker({ failuresToOpen: 5, openMs: 30_000, maxOpenMs: 30_000 }),
      price: { inputDollarsPerMillion: 0, outputDollarsPerMillion: 0 },
      countTokens: countModelTokens,
      pseudonymKey: 'evaluation',
      deadlineMs: 90_000,
      now: Date.now,
      onCall: () => undefined,
      onUnsendable: () => undefined,
    },
    { request, byRules: diagnoseByRules(request) },
    new AbortController().signal,
  );
  if ('why' in calls) throw new AppError('unavailable', calls.why.reason);
  const reply = await calls.call(1);
  if (reply.kind === 'answered') return JSON.parse(reply.answer) as AnalysisCompleted;
  throw new AppError('unavailable', reply.kind === 'again' ? 'no usable answer' : reply.why.reason);
}
