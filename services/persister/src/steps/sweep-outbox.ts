import { isAppError } from '@prodsentinel/kernel';
import type { Database } from '@prodsentinel/database';
import type { Producer } from '@prodsentinel/messaging';
import { appendEvents } from '../adapters/events.ts';
import {
  failRequest,
  findDue,
  findExhausted,
  freezeRequest,
  lockPublishable,
  markPublished,
  restClosed,
  type OverdueRule,
  type RequestRef,
} from '../adapters/outbox.ts';

export interface SweepContext extends OverdueRule {
  readonly producer: Pick<Producer, 'send'>;
  /** Most requests that one sweep freezes or publishes; the next one goes on. */
  readonly limit?: number;
}

/**
 * Moves requests on: those that are due are frozen (their content is fixed for good), frozen ones are published, then
 * marked. A crash between two of these repeats the identical record. What has no result for too long is published again,
 * a few times, then given up where everybody can see it. Any number of processes may sweep.
 *
 * @returns how many requests were published (or given up because Kafka can never take them)
 * @throws AppError `unavailable` or `unknown_outcome` when PostgreSQL or Kafka is away: sweep again later
 */
export async function sweepOutbox(database: Database, context: SweepContext): Promise<number> {
  const limit = context.limit ?? 100;
  for (const request of await findDue(database, context.now, limit))
    await database.transaction((session) => freezeRequest(session, request, context.now));
  await restClosed(database, context);
  for (const request of await findExhausted(database, context))
    await giveUp(database, request, {
      ...context,
      reason: `no result after ${context.maxPublishes} attempts`,
    });
  let published = 0;
  for (let after = ''; published < limit; published++) {
    const next = await publishNext(database, after, context);
    if (next === undefined) break;
    after = next;
  }
  return published;
}

/** Publishes the next request beyond `after` and answers its id; undefined when there is none. */
async function publishNext(
  database: Database,
  after: string,
  context: SweepContext,
): Promise<string | undefined> {
  let refused: RequestRef | undefined;
  const id = await database.transaction(async (session) => {
    const request = await lockPublishable(session, after, context);
    if (!request) return undefined;
    const { incidentId } = request.payload;
    try {
      await context.producer.send([{ topic: 'analysis-requests', key: incidentId, value: request.payload }]);
      await markPublished(session, request.id, context.now);
    } catch (error) {
      if (!isAppError(error) || error.code !== 'invalid_input') throw error;
      refused = { id: request.id, incidentId };
    }
    return request.id;
  });
  if (refused) await giveUp(database, refused, { ...context, reason: 'Kafka can never take this request' });
  return id;
}

async function giveUp(
  database: Database,
  request: RequestRef,
  { now, reason }: { now: number; reason: string },
): Promise<void> {
  await database.transaction(async (session) => {
    if (!(await failRequest(session, request))) return;
    await appendEvents(
      session,
      [
        {
          incidentId: request.incidentId,
          kind: 'analysis_failed',
          actor: 'persister',
          reason,
          detail: { requestId: request.id },
        },
      ],
      now,
    );
  });
}
