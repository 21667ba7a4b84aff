import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { startFakeModel, type FakeModel } from '@prodsentinel/fake-model';
import { Redis } from 'ioredis';
import { killSwitchKey } from '../src/adapters/redis-model-budget.ts';
import { aRequest, createAsker, open, unlimited, type AskerOptions } from './asking-diagnoser.ts';

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
  const readSpending = async () => ({
    calls: published,
    tokens: 1_200 * published,
    dollars: 0.003 * published,
  });
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

test('processes whose calls overlap spend what they spend: nothing reserved by one is taken for spent by another', async () => {
  const fake = await openFakeModel();
  const now = dayOf(2006);
  const key = `ps:{budget}:day:${Math.floor(now() / 86_400_000)}`;
  await redis.del(key);
  const askers = [1, 2, 3].map(() => diagnoser(fake.url, { now }));
  for (let round = 0; round < 6; round++)
    await Promise.all(askers.flatMap((ask) => [1, 2].map(() => ask(aRequest()))));
  expect(await redis.hmget(key, 'calls', 'tokens', 'dollars')).toEqual(
    [36, 36 * 1_200, 36 * 3_000].map(String),
  );
  expect(await redis.hmget(key, 'open:calls', 'open:tokens', 'open:dollars')).toEqual(['0', '0', '0']);
});

test('a reservation that is refused by the minute leaves the day known: it is not read again for each', async () => {
  const fake = await openFakeModel();
  const now = dayOf(2007);
  await redis.del(`ps:{budget}:day:${Math.floor(now() / 86_400_000)}`);
  let readings = 0;
  const readSpending = async () => {
    readings += 1;
    return none;
  };
  const ask = diagnoser(fake.url, {
    limits: { ...unlimited, minute: { ...open, calls: 0 } },
    now,
    readSpending,
  });
  for (const request of [aRequest(), aRequest(), aRequest()]) await ask(request);
  expect([readings, fake.seen.length]).toEqual([1, 0]);
});

test('a day that begins while the one before is being read has nothing of it', async () => {
  const fake = await openFakeModel();
  const midnight = Math.floor(dayOf(2008)() / 86_400_000) * 86_400_000 + 86_400_000;
  await redis.del(`ps:{budget}:day:${midnight / 86_400_000}`, `ps:{budget}:day:${midnight / 86_400_000 - 1}`);
  let nowMs = midnight - 1;
  const old = Promise.withResolvers<typeof none>();
  const readSpending = (day: string) =>
    day === new Date(midnight).toISOString().slice(0, 10) ? Promise.resolve(none) : old.promise;
  const limits = { ...unlimited, day: { ...open, dollars: 1 } };
  const ask = diagnoser(fake.url, { limits, now: () => nowMs, readSpending });
  const before = ask(aRequest());
  nowMs = midnight + 1;
  expect(await ask(aRequest())).toMatchObject({ kind: 'model' });
  old.resolve({ ...none, dollars: 5 });
  await before;
  expect(await ask(aRequest())).toMatchObject({ kind: 'model' });
});

const none = { calls: 0, tokens: 0, dollars: 0 };

test.each([{ dollars: 5 }, { calls: 7 }, { tokens: 1_000_000 }])(
  'a process that has seen little asks what was spent when it finds the counters of the day gone: %p',
  async (budget) => {
    const fake = await openFakeModel();
    const now = dayOf(2005);
    const forget = () => redis.del(`ps:{budget}:day:${Math.floor(now() / 86_400_000)}`);
    await forget();
    let spent = none;
    const limits = { ...unlimited, day: { ...open, ...budget } };
    const ask = diagnoser(fake.url, { limits, now, readSpending: async () => spent });
    expect(await ask(aRequest())).toMatchObject({ kind: 'model' });
    spent = { ...none, ...budget };
    await forget();
    expect(await ask(aRequest())).toMatchObject({ why: { reason: 'the budget of the day is used up' } });
    expect(fake.seen).toHaveLength(1);
  },
);

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
