import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { listIncidents, showIncident } from '@prodsentinel/database';
import kafkajs from 'kafkajs';
import pg from 'pg';
import { installPythonPackages, pythonSdk } from '../../services/ingest/test/foreign-clients.ts';
import { runNodeProgram, runPythonProgram } from '../../services/ingest/test/opentelemetry-programs.ts';
import { expectOneIncident } from './two-failures-one-incident.ts';
import { startWholeSystem, type WholeSystem } from './whole-system.ts';

jest.setTimeout(120_000);

const python = await installPythonPackages(...pythonSdk);
let whole: WholeSystem;

beforeAll(async () => {
  whole = await startWholeSystem();
});

afterAll(() => whole?.stop());

function ingestUrl(): string {
  return whole.system.services.ingest[0]!.addresses['ingest']!;
}

function post(body: string, contentType = 'application/json'): Promise<Response> {
  return fetch(`${ingestUrl()}/v1/failures`, {
    method: 'POST',
    headers: { 'content-type': contentType },
    body,
  });
}

/** As any application would: with a client of its own, without our libraries. */
async function produce(values: (string | Buffer)[], key: string): Promise<void> {
  const client = new kafkajs.Kafka({
    brokers: [...whole.connection.brokers],
    logLevel: kafkajs.logLevel.NOTHING,
  });
  const producer = client.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  await producer.send({ topic: 'failures', acks: -1, messages: values.map((value) => ({ key, value })) });
  await producer.disconnect();
}

async function incidentOf(service: string) {
  await whole.untilTrue(
    `select count(*) > 0 from incidents where '${service}' = any(services) and current_analysis_id is not null`,
  );
  const { incidents } = await listIncidents(whole.database, { service });
  expect(incidents).toHaveLength(1);
  return (await showIncident(whole.database, incidents[0]!.id))!;
}

test('one POST of a failure is an incident with a root cause that cites its evidence', async () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const message = 'timed out after 5000 ms waiting for a connection (size 10, in use 10, waiting 37)';
  const response = await post(
    JSON.stringify({
      traceId,
      service: 'inventory',
      severityText: 'ERROR',
      exception: { type: 'PoolExhaustedError', message },
    }),
  );
  expect([response.status, await response.json()]).toEqual([202, { accepted: 1, filtered: 0, refused: [] }]);
  const incident = await incidentOf('inventory');
  expect(incident).toMatchObject({ status: 'open', failureCount: 1, traceCount: 1 });
  const analysis = incident.analysis!;
  expect(analysis).toMatchObject({ source: 'rules', verdict: 'likely', suspectedService: 'inventory' });
  expect(analysis.rootCause).toContain('inventory');
  for (const claim of analysis.claims) {
    const cited = analysis.evidence.filter(({ evidenceId }) => claim.evidenceIds.includes(evidenceId));
    expect(cited.length).toBeGreaterThan(0);
    for (const quote of claim.quotes) {
      expect(cited.some((each) => each.message.includes(quote) || each.stack?.includes(quote))).toBe(true);
    }
  }
});

test('plain JSON straight to Kafka does the same', async () => {
  await produce(
    [JSON.stringify({ traceId: 'a1', service: 'billing', severityNumber: 17, message: 'disk full: ENOSPC' })],
    'a1',
  );
  expect(await incidentOf('billing')).toMatchObject({ failureCount: 1, traceCount: 1 });
});

test("the README's examples work as they are written", async () => {
  const root = join(import.meta.dirname, '..', '..');
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const body = /curl [^']*'[^']*' -d '([^']+)'/.exec(readme)?.[1];
  expect((await post(body!)).status).toBe(202);
  const snippet = /```js\n([^`]+)```/.exec(readme)?.[1];
  const child = spawn(process.execPath, ['--input-type=module', '--eval', snippet!], {
    cwd: root,
    env: { PATH: process.env['PATH'], KAFKA_BROKERS: whole.stack.env.KAFKA_BROKERS },
    stdio: 'ignore',
  });
  expect((await once(child, 'exit'))[0]).toBe(0);
  await whole.untilTrue(
    `select count(*) = 2 from incidents where 'cart' = any(services) and current_analysis_id is not null`,
  );
});

// The programs of docs/sending.md, as they stand there.
test("OpenTelemetry's SDK for Node: a log record and a span of one failure are one incident", async () => {
  const service = 'node-shop';
  await runNodeProgram({ endpoint: ingestUrl(), service });
  await expectOneIncident(whole, { service, exceptionType: 'RangeError', frame: 'at chargeCard' });
});

const pythonName = "OpenTelemetry's SDK for Python: a log record and a span of one failure are one incident";
if ('missing' in python) test.skip(`${pythonName} (${python.missing})`, () => {});
else
  test(pythonName, async () => {
    const service = 'python-shop';
    await runPythonProgram(python.path, { endpoint: ingestUrl(), service });
    await expectOneIncident(whole, { service, exceptionType: 'ValueError', frame: 'in charge_card' });
  });

test('a malformed body is answered with the reason and the place', async () => {
  const response = await post('{"service": "x",\n "message": }');
  expect(response.status).toBe(400);
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  expect(JSON.stringify(await response.json())).toMatch(/line 2/);
});

test('a malformed record becomes a dead letter, the next one is handled, and nothing else stops', async () => {
  const before = await whole.totals();
  const good = JSON.stringify({
    traceId: 'b2',
    service: 'search',
    severityNumber: 17,
    message: 'index corrupt',
  });
  await produce([Buffer.from([7, 7, 7]), '{"message":', '{"severityNumber":"high"}', good], 'b2');
  expect(await incidentOf('search')).toMatchObject({ failureCount: 1 });
  expect((await whole.totals()).deadLetters - before.deadLetters).toBe(3);
  expect(Object.values(whole.system.services).map(({ length }) => length)).toEqual([1, 1, 1]);
});

test('asked to stop, every process exits 0 and PostgreSQL shows no connection of theirs', async () => {
  const services = Object.values(whole.system.services).flat();
  const exits = await Promise.all(services.map((service) => service.stop()));
  expect(exits.map(({ code }) => code)).toEqual([0, 0, 0]);
  const client = new pg.Client(whole.stack.env.DATABASE_URL);
  await client.connect();
  const { rows } = await client.query<{ application_name: string }>(
    `select application_name from pg_stat_activity where application_name like 'prodsentinel%'`,
  );
  await client.end();
  expect(rows).toEqual([]);
});
