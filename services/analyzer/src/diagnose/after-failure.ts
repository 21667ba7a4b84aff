import { backoffMs, delay } from '@prodsentinel/kernel';
import type { CallReply } from '../domain/diagnose/answer-once.ts';
import type { CircuitBreaker } from '../domain/diagnose/circuit-breaker.ts';
import type { Reservation } from './model-budget.ts';
import type { ModelReply } from './model.ts';

/** The rules answer for now; the model is asked again at this time. Nothing was charged. */
export function away(askAgainAtMs: number, reason: string): CallReply<string> {
  return { kind: 'givenUp', isCharged: false, why: { reason, askAgainAtMs } };
}

/** What to say when no money could be reserved. */
export function turnedAway(
  reservation: Exclude<Reservation, { kind: 'reserved' }>,
  nowMs: number,
): CallReply<string> {
  if (reservation.kind === 'switchedOff') return away(nowMs + 5 * 60_000, 'the model is switched off');
  if (reservation.kind === 'unknown')
    return away(nowMs + 60_000, 'budgets cannot be checked: Redis or Kafka is away');
  const { window, roomAtMs } = reservation;
  const reason = `the budget of the ${window} is used up`;
  return roomAtMs === undefined
    ? { kind: 'givenUp', isCharged: false, why: { reason } }
    : away(roomAtMs, reason);
}

/** How long to stay away from a server that will not serve us before a person has changed something. */
const deniedMs = 5 * 60_000;

/** Again, or the rules: a failure of the model's day is asked again later, one of this request is not. */
export async function afterFailure(
  { failure, isCharged, retryAfterMs, detail }: Extract<ModelReply, { kind: 'failed' }>,
  at: {
    breaker: CircuitBreaker;
    deadlineAtMs: number;
    tries: number;
    signal: AbortSignal;
    now: () => number;
  },
): Promise<CallReply<string>> {
  const { breaker, now } = at;
  const giveUp = (askAgainAtMs?: number): CallReply<string> => ({
    kind: 'givenUp',
    isCharged,
    why: { reason: `${failure}: ${detail}`, ...(askAgainAtMs === undefined ? {} : { askAgainAtMs }) },
  });
  switch (failure) {
    case 'rejected':
    case 'refused':
      breaker.succeeded();
      return giveUp();
    case 'truncated':
    case 'garbage':
      breaker.succeeded();
      return { kind: 'again', isCharged };
    case 'denied':
    case 'no_quota':
      breaker.failed(now(), now() + Math.max(deniedMs, retryAfterMs ?? 0));
      return giveUp(now() + Math.max(deniedMs, retryAfterMs ?? 0));
    case 'rate_limited':
    case 'server_error':
    case 'unreachable':
    case 'timeout': {
      const waitMs = retryAfterMs ?? backoffMs(at.tries, { baseMs: 500, maxMs: 5_000 });
      if (now() + waitMs >= at.deadlineAtMs) {
        breaker.failed(now(), retryAfterMs === undefined ? undefined : now() + retryAfterMs);
        return giveUp(now() + Math.max(waitMs, 30_000));
      }
      breaker.failed(now());
      await delay(waitMs, at.signal);
      return { kind: 'again', isCharged };
    }
  }
}
