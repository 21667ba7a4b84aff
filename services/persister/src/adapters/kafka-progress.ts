import { hasReached, readFinishedUntil, readTopicEnds, type KafkaConnection } from '@prodsentinel/messaging';
import type { Progress } from '../watermark.ts';

/**
 * Progress as the committed offsets of `prodsentinel-observe` and `prodsentinel-persist` tell it. `clockToleranceMs`: how
 * far the clocks of the brokers and of this process may be apart; nothing younger than that is claimed to be finished.
 */
export function createKafkaProgress(connection: KafkaConnection, clockToleranceMs: number): Progress {
  return {
    observedUntil: (nowMs) =>
      readFinishedUntil(connection, {
        groupId: 'prodsentinel-observe',
        topic: 'failures',
        momentsMs: agesMs.map((ageMs) => nowMs - clockToleranceMs - ageMs),
      }),
    observationEnds: () => readTopicEnds(connection, 'observations'),
    persistedUntil: (ends) =>
      hasReached(connection, { groupId: 'prodsentinel-persist', topic: 'observations', ends }),
  };
}

const minuteMs = 60_000;
/** How far back to look, step by step: with open windows observe is always a little behind. */
const agesMs = [0, 0.25, 1, 5, 15, 60, 6 * 60, 24 * 60, 7 * 24 * 60].map((minutes) => minutes * minuteMs);
