import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import kafkajs from 'kafkajs';
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

  test('scaled up and down under load, nothing is lost, nothing is doubled and nobody is killed', async () => {
    const ends = project.watchEnds();
    const load = sendUntilStopped();
    for (const scale of ['analyzer=3', 'persister=2', 'analyzer=1', 'persister=1']) {
      const [service = '', count] = scale.split('=');
      await load.another();
      await project.run('up', '-d', '--no-recreate', '--wait', '--scale', scale);
      expect(await project.inspect(service)).toHaveLength(Number(count));
      await load.another();
    }
    const truth = await load.stop();
    await until(async () => (await project.query(countsOf(truth))) === 't');
    expect(await project.query(`select count(*) from incident_events where kind = 'analysis_differs'`)).toBe(
      '0',
    );
    expect(
      await project.query(
        'select count(*) from (select 1 from analysis_results group by request_id, source having count(*) > 1) d',
      ),
    ).toBe('0');
    await until(async () => ends.of('persister').length === 1);
    ends.stop();
    expect(ends.of('analyzer')).toEqual(['analyzer 0', 'analyzer 0']);
    expect(ends.of('persister')).toEqual(['persister 0']);
  });

  test('services whose dependencies are missing say so, and become healthy when these come', async () => {
    const missing = {
      ingest: /waiting for Kafka/,
      analyzer: /Redis is away/,
      persister: /PostgreSQL is not available/,
    };
    const services = Object.keys(missing);
    await project.run('stop', ...services, 'kafka', 'redis', 'postgres');
    await project.run('up', '-d', '--no-deps', '--force-recreate', ...services);
    for (const [service, says] of Object.entries(missing)) {
      await until(async () => says.test((await health(service)).stdout));
      expect((await health(service)).status).not.toBe(0);
    }
    await project.run('start', 'kafka', 'redis', 'postgres');
    await until(async () =>
      (await project.inspect(...services)).every(({ State }) => State.Health?.Status === 'healthy'),
    );
  });

  test('stopped, every service exits 0 inside its grace period; removed and started, the data is there', async () => {
    const services = ['ingest', 'analyzer', 'persister'];
    const askedAt = Date.now();
    await project.run('stop', ...services);
    const stopped = await project.inspect(...services);
    expect(stopped).toHaveLength(services.length);
    for (const { State, Config } of stopped) {
      expect(State).toMatchObject({ Status: 'exited', ExitCode: 0, OOMKilled: false });
      expect(Date.parse(State.FinishedAt) - askedAt).toBeLessThan(Config.StopTimeout * 1000);
      // Longer than the process itself allows (SHUTDOWN_GRACE_MS), so that it is never killed while it drains.
      expect(Config.StopTimeout).toBeGreaterThan(30);
    }
    const before = await kept();
    expect(before).toMatchObject({ incidents: expect.stringMatching(/^[1-9]/) });
    await project.run('stop');
    await project.run('down');
    await project.run('up', '-d', '--wait', 'kafka', 'registry', 'redis', 'postgres');
    expect(await kept()).toEqual(before);
    await project.run('up', '-d', '--wait');
    expect(await project.query(incidents)).toBe(before.incidents);
  });

  test('no service is root, may write to its own file system, or is told a password that it does not need', async () => {
    for (const service of ['ingest', 'analyzer', 'persister']) {
      const [container] = await project.inspect(service);
      expect(container!.HostConfig.ReadonlyRootfs).toBe(true);
      const isToldThePassword = container!.Config.Env.some((each) => each.startsWith('DATABASE_URL='));
      expect(isToldThePassword).toBe(service === 'persister');
      const exec = (script: string) => project.tryRun('exec', '-T', service, 'sh', '-c', script);
      expect((await exec('id -u')).stdout.trim()).not.toBe('0');
      expect((await exec('touch /app/here')).stderr).toMatch(/Read-only file system/);
    }
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

  /** What each of the four servers holds. */
  async function kept() {
    const schemas = (await (await fetch(`${project.registryUrl}/subjects`)).json()) as string[];
    const admin = new kafkajs.Kafka({
      brokers: project.brokers,
      logLevel: kafkajs.logLevel.NOTHING,
    }).admin();
    await admin.connect();
    const failures = await admin.fetchTopicOffsets('failures');
    const committed = await admin.fetchOffsets({ groupId: 'prodsentinel-observe', topics: ['failures'] });
    await admin.disconnect();
    const signals = await project.run(...'exec -T redis redis-cli --scan --pattern ps:*signal*'.split(' '));
    return {
      incidents: await project.query(incidents),
      schemas: schemas.toSorted(),
      signals: signals.split('\n').toSorted(),
      failures,
      committed,
    };
  }

  /** Sends one generated log after the other, each once, until it is told to stop: then what all of them hold is known. */
  function sendUntilStopped() {
    const total = { failures: 0, failingTraces: 0 };
    const stopping = new AbortController();
    let sent = 0;
    const sending = (async () => {
      for (; !stopping.signal.aborted; sent++) {
        const log = join(directory, `generated-${sent}.ndjson`);
        const truth = await writeGeneratedLog(log, tracesPerLog, sent * tracesPerLog);
        await replay(log);
        total.failures += truth.failures;
        total.failingTraces += truth.failingTraces;
      }
    })();
    return {
      /** Resolves when one more log has been sent. */
      async another(): Promise<void> {
        const before = sent;
        await Promise.race([sending, until(() => Promise.resolve(sent > before))]);
      },
      async stop() {
        stopping.abort();
        await sending;
        return total;
      },
    };
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

const tracesPerLog = 500;
const incidents = 'select count(*) || $$ $$ || sum(failure_count) from incidents';

/** The replayed logs' failures and traces; the one failure of the first test came without a trace. */
function countsOf({ failures, failingTraces }: Omit<GeneratedLog, 'records'>): string {
  return `select (select sum(failure_count) from incidents) = ${failures + 1}
    and (select count(distinct trace_id) from traces) = ${failingTraces}`;
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 200));
}
