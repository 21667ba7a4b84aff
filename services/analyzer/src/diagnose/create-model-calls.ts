import { randomBytes } from 'node:crypto';
import { describeError } from '@prodsentinel/kernel';
import { readSpending } from '../adapters/kafka-spending.ts';
import { createOpenAiModel } from '../adapters/openai-model.ts';
import { createRedisModelBudget } from '../adapters/redis-model-budget.ts';
import { CircuitBreaker } from '../domain/diagnose/circuit-breaker.ts';
import { isOptedOut } from '../domain/diagnose/opted-out.ts';
import type { StageDependencies } from '../stage.ts';
import { prepareCalls, type CallReport } from './ask-model.ts';
import type { DiagnoseMetrics } from './diagnose-metrics.ts';
import type { DiagnoseStepDependencies } from './diagnose-step.ts';
import { modelAnswerJsonSchema } from './model-answer.ts';

/**
 * How requests are put to the model, as the settings say; without a key, never.
 *
 * @param watch told of every call, and why the model cannot be used for now, or undefined when it can
 */
export async function createModelCalls(
  { config, context, redis, connection, codec }: StageDependencies,
  watch: { readonly metrics: DiagnoseMetrics; readonly onModel: (reason: string | undefined) => void },
): Promise<DiagnoseStepDependencies['prepare']> {
  const { apiKey, optedOut, budgets, price } = config.model;
  if (apiKey === undefined) return () => ({ why: { reason: 'no model is set' } });
  // Its table of tokens takes some 50 MB and half a second: only for whoever asks a model.
  const { countModelTokens } = await import('../adapters/token-counter.ts');
  const dependencies = {
    model: createOpenAiModel({
      apiKey,
      baseUrl: config.OPENAI_BASE_URL,
      model: config.OPENAI_MODEL,
      attemptTimeoutMs: config.MODEL_ATTEMPT_TIMEOUT_MS,
      maxOutputTokens: config.MODEL_MAX_OUTPUT_TOKENS,
      maxAnswerBytes: config.MODEL_MAX_ANSWER_BYTES,
      answerSchema: modelAnswerJsonSchema,
    }),
    budget: createRedisModelBudget(redis, {
      limits: budgets,
      readSpending: (day) => readSpending(connection, codec, day),
      onTrouble: (what, error) =>
        context.logger.warn({ event: 'budget_trouble' }, `cannot ${what} a budget: ${describeError(error)}`),
    }),
    breaker: new CircuitBreaker({ failuresToOpen: 5, openMs: 30_000, maxOpenMs: 10 * 60_000 }),
    price,
    countTokens: countModelTokens,
    pseudonymKey: config.MODEL_PSEUDONYM_KEY ?? randomBytes(32).toString('hex'),
    maxInputTokens: config.MODEL_MAX_INPUT_TOKENS,
    maxOutputTokens: config.MODEL_MAX_OUTPUT_TOKENS,
    deadlineMs: config.MODEL_DEADLINE_MS,
    now: Date.now,
    onCall: (report: CallReport) => {
      watch.metrics.call(report.outcome, report.cost);
      watch.onModel(troubleOf(report));
      context.logger.info({ event: 'model_call', ...report }, `the model was called: ${report.outcome}`);
    },
    onUnsendable: (requestId: string, error: unknown) => {
      // The kind and the place: its message might quote what must not be seen.
      const { name, stack } = error as Partial<Error>;
      const at = stack?.split('\n').find((line) => line.trimStart().startsWith('at '));
      context.logger.error({ event: 'redaction_failed', requestId, kind: name, at }, 'nothing was sent');
    },
  };
  return (request, byRules, signal) =>
    isOptedOut(request, optedOut)
      ? { why: { reason: 'a service of the incident is opted out' } }
      : prepareCalls(dependencies, { request, byRules }, signal);
}

/** A refusal is the model's answer to one request, and says nothing about the others. */
function troubleOf({ outcome, detail }: CallReport): string | undefined {
  return ['answered', 'refused', 'rejected'].includes(outcome) ? undefined : `${outcome}: ${detail}`;
}
