import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, expect, jest, test } from '@jest/globals';
import type { HostOrders } from './host-process.ts';
import { runHost, type HostEnd } from './running-host.ts';
import { startDeafServer } from './deaf-server.ts';
import { startTestIngest } from './test-ingest.ts';

jest.setTimeout(120_000);
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function ingest(...behave: Parameters<typeof startTestIngest>) {
  const started = await startTestIngest(...behave);
  closers.push(started.close);
  return started;
}

const patient = { deadlineMs: 20_000, lingerMs: 60_000 };
const impatient = { deadlineMs: 50, lingerMs: 60_000 };
const exits = { throw: 1, throwNothing: 1, reject: 1, handle: 7, exit: 3, signal: 'SIGTERM', end: 0 };
const ways = Object.keys(exits) as HostOrders['way'][];
const someWays = process.env['PRODSENTINEL_TEST_FULL'] === '1' ? ways : (['throw', 'end'] as const);

const ends = new Map<string, Promise<HostEnd>>();

/** How the same process ends that has never heard of us. */
function endWithout(way: HostOrders['way']): Promise<HostEnd> {
  const end = ends.get(way) ?? runHost({ way, ...patient });
  ends.set(way, end);
  return end;
}

test.each([
  { way: 'throw', sent: ['before', 'uncaught'] },
  { way: 'throwNothing', sent: ['before', 'undefined'] },
  { way: 'reject', sent: ['before', 'unhandled'] },
  { way: 'handle', sent: ['before', 'uncaught'] },
  { way: 'end', sent: ['before'] },
] as const)('a process that ends by $way has reported, and ends as it would without us', async (row) => {
  const { url, requests } = await ingest();
  expect(await runHost({ way: row.way, url, ...patient })).toEqual(await endWithout(row.way));
  expect(requests.flatMap(({ items }) => items.map(({ message }) => message))).toEqual(row.sent);
});

test.each([
  { ingest: 'hangs', start: async () => (await ingest(() => {})).url, tried: ways },
  {
    ingest: 'hangs up',
    start: async () => (await ingest((_, response) => response.socket!.destroy())).url,
    tried: someWays,
  },
  { ingest: 'is not there', start: unusedAddress, tried: someWays },
])('an ingest that $ingest changes nothing of how a process ends', async ({ start, tried }) => {
  const url = await start();
  for (const way of tried) {
    const end = await runHost({ way, url, ...impatient });
    expect({ way, ...end }).toEqual({ way, ...(await endWithout(way)) });
    expect(end.exitCode ?? end.signal).toBe(exits[way]);
  }
});

test.each(['exit', 'signal'] as const)(
  'a request that is under way does not hold up the end by %s',
  async (way) => {
    const { url, untilRequests } = await ingest(() => {});
    const orders = { way, url, deadlineMs: 50, lingerMs: 1 };
    expect(await runHost(orders, { untilReady: untilRequests(1) })).toEqual(await endWithout(way));
  },
);

test('a connection that does not come about does not hold up the end of a process', async () => {
  const server = await startDeafServer();
  closers.push(server.close);
  const orders = { way: 'end', url: server.url, deadlineMs: 50, lingerMs: 1 } as const;
  expect(await runHost(orders)).toEqual(await endWithout('end'));
});

test('a process that may start no other crashes as it would without us', async () => {
  const { url } = await ingest();
  const nodeArgs = ['--permission', '--allow-fs-read=*'];
  const withUs = await runHost({ way: 'throw', url, ...patient }, { nodeArgs });
  expect(withUs).toEqual(await runHost({ way: 'throw', ...patient }, { nodeArgs }));
  expect(withUs).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('Error: uncaught') });
});

async function unusedAddress(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return `http://127.0.0.1:${port}`;
}
