import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createKafkaConversation, KafkaFaults, startTcpProxy, type TcpProxy } from '../src/index.ts';

let server: Server;
let proxy: TcpProxy;
let received = '';
const clients: Socket[] = [];

beforeEach(async () => {
  received = '';
  server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => (received += String(chunk)));
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await startTcpProxy({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await proxy.close();
  server.close();
});

async function dial(): Promise<Socket> {
  const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
  clients.push(socket);
  await once(socket, 'connect');
  return socket;
}

test('without a fault bytes pass unchanged in both directions, and an end is an end', async () => {
  const socket = await dial();
  const payload = 'x'.repeat(300_000);
  socket.end(payload);
  expect(await text(socket)).toBe(payload);
});

test('a cut resets what is open, and the next connection works', async () => {
  const first = await dial();
  first.write('a');
  await once(first, 'data');
  const failed = once(first, 'error');
  expect(proxy.cut()).toBe(1);
  const [error] = (await Promise.race([failed, once(first, 'close')])) as [{ code?: string }];
  expect(error.code).toBe('ECONNRESET');
  const second = await dial();
  second.end('b');
  expect(await text(second)).toBe('b');
});

test('after a switch new connections reach the other server, and open ones stay', async () => {
  const open = await dial();
  const other = createServer((socket) => {
    // The proxy resets what is open when it closes.
    socket.once('error', () => undefined);
    socket.end('other');
  });
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  proxy.switchTo({ host: '127.0.0.1', port: (other.address() as AddressInfo).port });
  open.end('still here');
  expect([await text(open), await text(await dial())]).toEqual(['still here', 'other']);
  other.close();
});

test('what hangs stays open and silent, and passes once it is healed', async () => {
  proxy.set({ kind: 'hang' });
  const socket = await dial();
  let heard = '';
  socket.on('data', (chunk) => (heard += String(chunk)));
  socket.write('late');
  // Another line to the same server that is quicker than ours could be: nothing of ours arrived before it.
  const direct = connect((server.address() as AddressInfo).port, '127.0.0.1');
  clients.push(direct);
  direct.write('direct');
  await once(direct, 'data');
  expect({ heard, received }).toEqual({ heard: '', received: 'direct' });
  proxy.set({ kind: 'none' });
  await once(socket, 'data');
  expect(heard).toBe('late');
});

test('refused means reset for open and for new connections', async () => {
  const open = await dial();
  open.write('x');
  await once(open, 'data');
  const closed = once(open, 'error');
  proxy.set({ kind: 'refuse' });
  await closed;
  const next = connect(proxy.port, '127.0.0.1');
  clients.push(next);
  expect(((await once(next, 'error')) as [{ code: string }])[0].code).toBe('ECONNRESET');
  expect(proxy.connectionCount).toBe(0);
});

test('delayed and throttled bytes arrive late, whole and in order', async () => {
  for (const fault of [
    { kind: 'delay', delayMs: 30 },
    { kind: 'throttle', bytesPerSecond: 20_000 },
  ] as const) {
    proxy.set(fault);
    const socket = await dial();
    const startedAt = performance.now();
    socket.end('0123456789'.repeat(60));
    expect(await text(socket)).toBe('0123456789'.repeat(60));
    // A timer never fires early: a lower bound holds on any machine.
    expect(performance.now() - startedAt).toBeGreaterThan(50);
  }
});

test('settings that mean nothing are refused', () => {
  expect(() => proxy.set({ kind: 'throttle', bytesPerSecond: 0 })).toThrow('bytesPerSecond');
  expect(() => proxy.set({ kind: 'delay', delayMs: -1 })).toThrow('delayMs');
});

test('a Kafka conversation loses the chosen response and no other, however the bytes are cut', () => {
  const faults = new KafkaFaults();
  const conversation = createKafkaConversation(faults, { from: 9092, to: 7 });
  const requests = Buffer.concat([request(0, 1), request(1, 2), request(0, 3)]);
  for (const byte of requests) conversation.fromClient(Buffer.from([byte]));
  expect(faults.requestsOf('produce')).toBe(2);
  faults.loseResponses('produce');
  const responses = Buffer.concat([response(2), response(1), response(3)]);
  const passed = [...responses].flatMap((byte) => conversation.fromServer(Buffer.from([byte])));
  expect(passed).toEqual([response(2), 'cut', response(3)]);
  expect(faults.lostResponses).toBe(1);
});

test('a Kafka conversation names the proxy where metadata named the broker', () => {
  const conversation = createKafkaConversation(new KafkaFaults(), { from: 9092, to: 7 });
  conversation.fromClient(request(3, 1));
  const host = Buffer.from('\0\u{9}127.0.0.1\0\0\x23\x84', 'latin1');
  const [renamed] = conversation.fromServer(response(1, host)) as [Buffer];
  expect(renamed.readInt32BE(renamed.length - 4)).toBe(7);
});

function request(apiKey: number, correlationId: number): Buffer {
  const frame = Buffer.alloc(14);
  frame.writeInt32BE(10, 0);
  frame.writeInt16BE(apiKey, 4);
  frame.writeInt32BE(correlationId, 8);
  return frame;
}

function response(correlationId: number, body: Buffer = Buffer.alloc(0)): Buffer {
  const frame = Buffer.alloc(8);
  frame.writeInt32BE(4 + body.length, 0);
  frame.writeInt32BE(correlationId, 4);
  return Buffer.concat([frame, body]);
}
