import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { killVariable, Oracle } from '@prodsentinel/fault-tools';
import { done, type Consumer, type Position } from '../../src/index.ts';
import { failure, Journal, TestCluster } from '../test-cluster.ts';
import { committedOffsets, report } from './audit.ts';
import { startMember, type Member } from './member.ts';
import { allHandled } from './sending.ts';

// Members of a group that die, are told to go, or come and go under load: what was acknowledged to the producer is handled
// by somebody; what is handled twice is no more than what was in flight or not yet committed.

jest.setTimeout(90_000);

let cluster: TestCluster;
let members: Member[];

/** Records sent and not handled: more than any test that stops a member needs to go on sending. */
const maxAhead = 2_000;

beforeEach(async () => {
  members = [];
  cluster = new TestCluster();
  await cluster.setUp(4);
});

afterEach(async () => {
  for (const member of members) member.kill('SIGKILL');
  await Promise.all(members.map(({ exited }) => exited));
  await cluster.close();
});

async function member(...args: Parameters<typeof startMember>): Promise<Member> {
  const started = await startMember(...args);
  members.push(started);
  return started;
}

/** Sends in batches, never far ahead of what is handled; answers when the last one is acknowledged. */
async function load(
  oracle: Oracle,
  handled: Journal<string>,
  count: number,
  shouldGoOn: () => boolean = () => true,
): Promise<void> {
  const producer = await cluster.producer();
  for (let sent = 0; sent < count && shouldGoOn(); sent += 50) {
    const ids = oracle.issue(50);
    await producer.send(ids.map((id, i) => failure(id, `key-${i}`)));
    oracle.acknowledge(ids);
    await handled.until(({ length }) => length > sent - maxAhead);
  }
}

test('kill -9 of a member under load loses nothing, and doubles only what it had not committed', async () => {
  const groupId = randomUUID();
  const oracle = new Oracle();
  const handled = new Journal<string>();
  const dying = await member(cluster, groupId, handled, { [killVariable]: 'handled:2000' });
  await load(oracle, handled, 4_000);
  expect(await dying.exited).toEqual({ code: null, signal: 'SIGKILL' });
  const handledByTheDead = handled.entries.length;
  const offsets = await committedOffsets(
    cluster.connection.brokers[0]!,
    cluster.prefix + groupId,
    `${cluster.prefix}failures`,
  );
  const committed = offsets.reduce((sum, each) => sum + Math.max(0, each), 0);
  expect(committed).toBeGreaterThan(0);
  await member(cluster, groupId, handled);
  await allHandled(oracle, handled);
  const account = oracle.account(handled.entries);
  report(
    `kill -9 after ${handledByTheDead} records, ${committed} of them committed: doubled ${account.extraSightings}, lost ${account.lost.length}`,
  );
  expect(account).toMatchObject({ lost: [], neverIssued: [], acknowledged: 4_000 });
  expect(account.extraSightings).toBeLessThanOrEqual(handledByTheDead - committed);
});

/**
 * What one member finished of each assignment. When it loses one, only what it had finished above a record that was not
 * finished may be handled again by the next owner: everything below was committed before it was given away.
 */
class Finished {
  readonly #offsets = new Map<number, number[]>();
  /** How often something may be handled again, over all losses so far. */
  allowedAgain = 0;
  losses = 0;

  finish({ epoch, offset }: Position): void {
    const offsets = this.#offsets.get(epoch) ?? [];
    this.#offsets.set(epoch, offsets);
    offsets.push(offset);
  }

  lost(epoch: number): void {
    const offsets = (this.#offsets.get(epoch) ?? []).toSorted((a, b) => a - b);
    this.#offsets.delete(epoch);
    const firstGap = offsets.findIndex((offset, i) => i > 0 && offset !== offsets[i - 1]! + 1);
    this.losses += 1;
    if (firstGap > 0) this.allowedAgain += offsets.length - firstGap;
  }
}

test('members that come and go ten times under load lose nothing, and double only what was finished above an unfinished record', async () => {
  const groupId = randomUUID();
  const oracle = new Oracle();
  const handled = new Journal<string>();
  // Longer than any pause of a busy machine: an evicted member may double more.
  const limits = { sessionTimeoutMs: 15_000, heartbeatIntervalMs: 100, commitIntervalMs: 60_000 };
  const all: Finished[] = [];
  const join = (): Promise<Consumer> => {
    const finished = new Finished();
    all.push(finished);
    return cluster.consume(
      {
        mode: 'record',
        concurrency: 20,
        async handle(record) {
          await new Promise((resolve) => setImmediate(resolve));
          handled.add(record.value.message);
          finished.finish(record);
          return done;
        },
      },
      {
        groupId,
        limits,
        assignmentListener: { lost: (_topic, _partition, epoch) => finished.lost(epoch) },
      },
    );
  };
  await join();
  let isChurning = true;
  const loading = load(oracle, handled, Infinity, () => isChurning);
  for (let round = 0; round < 10; round++) {
    const guest = await join();
    const before = handled.entries.length;
    await handled.until(({ length }) => length > before + 20);
    await guest.stop();
  }
  isChurning = false;
  await loading;
  await allHandled(oracle, handled);
  const account = oracle.account(handled.entries);
  const sum = (read: (each: Finished) => number) => all.reduce((total, each) => total + read(each), 0);
  const [losses, allowed] = [sum((each) => each.losses), sum((each) => each.allowedAgain)];
  report(
    `ten joins and leaves, ${losses} partitions moved: ${account.acknowledged} records, doubled ${account.extraSightings} of at most ${allowed}`,
  );
  expect(losses).toBeGreaterThanOrEqual(20);
  expect(account).toMatchObject({ lost: [], neverIssued: [] });
  expect(account.extraSightings).toBeLessThanOrEqual(allowed);
});

test('SIGTERM with work in flight and a handler that hangs: the process ends, and the next one handles what was open', async () => {
  const groupId = randomUUID();
  const oracle = new Oracle();
  const handled = new Journal<string>();
  const [hung] = oracle.issue(1) as [string];
  const told = await member(cluster, groupId, handled, { MEMBER_HANG: hung });
  const producer = await cluster.producer();
  await producer.send([failure(hung, 'hung')]);
  oracle.acknowledge([hung]);
  await told.lines.until((lines) => lines.includes('hanging'));
  const loading = load(oracle, handled, 1_000);
  await handled.until(({ length }) => length > 100);
  told.kill('SIGTERM');
  // Its drain limit is a second; a process that never ends fails this test by its time-out.
  expect(await told.exited).toEqual({ code: 0, signal: null });
  await loading;
  await member(cluster, groupId, handled);
  await allHandled(oracle, handled);
  const account = oracle.account(handled.entries);
  report(`SIGTERM with a hung handler: doubled ${account.extraSightings} of ${account.acknowledged}`);
  expect(account).toMatchObject({ lost: [], neverIssued: [], acknowledged: 1_001 });
});
