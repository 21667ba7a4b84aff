import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { writeGeneratedLog, type GeneratedLog } from './generated-log.ts';
import { startWholeSystem, type WholeSystem } from './whole-system.ts';

jest.setTimeout(240_000);

let whole: WholeSystem;
let directory: string;
let log: string;
let truth: GeneratedLog;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'prodsentinel-e2e-'));
  log = join(directory, 'generated.ndjson');
  truth = await writeGeneratedLog(log, 3_000);
  whole = await startWholeSystem();
});

afterAll(async () => {
  await whole?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** kill -9, and a new process in its place. */
async function killAndReplace(name: 'analyzer' | 'persister'): Promise<void> {
  const [victim] = whole.system.services[name];
  await victim!.kill('SIGKILL');
  await whole.system.startService(name);
}

test('kill -9 of the analyzer, and then of the persister, in the middle of a replay changes no count', async () => {
  const replayed = whole.replay(log);
  await whole.untilTrue('select coalesce(sum(failure_count), 0) > 0 from incidents');
  await killAndReplace('analyzer');
  await killAndReplace('persister');
  await replayed;
  await killAndReplace('analyzer');
  await whole.settled();
  expect(await whole.totals()).toMatchObject({
    failures: truth.failures,
    traces: truth.failingTraces,
    doubleAnalyses: 0,
    deadLetters: 0,
  });
});

test('every failing trace is linked to an incident, and every incident has its analysis', async () => {
  const [traces] = await whole.database.query<{ linked: string; orphaned: string }>(
    `select count(distinct trace_id) as linked,
       count(*) filter (where incident_id not in (select id from incidents)) as orphaned from traces`,
  );
  expect(traces).toEqual({ linked: String(truth.failingTraces), orphaned: '0' });
  const [incidents] = await whole.database.query<{ incidents: string; analysed: string }>(
    `select count(*) as incidents, count(current_analysis_id) as analysed from incidents`,
  );
  expect(incidents).toEqual({ incidents: '3', analysed: '3' });
});

test('the same file again counts nothing', async () => {
  const before = await whole.totals();
  await whole.replay(log);
  await whole.settled();
  expect(await whole.totals()).toEqual(before);
});

test('with Redis emptied, what a consumer reads again is still counted once: the database knows the offsets', async () => {
  const before = await whole.totals();
  await Promise.all(whole.system.services.analyzer.map((service) => service.stop()));
  await whole.resetGroup('prodsentinel-observe', 'failures');
  await whole.flushRedis();
  await whole.system.startService('analyzer');
  await whole.settled();
  expect(await whole.totals()).toMatchObject({ failures: before.failures, traces: before.traces });
});
