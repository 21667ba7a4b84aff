import { setTimeout as pause } from 'node:timers/promises';
import type { Oracle } from '@prodsentinel/fault-tools';
import { isAppError } from '@prodsentinel/kernel';
import type { Producer } from '../../src/index.ts';
import { failure, Journal } from '../test-cluster.ts';

/** What became of one send: acknowledged, surely not written, or unknown. */
export type Fate = 'acknowledged' | 'refused' | 'unknown';

const recordsPerSend = 10;
const keys = 200;
/** Between two sends of one sender: a load, and no storm while the brokers are away. */
const pauseMs = 10;

/** Several senders at once, until `stop`; the oracle is told what the producer said of each record, the journal of each send. */
export function startSending(
  producer: Producer,
  oracle: Oracle,
  senders: number,
): { readonly fates: Journal<Fate>; stop(): Promise<void> } {
  const fates = new Journal<Fate>();
  const stopping = new AbortController();
  const sender = async () => {
    while (!stopping.signal.aborted) {
      const ids = oracle.issue(recordsPerSend);
      try {
        await producer.send(ids.map((id, i) => failure(id, `key-${(fates.entries.length + i) % keys}`)));
        oracle.acknowledge(ids);
        fates.add('acknowledged');
      } catch (error) {
        if (!isAppError(error)) throw error;
        const isRefused = error.code === 'unavailable';
        if (isRefused) oracle.refuse(ids);
        else oracle.unknown(ids);
        fates.add(isRefused ? 'refused' : 'unknown');
      }
      await pause(pauseMs);
    }
  };
  const all = Promise.all(Array.from({ length: senders }, sender));
  // Awaited by `stop`; a failure before that is not unhandled.
  all.catch(() => undefined);
  return {
    fates,
    async stop() {
      stopping.abort();
      await all;
    },
  };
}

/** Resolves when the journal holds, from an index on, each of what is wanted; looks at each entry once. */
export function untilAll<T>(journal: Journal<T>, wanted: Iterable<T>, from = 0): Promise<void> {
  const open = new Set(wanted);
  let looked = from;
  return journal.until((entries) => {
    for (; looked < entries.length; looked++) open.delete(entries[looked]!);
    return open.size === 0;
  });
}

/** Resolves when everything that was acknowledged has been handled; call it when everything is sent. */
export function allHandled(oracle: Oracle, handled: Journal<string>): Promise<void> {
  return untilAll(handled, oracle.acknowledgedIds);
}

/** Resolves when so many sends that ended from now on were acknowledged. */
export function untilAcknowledged(fates: Journal<Fate>, count: number): Promise<void> {
  let looked = fates.entries.length;
  let found = 0;
  return fates.until((entries) => {
    for (; looked < entries.length; looked++) if (entries[looked] === 'acknowledged') found += 1;
    return found >= count;
  });
}
