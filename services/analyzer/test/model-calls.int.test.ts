import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import type { AnalysisCompleted } from '@prodsentinel/contracts';
import { planted, startFakeModel, type Behaviour, type FakeModel } from '@prodsentinel/fake-model';
import { Redis } from 'ioredis';
import { aRequest, createAsker, type AskerOptions } from './asking-diagnoser.ts';

jest.setTimeout(60_000);

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

type Setting = Partial<AskerOptions>;

function diagnoser(baseUrl: string, setting: Setting = {}) {
  return createAsker({ redis, baseUrl, ...setting });
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

test('a Retry-After of one second is waited for where there is time for it, and is none of our business else', async () => {
  const slowDown = status(429, { headers: { 'retry-after': '1' } });
  const hurried = await answered([slowDown, { kind: 'correct' }], { deadlineMs: 900 });
  expect([hurried.result.kind, hurried.seen.length]).toEqual(['rules', 1]);
  const patient = await answered([slowDown, { kind: 'correct' }], { deadlineMs: 10_000 });
  expect([patient.result.kind, patient.seen.length]).toEqual(['model', 2]);
});

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

test.each<[string, number | undefined]>([
  ['a body without end', undefined],
  ['a body that is a little too large', 192 * 1024],
])('%s is cut off, is garbage, and counts as charged at its worst', async (_, bytes) => {
  const flood: Behaviour = { kind: 'flood', ...(bytes === undefined ? {} : { bytes }) };
  const { analysis, seen } = await answered([flood, { kind: 'correct' }]);
  expect(seen).toHaveLength(2);
  expect(analysis).toMatchObject({ source: 'model', modelCalls: 2, outputTokens: worstOutput + 200 });
  if (bytes === undefined) while (!seen[0]!.isCut) await new Promise(setImmediate);
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
