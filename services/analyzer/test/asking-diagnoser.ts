import { randomUUID } from 'node:crypto';
import type { AnalysisRequested } from '@prodsentinel/contracts';
import { plantedLine } from '@prodsentinel/fake-model';
import type { Redis } from 'ioredis';
import { createOpenAiModel } from '../src/adapters/openai-model.ts';
import { createRedisModelBudget } from '../src/adapters/redis-model-budget.ts';
import { createRedisRequestClaims } from '../src/adapters/redis-request-claims.ts';
import { countModelTokens } from '../src/adapters/token-counter.ts';
import { prepareCalls } from '../src/diagnose/ask-model.ts';
import { modelAnswerJsonSchema } from '../src/diagnose/model-answer.ts';
import type { BudgetLimits, DaySpending } from '../src/diagnose/model-budget.ts';
import { answerOnce } from '../src/domain/diagnose/answer-once.ts';
import { CircuitBreaker } from '../src/domain/diagnose/circuit-breaker.ts';
import { diagnoseByRules } from '../src/domain/diagnose/diagnose-by-rules.ts';
import { requestFor, signal } from './domain/diagnose/build-request.ts';

export const open = { calls: 1e9, tokens: 1e9, dollars: 1e9 };
export const unlimited: BudgetLimits = { minute: open, hour: open, day: open, incident: open };

export interface AskerOptions {
  readonly redis: Redis;
  readonly baseUrl: string;
  readonly limits?: BudgetLimits;
  readonly deadlineMs?: number;
  readonly attemptTimeoutMs?: number;
  readonly now?: () => number;
  readonly readSpending?: (day: string) => Promise<DaySpending>;
}

/** One diagnoser without Kafka: the real claims, budget and client. */
export function createAsker({
  redis,
  baseUrl,
  limits = unlimited,
  deadlineMs = 20_000,
  attemptTimeoutMs = 5_000,
  now = Date.now,
  readSpending = async () => ({ calls: 0, tokens: 0, dollars: 0 }),
}: AskerOptions) {
  const breaker = new CircuitBreaker({ failuresToOpen: 5, openMs: 30_000, maxOpenMs: 60_000 });
  const claims = createRedisRequestClaims(redis, {
    leaseMs: 30_000,
    maxAttempts: 3,
    onAvailability: () => undefined,
  });
  const dependencies = {
    model: createOpenAiModel({
      apiKey: 'none',
      baseUrl,
      model: 'm',
      attemptTimeoutMs,
      maxOutputTokens: 500,
      maxAnswerBytes: 100_000,
      answerSchema: modelAnswerJsonSchema,
    }),
    budget: createRedisModelBudget(redis, { limits, now, readSpending, onTrouble: () => undefined }),
    breaker,
    price: { inputDollarsPerMillion: 1, outputDollarsPerMillion: 10 },
    countTokens: countModelTokens,
    pseudonymKey: 'key',
    maxInputTokens: 4_000,
    maxOutputTokens: 500,
    deadlineMs,
    now: Date.now,
    onCall: () => undefined,
    onUnsendable: () => undefined,
  };
  return async (request: AnalysisRequested) => {
    let attempts = 0;
    const calls = prepareCalls(
      dependencies,
      { request, byRules: diagnoseByRules(request) },
      new AbortController().signal,
    );
    if ('why' in calls) throw new Error(calls.why.reason);
    const claim = claims.of(request.requestId, randomUUID());
    const answer = await answerOnce<string>(
      { ...claim, call: calls.call },
      { maxTries: 6, newAttempt: () => (attempts += 1) },
    );
    return { ...answer, spent: calls.spent() };
  };
}

export const evidence = [
  signal('e1', 'payments', plantedLine),
  signal('e2', 'checkout', 'payments answered 503'),
];

export function aRequest(): AnalysisRequested {
  return requestFor(evidence, { requestId: randomUUID(), incidentId: randomUUID() });
}
