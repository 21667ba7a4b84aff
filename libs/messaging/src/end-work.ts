import { describeError, withDeadline } from '@prodsentinel/kernel';
import type { HandlerGate } from './handler-gate.ts';
import type { MessagingLogger } from './kafka-client.ts';

/**
 * Before the group gives our partitions to somebody else: handlers at work end and what they did is committed, so that nothing
 * is handled twice that need not be. Closes the gate; who joins again opens it. No heartbeats are sent meanwhile: handlers get a
 * fifth of the session time-out, and those that take longer are not waited for; the commit gets a third.
 *
 * @param handBack commits what is finished, within so many milliseconds; never rejects
 */
export async function endWork(
  gate: HandlerGate,
  handBack: (limitMs: number) => Promise<void>,
  { sessionTimeoutMs, logger }: { readonly sessionTimeoutMs: number; readonly logger: MessagingLogger },
): Promise<void> {
  gate.close();
  try {
    await withDeadline('the handlers at work before a rejoin', sessionTimeoutMs / 5, gate.whenIdle());
  } catch (error) {
    logger.warn({ event: 'rejoin_not_waited' }, describeError(error));
  }
  // Handlers have answered; now what they answered takes effect.
  await new Promise((resolve) => setImmediate(resolve));
  await handBack(sessionTimeoutMs / 3);
}
