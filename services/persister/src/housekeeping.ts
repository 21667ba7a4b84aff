import type { Database } from '@prodsentinel/database';
import type { PersisterMetrics } from './metrics.ts';
import { closeResolved } from './steps/close-resolved.ts';
import { removeExpired } from './steps/remove-expired.ts';
import { resolveQuiet } from './steps/resolve-quiet.ts';
import type { Watermark } from './watermark.ts';

/** All in milliseconds. */
export interface HousekeepingRules {
  readonly resolveAfterMs: number;
  readonly closeAfterMs: number;
  readonly regressionGraceMs: number;
  readonly removeAfterMs: number;
  readonly countedRetentionMs: number;
}

/**
 * One round: resolve what is quiet, close what was resolved long ago, remove what is past its retention. The first two
 * go by the watermark: while it is not known, nothing is resolved or closed.
 *
 * @throws AppError `unavailable` when PostgreSQL or Kafka is away: the next round does what this one left
 */
export async function keepHouse(
  database: Database,
  { watermark, metrics, nowMs }: { watermark: Watermark; metrics: PersisterMetrics; nowMs: number },
  rules: HousekeepingRules,
): Promise<void> {
  const reachedMs = await watermark.advance(nowMs);
  const now = nowMs * 1000;
  if (reachedMs !== undefined) {
    metrics.setWatermark(reachedMs / 1000);
    const reached = { watermark: reachedMs * 1000, quietTime: rules.resolveAfterMs * 1000, now };
    const close = {
      now: reachedMs * 1000,
      closeAfter: rules.closeAfterMs * 1000,
      regressionGrace: rules.regressionGraceMs * 1000,
    };
    metrics.countKept('resolved', await untilFew(() => resolveQuiet(database, reached)));
    metrics.countKept('closed', await untilFew(() => closeResolved(database, close)));
  }
  const removed = await removeExpired(database, {
    closedBefore: now - rules.removeAfterMs * 1000,
    countedBefore: now - rules.countedRetentionMs * 1000,
    batchRows: 1_000,
    maxBatches: 100,
  });
  metrics.countKept('removed', removed.incidents);
}

/** Small transactions while there is much to do, and an end to a round all the same. */
async function untilFew(batch: () => Promise<number>): Promise<number> {
  let done = 0;
  for (let round = 0; round < 100; round++) {
    const count = await batch();
    done += count;
    if (count < 100) break;
  }
  return done;
}
