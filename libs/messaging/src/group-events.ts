import type { ConsumerCrashEvent, ConsumerGroupJoinEvent } from 'kafkajs';
import { AppError, describeError } from '@prodsentinel/kernel';
import type { ConsumerParts } from './consumer-parts.ts';
import { endWork } from './end-work.ts';
import { toAssignment } from './group-client.ts';
import { holdRejoin, installRebalanceGate } from './rebalance-gate.ts';

/** Does what is due when this member joins its group, is about to join it again, or was ended by kafkajs. */
export function followGroup(parts: ConsumerParts): void {
  const { kafka, limits, connection, gate, metrics } = parts;
  const handBackNow = (limitMs: number) => handBack(parts, 'a rejoin', limitMs);
  installRebalanceGate();
  kafka.on(kafka.events.GROUP_JOIN, ({ payload }) => joined(parts, payload));
  kafka.on(kafka.events.REBALANCING, ({ payload }) => {
    metrics.rebalanced();
    holdRejoin(payload.memberId, endWork(gate, handBackNow, { ...limits, ...connection }));
  });
  kafka.on(kafka.events.CRASH, ({ payload }) => crashed(parts, payload));
}

/** What is finished is committed, and whoever gets the partitions knows that this process lived. */
export async function handBack(
  { commits, crashes, assignments }: ConsumerParts,
  why: string,
  deadlineMs: number,
): Promise<void> {
  await Promise.all([commits.before(why, deadlineMs), crashes?.marks.release(assignments.all, deadlineMs)]);
}

function joined(
  { connection, groupId, assignments, resets, fetching, halts, crashes, gate }: ConsumerParts,
  { memberId, memberAssignment: assignment }: ConsumerGroupJoinEvent['payload'],
): void {
  connection.logger.info({ event: 'group_joined', groupId, assignment }, 'joined');
  assignments.joined(memberId, toAssignment(connection, assignment));
  resets.joined(memberId);
  fetching.joined(memberId);
  halts.report();
  for (const owner of assignments.all) {
    void halts.check(owner);
    void crashes?.marks.keep(owner);
  }
  gate.open();
}

function crashed(
  { connection, metrics, state }: ConsumerParts,
  { error, restart }: ConsumerCrashEvent['payload'],
): void {
  metrics.crashed();
  connection.logger.warn({ event: 'consumer_crashed', restart }, describeError(error));
  if (restart || state.isDraining) return;
  state.fail(new AppError('bug', `kafkajs stopped for good: ${describeError(error)}`, { cause: error }));
}
