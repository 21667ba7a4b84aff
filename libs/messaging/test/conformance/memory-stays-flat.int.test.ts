import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { failure, TestCluster } from '../test-cluster.ts';
import { report } from './audit.ts';

// A consumer that reads a million records of almost as many keys, one of them slow: what it needs is what is in flight.

jest.setTimeout(300_000);

const whenFull = process.env['PRODSENTINEL_TEST_FULL'] === '1' ? test : test.skip;
const partitions = 4;
const total = 1_000_000;
const early = 200_000;
const maxActiveBytes = 1024 * 1024;
/** What one fetch may bring beyond the limit that pauses fetching. */
const fetchBytes = 1024 * 1024;

let cluster: TestCluster;

beforeEach(async () => {
  cluster = new TestCluster();
  await cluster.setUp(partitions);
});

afterEach(() => cluster.close());

async function fill(from: number, to: number): Promise<void> {
  const raw = await cluster.rawProducer();
  await cluster.codec.prepare(['failures']);
  const value = cluster.codec.encode('failures', failure('x'.repeat(100)).value);
  for (let sent = from; sent < to; sent += 10_000) {
    await raw.sendRaw(
      Array.from({ length: 10_000 }, (_, i) => ({
        topic: 'failures',
        key: i % 1_000 === 0 ? 'slow' : `key-${sent + i}`,
        value,
      })),
    );
  }
}

interface Look {
  readonly at: number;
  /** Heap and buffers after a collection. */
  readonly used: number;
  readonly maxBytes: number;
  readonly maxRecords: number;
}

async function consumeAll(): Promise<Look[]> {
  const fixture = join(import.meta.dirname, 'fixtures', 'steady-consumer.ts');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', fixture], {
    env: {
      ...process.env,
      MEMBER_PREFIX: cluster.prefix,
      MEMORY_MARKS: `${early},${total}`,
      MAX_ACTIVE_BYTES: String(maxActiveBytes),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  const looks: Look[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    looks.push(JSON.parse(line) as Look);
    // Each look is at a consumer that has handled all there is: what it holds then, it keeps.
    if (looks.length === 1) await fill(early, total);
    else child.kill('SIGKILL');
  }
  await ended;
  return looks;
}

whenFull(
  'memory after a million records is what it was after 200,000, and bytes in flight stay within their bound (PRODSENTINEL_TEST_FULL=1)',
  async () => {
    await fill(0, early);
    const [first, last] = await consumeAll();
    report(
      `memory: ${toMiB(first!.used)} MiB after ${first!.at}, ${toMiB(last!.used)} MiB after ${last!.at}; ` +
        `in flight at most ${toMiB(last!.maxBytes)} MiB, ${last!.maxRecords} records`,
    );
    expect(last!.at).toBe(total);
    expect(last!.used - first!.used).toBeLessThan(16 * 1024 * 1024);
    expect(last!.maxBytes).toBeLessThanOrEqual(partitions * (maxActiveBytes + fetchBytes));
  },
);

const toMiB = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1);
