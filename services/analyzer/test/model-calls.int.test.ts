import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { AnalysisCompleted, AnalysisRequested } from '@prodsentinel/contracts';
import {
  planted,
  plantedLine,
  startFakeModel,
  type FakeModel,
  type Behaviour,
} from '@prodsentinel/fake-model';
import { Redis } from 'ioredis';
import { createOpenAiModel } from '../src/adapters/openai-model.ts';
import { createRedisModelBudget, killSwitchKey } from '../src/adapters/redis-model-budget.ts';
import { createRedisRequestClaims } from '../src/adapters/redis-request-claims.ts';
import { countModelTokens } from '../src/adapters/token-counter.ts';
import { prepareCalls } from '../src/diagnose/ask-model.ts';
import { modelAnswerJsonSchema } from '../src/diagnose/model-answer.ts';
import type { BudgetLimits } from '../src/diagnose/model-budget.ts';
import { answerOnce } from '../src/domain/diagnose/answer-once.ts';
import { CircuitBreaker } from '../src/domain/diagnose/circuit-breaker.ts';
import { diagnoseByRules } from '../src/domain/diagnose/diagnose-by-rules.ts';
import { requestFor, signal } from './domain/diagnose/build-request.ts';

let redis: Redis;

beforeAll(() => {
  redis = new Redis(process.env['REDIS_URL']!);
});

afterAll(() => redis.disconnect());

const fakes: FakeModel[] = [];

afterEach(async () => {
  await Promise.all(fakes.splice(0).map((fake) => fake.stop()));
});

async function openFakeModel(...args: Parameters<typeof startFakeModel>): Promise<FakeModel> {
  const fake = await startFakeModel(...args);
  fakes.push(fake);
  return fake;
}

const open = { calls: 1e9, tokens: 1e9, dollars: 1e9 };
const unlimited: BudgetLimits = { minute: open, hour: open, day: open, incident: open };

interface Setting {
  readonly limits?: BudgetLimits;
  readonly deadlineMs?: number;
  readonly attemptTimeoutMs?: number;
  readonly now?: () => number;
  readonly readSpending?: (day: string) => Promise<number>;
}

/** One diagnoser without Kafka: the real claims, budget and client. */
function diagnoser(
  baseUrl: string,
  {
    limits = unlimited,
    deadlineMs = 20_000,
    attemptTimeoutMs = 5_000,
    now = Date.now,
    readSpending = async () => 0,
  }: Setting = {},
) {
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
      answerSchema: modelAnswerJsonSchema,
    }),
    budget: createRedisModelBudget(redis, { limits, now, readSpending }),
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

const evidence = [signal('e1', 'payments', plantedLine), signal('e2', 'checkout', 'payments answered 503')];

function aRequest(): AnalysisRequested {
  return requestFor(evidence, { requestId: randomUUID(), incidentId: randomUUID() });
}

async function answered(behaviours: readonly Behaviour[], setting?: Setting) {
  const fake = await openFakeModel((number) => behaviours[Math.min(number, behaviours.length - 1)]!);
  const result = await diagnoser(fake.url, setting)(aRequest());
  const analysis = result.kind === 'model' ? (JSON.parse(result.answer) as AnalysisCompleted) : undefined;
  return {
    result,
    analysis,
    seen: fake.seen,
    charged: fake.seen.filter(({ isCharged }) => isCharged).length,
  };
}

test('a correct answer is grounded in what was sent, with its identities put back, and says what it cost', async () => {
  const { analysis } = await answered([{ kind: 'correct' }]);
  expect(analysis).toMatchObject({
    source: 'model',
    verdict: 'likely',
    suspectedService: 'payments',
    claimsDropped: 0,
    claims: [{ evidenceIds: ['e1'] }],
    model: 'fake-model-1',
    modelCalls: 1,
    inputTokens: 1_000,
    outputTokens: 200,
    dollars: 0.003,
  });
  expect(analysis?.claims[0]?.quotes[0]).toContain('10.1.2.3');
});

test('no secret and no identity leaves', async () => {
  const { seen } = await answered([{ kind: 'correct' }]);
  expect(seen).toHaveLength(1);
  for (const value of Object.values(planted)) expect(seen[0]!.body).not.toContain(value);
});

test('one request asked at once by twenty diagnosers is one call', async () => {
  const fake = await openFakeModel();
  const request = aRequest();
  const ask = () => diagnoser(fake.url)(request);
  const results = await Promise.all(Array.from({ length: 20 }, ask));
  expect(fake.seen).toHaveLength(1);
  expect(results.filter(({ kind }) => kind === 'model').length).toBeGreaterThan(0);
  expect(await ask()).toMatchObject({ kind: 'model', isFresh: false });
  expect(fake.seen).toHaveLength(1);
});

const status = (code: number, more: Partial<Extract<Behaviour, { kind: 'status' }>> = {}): Behaviour => ({
  kind: 'status',
  status: code,
  ...more,
});

test.each<[string, Behaviour]>([
  ['429 with a short Retry-After', status(429, { headers: { 'retry-after-ms': '10' } })],
  ['500', status(500, { headers: { 'retry-after-ms': '1' } })],
  ['a reset connection', { kind: 'reset' }],
  ['a truncated answer', { kind: 'truncated' }],
  ['an answer of the wrong schema', { kind: 'wrongSchema' }],
  ['an empty answer', { kind: 'empty' }],
  ['a page of a proxy with status 200', { kind: 'page' }],
])('after %s it asks again and has its answer', async (_, first) => {
  const { analysis, seen } = await answered([first, { kind: 'correct' }]);
  expect([analysis?.source, seen.length]).toEqual(['model', 2]);
});

test.each<[string, Behaviour, boolean]>([
  ['429 with a Retry-After of 120 s', status(429, { headers: { 'retry-after': '120' } }), true],
  ['no quota left', status(429, { code: 'insufficient_quota' }), true],
  ['a wrong key', status(401), true],
  ['an unknown model', status(404), true],
  ['a question that is too long', status(400, { code: 'context_length_exceeded' }), false],
  ['a refusal', { kind: 'refusing' }, false],
])(
  'after %s the rules answer at once, asked again only when the model was away',
  async (_, behaviour, isAskedAgain) => {
    const { result, seen } = await answered([behaviour]);
    expect(seen).toHaveLength(1);
    expect(result.kind === 'rules' && result.why.askAgainAtMs !== undefined).toBe(isAskedAgain);
    expect(result.kind).toBe('rules');
  },
);

test('a model that hangs costs no more than three calls and the deadline, then the rules answer', async () => {
  const { result, seen } = await answered([{ kind: 'hanging' }], { attemptTimeoutMs: 60, deadlineMs: 8_000 });
  expect(result.kind).toBe('rules');
  expect(seen.length).toBeLessThanOrEqual(3);
});

test('answers that never become usable are paid for three times at most, also when the request comes again', async () => {
  const fake = await openFakeModel(() => ({ kind: 'wrongSchema' }));
  const request = aRequest();
  const ask = diagnoser(fake.url);
  expect(await ask(request)).toMatchObject({
    kind: 'rules',
    why: { reason: 'the model was asked as often as allowed' },
  });
  await redis.del(`ps:{req:${request.requestId}}:lease`);
  await ask(request);
  expect(fake.seen).toHaveLength(3);
});

/** The worst of one call: what was asked, counted by ourselves, and all that it might have answered. */
const worstOutput = 500;

test.each<[string, readonly Behaviour[], { modelCalls: number; outputTokens: number } | undefined]>([
  ['three answers of the wrong schema', [{ kind: 'wrongSchema' }], { modelCalls: 3, outputTokens: 600 }],
  ['three that were cut', [{ kind: 'truncated' }], { modelCalls: 3, outputTokens: 3 * worstOutput }],
  ['a refusal', [{ kind: 'refusing' }], { modelCalls: 1, outputTokens: worstOutput }],
  ['no quota left', [status(429, { code: 'insufficient_quota' })], undefined],
])('what was paid in vain before the rules answered is told: %s', async (_, behaviours, expected) => {
  const { result, charged } = await answered(behaviours);
  expect(result.kind).toBe('rules');
  expect([result.spent?.modelCalls ?? 0, result.spent?.outputTokens]).toEqual([
    charged,
    expected?.outputTokens,
  ]);
  expect(charged).toBe(expected?.modelCalls ?? 0);
  if (expected === undefined) return expect(result.spent).toBeUndefined();
  const { inputTokens, outputTokens, dollars } = result.spent!;
  expect(dollars).toBeCloseTo((inputTokens! * 1 + outputTokens! * 10) / 1e6, 9);
});

test('an answer that came at the second call says what both cost', async () => {
  const { analysis } = await answered([{ kind: 'truncated' }, { kind: 'correct' }]);
  expect(analysis).toMatchObject({ modelCalls: 2, outputTokens: worstOutput + 200, withoutModel: null });
  expect(analysis!.dollars).toBeCloseTo((analysis!.inputTokens! + analysis!.outputTokens! * 10) / 1e6, 9);
});

test('what a server cannot do is found out once and remembered', async () => {
  const fake = await openFakeModel((_, { form }) =>
    form === 'plain' ? { kind: 'correct' } : status(400, { message: 'response_format is not supported' }),
  );
  const ask = diagnoser(fake.url);
  await ask(aRequest());
  await ask(aRequest());
  expect(fake.seen.map(({ form }) => form)).toEqual(['json_schema', 'json_object', 'plain', 'plain']);
});

const dayOf = (year: number) => () => Date.UTC(year, 0, 1 + (process.pid % 20_000));

test('over the budget of a minute the rules answer, each told when there is room', async () => {
  const fake = await openFakeModel();
  // A minute of its own, long gone: the budgets of other tests are not touched.
  const now = dayOf(2001);
  const minute = { ...open, calls: 3 };
  await redis.del(`ps:{budget}:minute:${now() / 60_000}`);
  const ask = diagnoser(fake.url, { limits: { ...unlimited, minute }, now });
  const results = await Promise.all(Array.from({ length: 10 }, () => ask(aRequest())));
  expect(fake.seen).toHaveLength(3);
  const turns = results.flatMap((each) =>
    each.kind === 'rules' ? [(each.why.askAgainAtMs! - now()) / 60_000] : [],
  );
  expect(turns.toSorted((a, b) => a - b)).toEqual([1, 1, 1, 2, 2, 2, 3]);
});

test('an emptied Redis does not reopen the purse of the day: the request knows what was spent', async () => {
  const fake = await openFakeModel();
  const now = dayOf(2002);
  const ask = diagnoser(fake.url, { limits: { ...unlimited, day: { ...open, dollars: 5 } }, now });
  const spentDay = new Date(now()).toISOString().slice(0, 10);
  expect(await ask({ ...aRequest(), spentDay, spentDollars: 5 })).toMatchObject({
    kind: 'rules',
    why: { reason: 'the budget of the day is used up' },
  });
  expect(fake.seen).toHaveLength(0);
});

/** A call of this diagnoser is reserved at 0.005 dollars and more, and settled at 0.003. */
test('Redis emptied again and again under load: the purse of the day is not opened twice', async () => {
  const fake = await openFakeModel();
  const now = dayOf(2003);
  const forget = () => redis.del(`ps:{budget}:day:${Math.floor(now() / 86_400_000)}`);
  await forget();
  // What the topic of analyses would say: all that was answered.
  const readSpending = async () => 0.003 * published;
  let published = 0;
  const limits = { ...unlimited, day: { ...open, dollars: 0.06 } };
  const askers = [1, 2].map(() => diagnoser(fake.url, { limits, now, readSpending }));
  for (let round = 0; round < 10; round++) {
    const asked = askers.flatMap((ask) => [1, 2, 3].map(() => ask(aRequest())));
    if (round % 2 === 1) await forget();
    const results = await Promise.all(asked);
    published += results.filter(({ kind }) => kind === 'model').length;
    await forget();
    // New processes know nothing of what the old ones had seen.
    if (round % 3 === 2) askers.splice(0, 1, diagnoser(fake.url, { limits, now, readSpending }));
  }
  // Over it only by what was in flight in one round: six calls.
  expect(fake.seen.length).toBeGreaterThan(6);
  expect(0.003 * fake.seen.length).toBeLessThanOrEqual(0.06 + 6 * 0.003);
  expect(await diagnoser(fake.url, { limits, now, readSpending })(aRequest())).toMatchObject({
    why: { reason: 'the budget of the day is used up' },
  });
});

test('a process that has seen little asks what was spent when it finds the counters of the day gone', async () => {
  const fake = await openFakeModel();
  const now = dayOf(2005);
  const forget = () => redis.del(`ps:{budget}:day:${Math.floor(now() / 86_400_000)}`);
  await forget();
  let spent = 0;
  const limits = { ...unlimited, day: { ...open, dollars: 5 } };
  const ask = diagnoser(fake.url, { limits, now, readSpending: async () => spent });
  expect(await ask(aRequest())).toMatchObject({ kind: 'model' });
  spent = 5;
  await forget();
  expect(await ask(aRequest())).toMatchObject({ why: { reason: 'the budget of the day is used up' } });
  expect(fake.seen).toHaveLength(1);
});

const kafkaIsAway = () => Promise.reject(new Error('Kafka is away'));

test('a spending that cannot be read pays for nothing, and is asked again', async () => {
  const fake = await openFakeModel();
  const result = await diagnoser(fake.url, { now: dayOf(2004), readSpending: kafkaIsAway })(aRequest());
  expect(result).toMatchObject({ kind: 'rules', why: { askAgainAtMs: expect.any(Number) } });
  expect(fake.seen).toHaveLength(0);
});

test('the kill switch stops all calls without a restart, and lets them go on', async () => {
  const fake = await openFakeModel();
  const ask = diagnoser(fake.url);
  await redis.set(killSwitchKey, 'off');
  try {
    expect(await ask(aRequest())).toMatchObject({
      kind: 'rules',
      why: { reason: 'the model is switched off' },
    });
  } finally {
    await redis.del(killSwitchKey);
  }
  expect(await ask(aRequest())).toMatchObject({ kind: 'model' });
});
