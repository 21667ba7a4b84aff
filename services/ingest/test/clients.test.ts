import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createTestApp } from './ingest-app.ts';

const body = JSON.stringify({ message: 'boom' });
const sockets: Socket[] = [];
const apps: ReturnType<typeof createTestApp>['app'][] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const app of apps.splice(0)) await app.close();
});

describe('clients over a real socket', () => {
  test('a body that ends half-way is an error and nothing is sent', async () => {
    const { producer, inFlight, open, failed } = await listen();
    const socket = await open();
    socket.end(`${head({ 'content-length': '1000' })}${body}`);
    expect(await failed).toBe('incomplete_body');
    expect(producer.sends).toEqual([]);
    expect(inFlight.bytes).toBe(0);
  });

  test('a chunked body without its last chunk is an error and nothing is sent', async () => {
    const { producer, open, failed } = await listen();
    const socket = await open();
    socket.end(`${head({ 'transfer-encoding': 'chunked' })}${body.length.toString(16)}\r\n${body}\r\n`);
    expect(await failed).toBe('incomplete_body');
    expect(producer.sends).toEqual([]);
  });

  test('a client that sends too slowly is answered 408 while another is served', async () => {
    const { producer, open } = await listen({ requestTimeoutMs: 200 });
    const slow = await open();
    slow.write(`${head({ 'content-length': '1000' })}{`);
    const quick = await open();
    quick.end(`${head({ 'content-length': String(body.length), connection: 'close' })}${body}`);
    expect(await text(quick)).toMatch(/^HTTP\/1.1 202 /);
    const answer = await text(slow);
    expect(answer).toMatch(/^HTTP\/1.1 408 /);
    expect(answer).toContain('"code":"request_timeout"');
    expect(producer.sent).toHaveLength(1);
  });

  test('too large is answered before the body is read, and the connection closed', async () => {
    const { open } = await listen();
    const socket = await open();
    socket.write(head({ 'content-length': '2000000' }));
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    expect(answer.toLowerCase()).toContain('connection: close');
  });

  test('a chunked body that never ends is stopped at the limit', async () => {
    const { open, inFlight } = await listen();
    const socket = await open();
    socket.on('error', () => undefined);
    socket.write(head({ 'transfer-encoding': 'chunked' }));
    const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`;
    const answer = text(socket);
    for (let sent = 0; sent < 20; sent++) socket.write(chunk);
    expect(await answer).toMatch(/^HTTP\/1.1 413 /);
    expect(inFlight.bytes).toBe(0);
  });

  test('an OTLP request that is over says nothing of how the next one on its connection is answered', async () => {
    const { open } = await listen();
    const socket = await open();
    const answer = text(socket);
    socket.write(`${head({ 'content-length': '2' }, '/v1/logs')}{}`);
    await once(socket, 'data');
    socket.write('hello\r\n\r\n');
    expect(await answer).toMatch(/^HTTP\/1.1 200 [^]+\{\}HTTP\/1.1 400 [^]+application\/problem\+json/);
  });

  test('what is not HTTP is answered 400 as problem details', async () => {
    const { open } = await listen();
    const socket = await open();
    socket.write('hello\r\n\r\n');
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).toContain('application/problem+json');
  });
});

test('connections beyond the limit are closed unseen, and taken again once there is room', async () => {
  const { open } = await listen({ maxConnections: 2 });
  const [first] = [await open(), await open()];
  const third = await open();
  await once(third, 'close');
  first.destroy();
  await once(first, 'close');
  // The server hears of it later than we do.
  for (;;) {
    const next = await open();
    next.on('error', () => undefined);
    next.write(`${head({ 'content-length': String(body.length), connection: 'close' })}${body}`);
    const answer = await text(next).catch(() => '');
    if (answer.startsWith('HTTP/1.1 202 ')) return;
  }
});

async function listen(overrides: Parameters<typeof createTestApp>[0] = {}) {
  const test = createTestApp(overrides);
  apps.push(test.app);
  const failed = Promise.withResolvers<unknown>();
  test.app.addHook('onError', async (_request, _reply, error) => failed.resolve(error.code));
  await test.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = test.app.server.address() as AddressInfo;
  const open = async () => {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  };
  return { ...test, open, failed: failed.promise };
}

function head(headers: Record<string, string>, path = '/v1/failures'): string {
  const lines = Object.entries({ host: 'x', 'content-type': 'application/json', ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return `POST ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}
