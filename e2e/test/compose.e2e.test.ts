import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { replayFiles } from '@prodsentinel/demo';
import { ComposeProject, whyNoContainers } from './compose.ts';
import { writeGeneratedLog, type GeneratedLog } from './generated-log.ts';

jest.setTimeout(300_000);

const why = whyNoContainers();
const describeInContainers = why ? describe.skip : describe;

describeInContainers(`the whole system in containers${why ? ` (skipped: ${why})` : ''}`, () => {
  let project: ComposeProject;
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'prodsentinel-compose-'));
    project = await ComposeProject.create({
      WINDOW_QUIET_MS: '1000',
      WINDOW_MAX_AGE_MS: '3000',
      FIRST_ANALYSIS_DELAY_MS: '500',
    });
    await project.run('build', 'ingest');
    await project.run('up', '-d', '--wait');
  });

  afterAll(async () => {
    await project?.tryRun('--profile', 'demo', '--profile', 'tools', 'down', '-v', '--remove-orphans');
    if (directory) await rm(directory, { recursive: true, force: true });
  });

  test('one POST is an incident with its root cause, which the command line shows', async () => {
    const response = await fetch(`${project.ingestUrl}/v1/failures`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ service: 'cart', level: 'error', message: 'ENOSPC: no space left on device' }),
    });
    expect(response.status).toBe(202);
    await until(
      async () => (await project.query('select count(current_analysis_id) = 1 from incidents')) === 't',
    );
    expect(await project.run('run', '--rm', 'cli', 'incidents', 'list')).toMatch(/cart: ENOSPC/);
  });

  test('scaled up and down under load, nothing is lost and nothing is doubled', async () => {
    const log = join(directory, 'generated.ndjson');
    const truth = await writeGeneratedLog(log, 5_000);
    const replayed = replay(log);
    for (const scale of ['analyzer=3', 'persister=2', 'analyzer=1', 'persister=1']) {
      await project.run('up', '-d', '--no-recreate', '--wait', '--scale', scale);
    }
    await replayed;
    await until(async () => (await project.query(countsOf(truth))) === 't');
    expect(await project.query(`select count(*) from incident_events where kind = 'analysis_differs'`)).toBe(
      '0',
    );
    expect(
      await project.query(
        'select count(*) from (select 1 from analysis_results group by request_id, source having count(*) > 1) d',
      ),
    ).toBe('0');
  });

  test('a service whose dependency is missing says so, and becomes healthy when it comes', async () => {
    await project.run('stop', 'kafka');
    await project.run('up', '-d', '--no-deps', '--force-recreate', 'ingest');
    await until(async () => /Kafka/i.test((await health('ingest')).stdout));
    expect((await health('ingest')).status).not.toBe(0);
    await project.run('start', 'kafka');
    await until(async () => (await health('ingest')).status === 0);
  });

  test('stopped and removed, every service exits 0, and started again the data is still there', async () => {
    const before = await project.query('select count(*), sum(failure_count) from incidents');
    await project.run('stop');
    const codes = await project.exitCodes();
    expect(Object.keys(codes).length).toBeGreaterThanOrEqual(3);
    expect(new Set(Object.values(codes))).toEqual(new Set([0]));
    await project.run('down');
    await project.run('up', '-d', '--wait');
    expect(await project.query('select count(*), sum(failure_count) from incidents')).toBe(before);
  });

  test('the demo profile brings the shop, and its four faults become their incidents', async () => {
    await project.run('--profile', 'demo', 'up', '-d', 'shop');
    const faults = ['inventory', 'pricing', 'payments', 'shipping']
      .map((service) => `'${service}'`)
      .join(', ');
    const found = `select count(distinct a.suspected_service) = 4 from incidents i
      join analysis_results a on a.id = i.current_analysis_id where a.suspected_service in (${faults})`;
    await until(async () => (await project.query(found)) === 't');
  });

  function health(service: string) {
    return project.tryRun('exec', '-T', service, 'node', '/app/deploy/image/health-check.ts');
  }

  async function replay(file: string): Promise<void> {
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    await replayFiles({
      connection: { brokers: project.brokers, clientId: 'e2e', logger },
      registryUrl: project.registryUrl,
      files: [file],
      signal: new AbortController().signal,
      now: Date.now,
    });
  }
});

/** The replayed log's failures and traces; the one failure of the first test came without a trace. */
function countsOf({ failures, failingTraces }: GeneratedLog): string {
  return `select (select sum(failure_count) from incidents) = ${failures + 1}
    and (select count(distinct trace_id) from traces) = ${failingTraces}`;
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 200));
}
