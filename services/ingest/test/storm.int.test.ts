import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { AuditedLoad } from './audited-load.ts';
import { RunningIngest } from './running-ingest.ts';

jest.setTimeout(120_000);

let ingest: RunningIngest;
let load: AuditedLoad;
const sockets: Socket[] = [];

beforeEach(() => {
  ingest = new RunningIngest();
  load = new AuditedLoad(ingest);
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await ingest.close();
});

test('500 connections that all send at once are answered, and what is accepted is in Kafka', async () => {
  await ingest.start();
  const idle = await Promise.all(Array.from({ length: 500 }, open));
  while ((await ingest.metric(openSockets))! < 500) await wait(20);
  const requests = idle.map((socket) => ({ socket, ...load.next() }));
  const answers = requests.map(({ socket }) => firstLine(socket));
  for (const { socket, ...request } of requests) socket.write(bytesOf(request));
  for (const [at, answer] of (await Promise.all(answers)).entries()) {
    expect(answer).toMatch(/^HTTP\/1\.1 (?:202 Accepted|200 OK)$/);
    load.oracle.acknowledge(requests[at]!.ids);
  }
  const { acknowledged, issued } = await load.audit();
  expect([acknowledged, issued]).toEqual([1_500, 1_500]);
});

test('slow-loris clients, in the headers and in the body, are sent away and hold nobody up', async () => {
  await ingest.start({ REQUEST_TIMEOUT_MS: '3000' });
  const slow = Array.from({ length: 200 }, (_, at) => dripUntilSentAway(at % 2 === 1));
  const answers = Promise.all(slow);
  await goodClientsUntil(answers, 10);
  // Who was still sending when it was hung up on may have lost the answer with the connection.
  const heard = (await answers).filter((answer) => answer !== '');
  expect(heard.length).toBeGreaterThan(0);
  for (const answer of heard) expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  expect(await ingest.metric('prodsentinel_ingest_in_flight_bytes')).toBe(0);
  const { acknowledged, issued } = await load.audit();
  expect(acknowledged).toBe(issued);
});

/** A byte now and then, so that the connection is never idle; what came back until the server closed it. */
async function dripUntilSentAway(isInBody: boolean): Promise<string> {
  const socket = await open();
  let answer = '';
  socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  const isAway = new Promise((resolve) => socket.once('close', resolve));
  socket.write(isInBody ? `${headOf('/v1/failures', { 'content-length': '1000' })}{` : headersCutShort);
  const drip = setInterval(() => socket.write(isInBody ? ' ' : 'x'), 100);
  socket.once('end', () => clearInterval(drip));
  await isAway;
  clearInterval(drip);
  return answer;
}

const phases = {
  'before a word': () => '',
  'in the request line': ({ path }: Request) => `POST ${path.slice(0, 5)}`,
  'in the headers': () => headersCutShort,
  'before the body': ({ head }: Request) => head,
  'in the body': ({ head, body }: Request) => Buffer.concat([Buffer.from(head), body]),
  'before the answer': ({ head, body }: Request) => Buffer.concat([Buffer.from(head), body]),
  'in the answer': ({ head, body }: Request) => Buffer.concat([Buffer.from(head), body]),
} as const satisfies Record<string, (request: Request) => string | Buffer>;

test('a storm of clients that hang up in every phase leaves nothing behind and takes nothing from the others', async () => {
  await ingest.start();
  await goodClientsUntil(hangUpInEveryPhase(20), 5);
  while ((await ingest.metric('prodsentinel_ingest_in_flight_bytes')) !== 0) await wait(20);
  // What the answers came on to is closed; the connections that are kept are those of the good ones.
  while ((await ingest.metric(openSockets))! > 40) await wait(20);
  const { acknowledged, unknown, unknownSeen } = await load.audit();
  expect(acknowledged).toBeGreaterThan(0);
  process.stderr.write(`acknowledged ${acknowledged}, unknown ${unknown} (in Kafka: ${unknownSeen})\n`);
});

/** So many clients that are answered well, one request after the other, until something is over. */
async function goodClientsUntil(something: Promise<unknown>, count: number): Promise<void> {
  const state = { isOver: false };
  const over = something.finally(() => (state.isOver = true));
  const client = async () => {
    do expect(await load.send()).toBeLessThan(300);
    while (!state.isOver);
  };
  await Promise.all([over, ...Array.from({ length: count }, client)]);
}

async function hangUpInEveryPhase(times: number): Promise<void> {
  for (let round = 0; round < times; round++) {
    await Promise.all(
      (Object.keys(phases) as (keyof typeof phases)[]).flatMap((phase) => [
        hangUp(phase, (socket) => socket.resetAndDestroy()),
        hangUp(phase, (socket) => socket.destroySoon()),
      ]),
    );
  }
}

interface Request {
  readonly path: string;
  readonly head: string;
  readonly body: Buffer;
}

/** What is sent half can never be in Kafka, what is sent whole may be, and what is answered must be. */
async function hangUp(phase: keyof typeof phases, close: (socket: Socket) => void): Promise<void> {
  const { ids, path, headers, body } = load.next();
  // One byte short: what came would be whole on its own.
  const length = body.length + (phase === 'in the body' ? 1 : 0);
  const head = headOf(path, { ...headers, 'content-length': String(length) });
  const socket = await open();
  const isOver = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.write(phases[phase]({ path, head, body }), resolve));
  if (phase === 'in the answer') {
    expect(await firstLine(socket)).toMatch(/ 20[02] /);
    load.oracle.acknowledge(ids);
  } else if (phase === 'before the answer') load.oracle.unknown(ids);
  else load.oracle.refuse(ids);
  close(socket);
  await isOver;
}

const openSockets = 'nodejs_active_resources{type="TCPSocketWrap"}';
const headersCutShort = 'POST /v1/failures HTTP/1.1\r\nhost: x\r\nx-slow: ';

function headOf(path: string, headers: Record<string, string>): string {
  const lines = Object.entries({ host: 'x', 'content-type': 'application/json', ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return `POST ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}

function bytesOf({ path, headers, body }: Omit<ReturnType<AuditedLoad['next']>, 'ids'>): Buffer {
  return Buffer.concat([
    Buffer.from(headOf(path, { ...headers, 'content-length': String(body.length) })),
    body,
  ]);
}

async function open(): Promise<Socket> {
  const socket = connect(Number(new URL(ingest.url).port), '127.0.0.1');
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

async function firstLine(socket: Socket): Promise<string> {
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  return chunk.toString('latin1').split('\r\n')[0]!;
}
