import { readdirSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from '@jest/globals';
import { AppError } from '@prodsentinel/kernel';
import { Validator } from '@seriousme/openapi-schema-validator';
import { InFlightBytes } from '../src/http/in-flight-bytes.ts';
import { allRefused, routeProblems, unroutedProblems } from '../src/openapi/answers.ts';
import { otlpMessages } from '../src/otlp/protocol.ts';
import { compile, document, undocumented } from './documented-answers.ts';
import { createTestApp } from './ingest-app.ts';

type TestApp = ReturnType<typeof createTestApp>;
type Headers = Record<string, string>;

const json = { 'content-type': 'application/json' };
const protobuf = { 'content-type': 'application/x-protobuf' };
const admission = {
  findSender: (authorization: string | undefined) =>
    authorization === undefined ? undefined : { name: 'shop', requestsPerSecond: 1 },
  take: async () => 1500,
};
const apps: TestApp['app'][] = [];

afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

/** How an answer is provoked: what is sent to which app. `raw` goes over a socket of its own, byte by byte. */
interface Provocation {
  readonly overrides?: Parameters<typeof createTestApp>[0];
  readonly fault?: Error;
  readonly headers?: Headers;
  readonly body?: string | Buffer;
  readonly raw?: (path: string, contentType: string) => string;
}

const unfinished = (path: string, contentType: string) =>
  `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: ${contentType}\r\ncontent-length: 100\r\n\r\n{`;
const largeHeader = (path: string) => `POST ${path} HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`;

const common: Record<string, Provocation> = {
  '400 malformed_body': { body: '{"' },
  '400 bad_encoding': { headers: { 'content-encoding': 'gzip' }, body: 'not gzip' },
  '400 bad_request': { raw: () => 'hello\r\n\r\n' },
  '401 unauthorized': { overrides: { admission } },
  '408 request_timeout': { overrides: { requestTimeoutMs: 100 }, raw: unfinished },
  '413 body_too_large': { body: ' '.repeat(1_000_001) },
  '415 unsupported_media_type': { headers: { 'content-type': 'text/plain' } },
  '415 unsupported_encoding': { headers: { 'content-encoding': 'br' } },
  '429 rate_exceeded': { overrides: { admission }, headers: { authorization: 'Bearer x' } },
  '431 headers_too_large': { raw: largeHeader },
  '500 unexpected_error': { fault: new TypeError('a bug') },
  '503 kafka_unavailable': { fault: new AppError('unavailable', 'away') },
  '503 unknown_outcome': { fault: new AppError('unknown_outcome', 'deadline') },
  '503 overloaded': { overrides: { inFlight: new InFlightBytes(1) } },
};
const failures: Record<string, Provocation> = {
  ...common,
  '202': {},
  '207': { body: '[{"message":"boom"},7]' },
  '400 empty_body': { body: '' },
  '413 too_many_items': { body: `[${Array(101).fill('{}').join()}]` },
  '422 all_refused': { body: '[7]' },
};
const records = (count: number) => ({
  resourceLogs: [
    { scopeLogs: [{ logRecords: Array.from({ length: count }, () => ({ severityNumber: 17 })) }] },
  ],
  resourceSpans: [
    { scopeSpans: [{ spans: Array.from({ length: count }, () => ({ status: { code: 2 } })) }] },
  ],
});

/** Cut short while it is read: the sender is gone, and nobody reads the answer. */
const unheard = ['400 incomplete_body'];

describe('the OpenAPI document', () => {
  test('is valid OpenAPI 3.1, is served, needs no token, and is what GET and HEAD are answered', async () => {
    expect(await new Validator().validate(structuredClone(document) as never)).toEqual({ valid: true });
    const { app } = createTestApp({ admission });
    const answer = await app.inject({ url: '/openapi.json' });
    expect([answer.statusCode, answer.json()]).toEqual([200, document]);
    expect((await app.inject({ method: 'HEAD', url: '/openapi.json' })).statusCode).toBe(200);
    const wrongMethod = await createTestApp().app.inject({ method: 'POST', url: '/openapi.json' });
    expect([wrongMethod.statusCode, wrongMethod.headers['allow']]).toEqual([405, 'GET, HEAD']);
  });

  test('names every route, and no other', async () => {
    const { app } = createTestApp();
    await app.ready();
    const routes = app.printRoutes({ commonPrefix: false }).matchAll(/── (\S+) \(([^)]+)\)/g);
    const declared = [...routes].flatMap(([, path, methods]) =>
      methods!.split(', ').map((method) => `${method} ${path}`),
    );
    const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(declared.toSorted()).toEqual(documented.toSorted());
    expect(documented).toHaveLength(6);
  });

  test('and the README name every code that the sources can answer, with its status', () => {
    const folder = join(import.meta.dirname, '..', 'src');
    const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .join('\n');
    const inSources = [...sources.matchAll(/new HttpProblem\(\s*(\d{3}),\s*'(\w+)'/g)].map(
      ([, status, code]) => `${status} ${code}`,
    );
    const documented = [...routeProblems, ...unroutedProblems, allRefused].flatMap(({ status, codes }) =>
      codes.map((code) => `${status} ${code}`),
    );
    // What is no route is in no document.
    const unrouted = ['404 not_found', '405 method_not_allowed'];
    expect([...new Set([...documented, ...unrouted])].toSorted()).toEqual([...new Set(inSources)].toSorted());
    const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8');
    for (const each of documented) expect(readme).toContain(`\`${each.split(' ')[1]}\``);
  });

  test('what it says of a request is what is taken', async () => {
    const signal = compile({ $ref: '#/components/schemas/FailureSignal' });
    const whole = {
      signalId: 'x',
      kind: 'span',
      severityNumber: 17,
      exception: { type: 'E', causes: [{ message: 'm' }] },
      span: { name: 's', durationMicros: 1, status: 'error' },
      metric: { name: 'm', value: 0.5 },
      attributes: { a: { b: 1 } },
      occurredAt: '2026-01-02T03:04:05Z',
      other: [1],
    };
    const wrong = [{ severityNumber: 25 }, { kind: 'x' }, { message: 7 }, { exception: { causes: 1 } }, 7];
    for (const item of [whole, ...wrong]) {
      const { app } = createTestApp();
      const body = JSON.stringify(item);
      const answer = await app.inject({ method: 'POST', url: '/v1/failures', headers: json, body });
      expect([item, answer.statusCode === 202]).toEqual([item, signal(item)]);
    }
  });
});

describe.each(['/v1/failures', '/ingest/logs'])('every answer that %s is documented with', (path) => {
  test.each(Object.keys(failures))('%s is given, and is as documented', async (name) => {
    await provoke(name, path, failures[name]!, { headers: json, body: '{"message":"boom"}' });
  });

  test('is provoked here', () => expectAllProvoked(path, Object.keys(failures)));
});

describe.each(['/v1/logs', '/v1/traces'])('every answer that %s is documented with', (path) => {
  const isLogs = path === '/v1/logs';
  const message = isLogs ? otlpMessages.logsRequest : otlpMessages.traceRequest;
  const encode = (value: object) => Buffer.from(message.encode(message.fromObject(value)).finish());
  const provocations = { ...common, '200': {}, '413 too_many_items': {} as Provocation };

  test.each(
    Object.keys(provocations).flatMap((name) => [
      [name, 'JSON'],
      [name, 'protobuf'],
    ]),
  )('%s is given, and is as documented, in %s', async (name, encoding) => {
    const many = records(name === '413 too_many_items' ? 101 : 1);
    await provoke(
      name,
      path,
      (provocations as Record<string, Provocation>)[name]!,
      encoding === 'JSON'
        ? { headers: json, body: JSON.stringify(many) }
        : { headers: protobuf, body: encode(many) },
    );
  });

  test('400 empty_body is given for JSON, and is as documented', async () => {
    await provoke('400 empty_body', path, {}, { headers: json, body: '' });
  });

  test('is provoked here', () => expectAllProvoked(path, [...Object.keys(provocations), '400 empty_body']));
});

function expectAllProvoked(path: string, provoked: readonly string[]): void {
  const responses = document.paths[path]!['post']!.responses;
  const documented = Object.keys(responses).flatMap((status) => {
    const codes = [...routeProblems, ...unroutedProblems, allRefused]
      .filter((each) => String(each.status) === status)
      .flatMap(({ codes }) => codes);
    return codes.length === 0 ? [status] : [...new Set(codes)].map((code) => `${status} ${code}`);
  });
  expect([...provoked, ...unheard].toSorted()).toEqual(documented.toSorted());
}

async function provoke(
  name: string,
  path: string,
  provocation: Provocation,
  usual: { headers: Headers; body: string | Buffer },
): Promise<void> {
  const { app, producer } = createTestApp(provocation.overrides);
  apps.push(app);
  if (provocation.fault) producer.fault = () => provocation.fault as AppError;
  const headers = { ...usual.headers, ...provocation.headers };
  const answer = provocation.raw
    ? await overSocket(app, provocation.raw(path, usual.headers['content-type']!))
    : await injected(app, path, { headers, body: provocation.body ?? usual.body });
  expect(answer.status).toBe(Number(name.slice(0, 3)));
  expect(undocumented({ path, method: 'POST', ...answer })).toBeUndefined();
  const code = name.slice(4);
  expect(answer.body.toString('latin1')).toContain(code);
  const isOtlp = path === '/v1/logs' || path === '/v1/traces';
  if (name.startsWith('408') && isOtlp) {
    expect(answer.headers['content-type']).toBe(usual.headers['content-type']);
  }
}

async function injected(app: TestApp['app'], url: string, sent: { headers: Headers; body: string | Buffer }) {
  const { headers, body: payload } = sent;
  const answer = await app.inject({ method: 'POST', url, headers, payload });
  return { status: answer.statusCode, headers: answer.headers, body: answer.rawPayload };
}

async function overSocket(app: TestApp['app'], sent: string) {
  await app.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(sent);
  const answer = await buffer(socket);
  const end = answer.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = answer.toString('latin1', 0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.split(':')[0]!.toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  return { status: Number(statusLine.split(' ')[1]), headers, body: answer.subarray(end + 4) };
}
