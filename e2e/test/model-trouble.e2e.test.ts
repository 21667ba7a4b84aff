import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { ChildService } from '@prodsentinel/demo';
import type { Behaviour } from '@prodsentinel/fake-model';
import { metricOf, readinessOf, startModelSystem, wordOf, type ModelSystem } from './model-system.ts';

jest.setTimeout(400_000);

const isFull = process.env['PRODSENTINEL_TEST_FULL'] === '1';

let system: ModelSystem;

beforeAll(async () => {
  system = await startModelSystem();
});

afterAll(() => system?.stop());

const status = (code: number, headers: Record<string, string> = {}): Behaviour => ({
  kind: 'status',
  status: code,
  headers,
});

interface Trouble {
  readonly name: string;
  readonly behaviour?: Behaviour;
  readonly settings?: Record<string, string>;
  /** As health, metrics and the result name it. */
  readonly outcome: string;
  /** Whether the same requests are asked again when the model is back; else the next ones are. */
  readonly isAskedAgain: boolean;
  /** What the server said on its own keeps a process away for longer: a new one asks at once. */
  readonly needsNewProcess?: boolean;
}

/** For failures that come at once: the second one is the last, so that a third is not charged and the breaker stays closed. */
const shorterTimes = { MODEL_DEADLINE_MS: '700' };

const troubles: readonly Trouble[] = [
  { name: 'hanging', behaviour: { kind: 'hanging' }, outcome: 'timeout', isAskedAgain: true },
  {
    name: '429 with a Retry-After of 120 s',
    behaviour: status(429, { 'retry-after': '120' }),
    outcome: 'rate_limited',
    isAskedAgain: true,
    needsNewProcess: true,
  },
  { name: 'garbage', behaviour: { kind: 'page' }, outcome: 'garbage', isAskedAgain: false },
];

const moreTroubles: readonly Trouble[] = [
  {
    name: '429 with a Retry-After of 1 s',
    behaviour: status(429, { 'retry-after': '1' }),
    outcome: 'rate_limited',
    isAskedAgain: true,
  },
  {
    name: '500',
    behaviour: status(500),
    settings: shorterTimes,
    outcome: 'server_error',
    isAskedAgain: true,
  },
  {
    name: 'reset',
    behaviour: { kind: 'reset' },
    settings: shorterTimes,
    outcome: 'unreachable',
    isAskedAgain: true,
  },
  { name: 'truncated', behaviour: { kind: 'truncated' }, outcome: 'truncated', isAskedAgain: false },
  { name: 'wrong schema', behaviour: { kind: 'wrongSchema' }, outcome: 'unusable', isAskedAgain: false },
  { name: 'a flood', behaviour: { kind: 'flood' }, outcome: 'garbage', isAskedAgain: false },
  {
    name: 'down',
    settings: { OPENAI_BASE_URL: 'http://127.0.0.1:1/v1' },
    outcome: 'unreachable',
    isAskedAgain: true,
    needsNewProcess: true,
  },
];

/** Two calls in trouble use up the time for one request, so that two requests do not open the breaker. */
const shortTimes = { MODEL_ATTEMPT_TIMEOUT_MS: '1000', MODEL_DEADLINE_MS: '1800' };

async function send(environment: string, problems: readonly number[]): Promise<void> {
  const failures = problems.flatMap((n) =>
    Array.from({ length: 20 }, () => ({ environment, service: 'cart', problem: wordOf(n) })),
  );
  await system.send(failures);
}

/** Counted right, whatever the model does. */
function counted(environment: string, incidents: number): Promise<void> {
  return system.whole.untilTrue(
    `select count(*) = ${incidents} and sum(failure_count) = ${20 * incidents} from incidents
    where environment = '${environment}'`,
  );
}

/** So many incidents show an analysis of this source. */
function shown(environment: string, source: 'model' | 'rules', incidents: number): Promise<void> {
  return system.whole.untilTrue(
    `select count(*) = ${incidents} from incidents i join analysis_results a on a.id = i.current_analysis_id
    where i.environment = '${environment}' and a.source = '${source}'`,
  );
}

async function makeDue(): Promise<void> {
  await system.whole.database.query(
    `update analysis_requests set due_at = now() where state = 'pending' and reason = 'model_back'`,
  );
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 50));
}

async function diagnoseState(diagnoser: ChildService) {
  const { status: code, stages } = await readinessOf(diagnoser);
  return { code, ...stages['diagnose'] };
}

interface Answered {
  readonly why: string;
  readonly isAskedAgain: boolean;
  readonly calls: number;
  readonly dollars: number;
}

function readAnswers(environment: string): Promise<Answered[]> {
  return system.whole.database.query<Answered>(
    `select a.without_model as why, a.ask_again_at is not null as "isAskedAgain", a.model_calls::float8 as calls,
      coalesce(a.dollars, 0) as dollars
    from analysis_results a join incidents i on i.id = a.incident_id
    where i.environment = $1 and a.source = 'rules'`,
    [environment],
  );
}

async function expectWeathered(trouble: Trouble): Promise<void> {
  const { name, outcome, isAskedAgain } = trouble;
  const before = system.fake.seen.length;
  system.behave(() => trouble.behaviour ?? { kind: 'correct' });
  const [diagnoser] = await system.diagnosers(1, { ...shortTimes, ...trouble.settings });
  await send(name, [1, 2]);
  await counted(name, 2);
  await shown(name, 'rules', 2);

  // What is going on can be seen: by health (ready, but degraded), by metrics, and in each result.
  const state = await diagnoseState(diagnoser!);
  expect(state).toMatchObject({ code: 200, state: 'degraded', reason: expect.stringContaining(outcome) });
  const calls = await metricOf(diagnoser!, 'prodsentinel_model_calls_total');
  expect(calls[`outcome="${outcome}"`]).toBeGreaterThan(0);
  expect(await metricOf(diagnoser!, 'prodsentinel_model_usable')).toEqual({ '': 0 });
  const withoutModel = await metricOf(diagnoser!, 'prodsentinel_diagnose_without_model_total');
  expect(Object.values(withoutModel).reduce((a, b) => a + b, 0)).toBe(2);
  const answers = await readAnswers(name);
  expect(answers.map((each) => each.isAskedAgain)).toEqual([isAskedAgain, isAskedAgain]);
  for (const { why } of answers) {
    expect(why).toMatch(
      isAskedAgain ? new RegExp(`^${outcome}:|did not answer lately|time for one`) : /as often as allowed/,
    );
  }
  // What was paid for in vain is accounted for: at most three charged calls for one request, by the server's count.
  const charged = system.fake.seen.slice(before).filter((each) => each.isCharged).length;
  const told = answers.reduce((sum, each) => sum + each.calls, 0);
  expect(told).toBeGreaterThanOrEqual(charged);
  expect(told).toBeLessThanOrEqual(6);
  expect(answers.every((each) => each.calls > 0 === each.dollars > 0)).toBe(true);

  // Back again: nothing was lost, and health says so.
  system.behave(() => ({ kind: 'correct' }));
  const [healed] = trouble.needsNewProcess ? await system.diagnosers(1, shortTimes) : [diagnoser];
  if (isAskedAgain) await makeDue();
  else await send(name, [3, 4]);
  await shown(name, 'model', 2);
  await counted(name, isAskedAgain ? 2 : 4);
  await system.whole.settled();
  await until(async () => (await diagnoseState(healed!)).state === 'running');
  expect(await metricOf(healed!, 'prodsentinel_model_usable')).toEqual({ '': 1 });
}

const title = 'a model that answers with trouble ($name) holds nothing back, can be seen, and is forgiven';

test.each(troubles)(title, expectWeathered);
(isFull ? test : test.skip).each(moreTroubles)(`${title} (PRODSENTINEL_TEST_FULL=1)`, expectWeathered);

test('a slow model holds back neither observing nor counting, and is waited for', async () => {
  const answers = Promise.withResolvers<void>();
  system.behave(() => ({ kind: 'slow', untilResolved: answers.promise }));
  const before = system.fake.seen.length;
  await system.diagnosers(1);
  await send('slow', [1, 2, 3]);
  await until(async () => system.fake.seen.length - before === 3);
  // All are being asked about; what happens meanwhile is counted all the same.
  await send('slow', [1, 2, 3, 4, 5, 6]);
  await system.whole.untilTrue(
    `select count(*) = 6 and sum(failure_count) = 180 from incidents where environment = 'slow'`,
  );
  const [row] = await system.whole.database.query<{ results: string }>(
    `select count(*) as results from analysis_results a join incidents i on i.id = a.incident_id
    where i.environment = 'slow'`,
  );
  expect(row).toEqual({ results: '0' });
  answers.resolve();
  await shown('slow', 'model', 6);
  expect(system.fake.seen.length - before).toBe(6);
});
