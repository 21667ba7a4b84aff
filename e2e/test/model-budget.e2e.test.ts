import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { correctAnswer, type Data } from '@prodsentinel/fake-model';
import { startModelSystem, wordOf, type Failure, type ModelSystem } from './model-system.ts';

jest.setTimeout(400_000);

const isFull = process.env['PRODSENTINEL_TEST_FULL'] === '1';

let system: ModelSystem;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'prodsentinel-e2e-'));
  system = await startModelSystem();
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
  await system?.stop();
});

interface Analysed {
  readonly incidents: string;
  readonly failures: string;
  readonly results: string;
  readonly modelResults: string;
  /** Rules answers that do not say why, or do not say when to ask again. */
  readonly silent: string;
}

async function readAnalysed(environment: string): Promise<Record<keyof Analysed, number>> {
  const [row] = await system.whole.database.query<Analysed>(
    `select (select count(*) from incidents where environment = $1) as incidents,
      (select sum(failure_count) from incidents where environment = $1) as failures,
      count(a.id) as results, count(a.id) filter (where a.source = 'model') as "modelResults",
      count(a.id) filter (where a.source = 'rules' and (a.without_model is null or a.ask_again_at is null)) as silent
    from analysis_results a join incidents i on i.id = a.incident_id where i.environment = $1`,
    [environment],
  );
  return Object.fromEntries(Object.entries(row!).map(([name, value]) => [name, Number(value)])) as Record<
    keyof Analysed,
    number
  >;
}

/** Calls that were paid for in each minute that Redis remembers. */
async function callsByMinute(): Promise<Record<string, number>> {
  const keys = await system.redis.keys('ps:{budget}:minute:*');
  const calls = await Promise.all(keys.map((key) => system.redis.hget(key, 'calls')));
  return Object.fromEntries(keys.map((key, index) => [key, Number(calls[index] ?? 0)]));
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, each) => total + each, 0);
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 100));
}

test('10,000 identical failures are one incident, one call of the model and one result', async () => {
  const environment = 'identical';
  await system.diagnosers(2);
  system.behave(() => ({ kind: 'correct' }));
  const send = (count: number) =>
    system.send(Array.from({ length: count }, () => ({ environment, service: 'cart', problem: 'sold out' })));
  await send(2_000);
  await until(async () => (await readAnalysed(environment)).results === 1);
  // More of the same is no news once there is an answer.
  await send(8_000);
  await system.whole.untilTrue(
    `select sum(failure_count) = 10000 from incidents where environment = '${environment}'`,
  );
  await system.whole.settled();
  expect(await readAnalysed(environment)).toEqual({
    incidents: 1,
    failures: 10_000,
    results: 1,
    modelResults: 1,
    silent: 0,
  });
  expect(system.fake.seen).toHaveLength(1);
});

function distinct(environment: string, count: number, services: number): Failure[] {
  return Array.from({ length: count }, (_, n) => ({
    environment,
    service: `service-${wordOf(n % services)}`,
    problem: wordOf(n),
  }));
}

/** The minute is over, and what waits for the next one is due: as the clock would have it, only sooner. */
async function passMinute(): Promise<void> {
  const keys = await system.redis.keys('ps:{budget}:minute:*');
  if (keys.length > 0) await system.redis.del(...keys);
  await system.whole.database.query(
    `update analysis_requests set due_at = now() where state = 'pending' and reason = 'model_back'`,
  );
}

test('of distinct failures ten are asked about in a minute; the rest is answered by rules, each says so, and is upgraded as the minutes go by', async () => {
  const environment = 'distinct';
  const count = 45;
  await system.diagnosers(2, { MODEL_BUDGET_MINUTE: 'calls=10' });
  await passMinute();
  system.behave(() => ({ kind: 'correct' }));
  const before = system.fake.seen.length;
  await system.send(distinct(environment, count, 9));
  let asked = 0;
  for (let minute = 0; asked < count; minute++) {
    await until(async () => {
      await system.whole.settled();
      return (await readAnalysed(environment)).incidents === count;
    });
    const calls = Object.values(await callsByMinute());
    const { modelResults, results, silent } = await readAnalysed(environment);
    // As many as the budget allows in each minute of the clock (two, when the test met the end of one): no more, no fewer.
    expect(calls.filter((each) => each > 10)).toEqual([]);
    expect(sum(calls)).toBeGreaterThanOrEqual(Math.min(10, count - asked));
    asked += sum(calls);
    expect([system.fake.seen.length - before, modelResults]).toEqual([asked, asked]);
    expect([results >= count, silent]).toEqual([true, 0]);
    if (minute === 0) expect(await reasonsOf(environment)).toEqual(['the budget of the minute is used up']);
    await passMinute();
  }
  await system.whole.untilTrue(
    `select count(*) = ${count} from incidents i join analysis_results a on a.id = i.current_analysis_id
    where i.environment = '${environment}' and a.source = 'model'`,
  );
  // Nothing is asked about again once the model has answered.
  await system.whole.settled();
  expect(system.fake.seen).toHaveLength(before + count);
});

/** A dollar a call, as the fake model counts: what the server was paid is the number of its answers. */
const aDollarACall = { '*': { inputDollarsPerMillion: 1_000, outputDollarsPerMillion: 0 } };

test('Redis emptied while requests are being answered: no result twice, and the budget of the day is not spent twice', async () => {
  const environment = 'flushed';
  const [count, dollars, diagnosers, concurrency] = [60, 20, 2, 4];
  const prices = join(directory, 'prices.json');
  await writeFile(prices, JSON.stringify(aDollarACall));
  await system.whole.flushRedis();
  await system.diagnosers(diagnosers, {
    MODEL_PRICES_FILE: prices,
    MODEL_BUDGET_DAY: `dollars=${dollars}`,
    DIAGNOSE_CONCURRENCY: String(concurrency),
  });
  const before = system.fake.seen.length;
  const flushes: Promise<void>[] = [];
  system.behave((number) => {
    // Each answer is another one: a second one for the same request would be seen.
    const text = (data: Data) => JSON.stringify({ ...correctAnswer(data), root_cause: `Answer ${number}.` });
    if (number % 5 !== 4) return { kind: 'say', text };
    const flushed = system.whole.flushRedis();
    flushes.push(flushed);
    return { kind: 'say', text, after: flushed };
  });
  await system.send(distinct(environment, count, 12));
  await until(async () => {
    await system.whole.settled();
    return (await readAnalysed(environment)).incidents === count;
  });
  await Promise.all(flushes);
  const paid = system.fake.seen.slice(before).filter(({ isCharged }) => isCharged).length;
  expect(flushes.length).toBeGreaterThanOrEqual(2);
  // As much as there was (the earlier tests spent cents), and over it by no more than was in flight.
  expect(paid).toBeGreaterThanOrEqual(dollars - 2);
  expect(paid).toBeLessThanOrEqual(dollars + diagnosers * concurrency);
  const { modelResults, results, silent } = await readAnalysed(environment);
  expect([modelResults, silent]).toEqual([paid, 0]);
  expect(results).toBeGreaterThanOrEqual(count);
  expect((await system.whole.totals()).doubleAnalyses).toBe(0);
  expect(await reasonsOf(environment)).toEqual(['the budget of the day is used up']);
});

async function countModelResults(): Promise<number> {
  const [row] = await system.whole.database.query<{ count: string }>(
    "select count(*) from analysis_results where source = 'model'",
  );
  return Number(row!.count);
}

async function reasonsOf(environment: string): Promise<string[]> {
  const rows = await system.whole.database.query<{ reason: string }>(
    `select distinct a.without_model as reason from analysis_results a join incidents i on i.id = a.incident_id
    where i.environment = $1 and a.source = 'rules'`,
    [environment],
  );
  return rows.map(({ reason }) => reason);
}

(isFull ? test : test.skip)(
  '1,000 distinct failures over 50 services with a budget of 10 calls a minute, by the real clock (PRODSENTINEL_TEST_FULL=1)',
  async () => {
    const environment = 'thousand';
    await system.diagnosers(2, { MODEL_BUDGET_MINUTE: 'calls=10' });
    await passMinute();
    system.behave(() => ({ kind: 'correct' }));
    const before = system.fake.seen.length;
    const answeredBefore = await countModelResults();
    await system.send(distinct(environment, 1_000, 50));
    const calls: Record<string, number> = {};
    // Until the third minute in which there were calls: the first and the second are over then.
    await until(async () => {
      Object.assign(calls, await callsByMinute());
      return Object.values(calls).filter((each) => each > 0).length >= 3;
    });
    await until(async () => (await readAnalysed(environment)).incidents === 1_000);
    Object.assign(calls, await callsByMinute());
    const minutes = Object.keys(calls).toSorted();
    expect(minutes.slice(0, 2).map((minute) => calls[minute])).toEqual([10, 10]);
    expect(Object.values(calls).filter((each) => each > 10)).toEqual([]);
    const { results, silent, failures } = await readAnalysed(environment);
    expect([failures, silent]).toEqual([1_000, 0]);
    expect(results).toBeGreaterThanOrEqual(1_000);
    // Incidents of the tests before, answered by rules, are asked about in these minutes, too.
    await until(async () => (await countModelResults()) - answeredBefore >= 20);
    expect(system.fake.seen.length - before).toBeLessThanOrEqual(10 * Object.keys(calls).length);
    expect(await reasonsOf(environment)).toEqual(['the budget of the minute is used up']);
  },
);
