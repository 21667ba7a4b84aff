import { AppError, backoffMs, delay, describeError } from '@prodsentinel/kernel';
import type { AssignedPartition } from './assigned-partition.ts';
import type { Assignments } from './assignments.ts';
import type { HaltStore } from './halt-store.ts';
import type { MessagingLogger } from './kafka-client.ts';

export interface PartitionHaltsOptions {
  readonly store: HaltStore;
  /** Its name in the cluster. */
  readonly group: string;
  readonly logger: MessagingLogger;
  readonly assignments: () => Assignments;
  readonly pauseFetching: (owner: AssignedPartition) => void;
  /** From the offset on, or from where fetching stands. */
  readonly resumeFetching: (owner: AssignedPartition, offset: number | undefined) => void;
  /** Told before the assignment of a partition that halts ends. */
  readonly onHalting: (owner: AssignedPartition) => void;
  /** Told what is halted and what to do, or undefined when nothing is. */
  readonly onHalted: (reason: string | undefined) => void;
}

/** Milliseconds between looks at whether somebody resumed what is halted. */
const pollMs = 1_000;

/**
 * A partition on which our own errors do not end stands still until a human has looked: a broken build must not drain a
 * topic into its dead letters. The others go on.
 */
export class PartitionHalts {
  readonly #options: PartitionHaltsOptions;
  readonly #stopping = new AbortController();
  #poll: Promise<void> | undefined;

  constructor(options: PartitionHaltsOptions) {
    this.#options = options;
  }

  /**
   * Looks up once whether the partition was halted before. When the store is away it is taken for running: the errors
   * would halt it again.
   */
  check(owner: AssignedPartition): Promise<void> {
    owner.checked ??= this.#check(owner);
    return owner.checked;
  }

  /** Its assignment begins anew, so that whatever is at work can move nothing; what was finished is committed. */
  halt(owner: AssignedPartition, reason: string): void {
    if (owner.isLost) return;
    const { store, group, logger, assignments } = this.#options;
    const { topic, partition } = owner;
    this.#options.onHalting(owner);
    const fresh = assignments().renew(owner);
    fresh.checked = Promise.resolve();
    this.#stand(fresh, reason);
    logger.error({ event: 'partition_halted', topic, partition, offset: owner.tracker.lowWater }, reason);
    void this.#remember(fresh, () =>
      store.halt(group, nameOf(fresh), { reason, haltedAtMs: Date.now() }),
    ).then(() => this.#startPolling());
  }

  /** What a human reads; undefined when no partition of this member is halted. */
  report(): void {
    const { group, onHalted } = this.#options;
    const lines = this.#halted().map(
      (owner) =>
        `${nameOf(owner)} is halted: ${owner.haltReason}; mend it, then \`prodsentinel partition resume ${group} ${nameOf(owner)}\``,
    );
    onHalted(lines.length > 0 ? lines.join('; ') : undefined);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#poll;
  }

  async #check(owner: AssignedPartition): Promise<void> {
    const { store, group, logger } = this.#options;
    try {
      const halt = (await store.read(group)).get(nameOf(owner));
      if (!halt || owner.isLost) return;
      owner.isHaltRemembered = true;
      this.#stand(owner, halt.reason);
      this.#startPolling();
    } catch (error) {
      logger.warn({ event: 'halts_unknown' }, `taken for running: ${describeError(error)}`);
    }
  }

  #stand(owner: AssignedPartition, reason: string): void {
    owner.haltReason = reason;
    this.#options.pauseFetching(owner);
    this.report();
  }

  async #remember(owner: AssignedPartition, write: () => Promise<void>): Promise<void> {
    for (let retry = 1; !owner.isLost && !this.#stopping.signal.aborted; retry++) {
      try {
        await write();
        owner.isHaltRemembered = true;
        return;
      } catch (error) {
        this.#options.logger.warn({ event: 'halt_not_remembered', retry }, describeError(error));
        // Aborted means stopping: the loop's condition ends it.
        await delay(backoffMs(retry), this.#stopping.signal).catch(() => undefined);
      }
    }
  }

  #halted(): AssignedPartition[] {
    return this.#options.assignments().all.filter(({ haltReason }) => haltReason !== undefined);
  }

  #startPolling(): void {
    // With nothing to look for it would end before it is kept here, and no later halt would ever be looked for.
    if (this.#halted().length > 0) this.#poll ??= this.#untilResumed();
  }

  async #untilResumed(): Promise<void> {
    const { store, group, logger } = this.#options;
    while (!this.#stopping.signal.aborted) {
      const halted = this.#halted();
      if (halted.length === 0) {
        // In the same turn as the last look: a halt that comes later must find no poll and start one.
        this.#poll = undefined;
        return;
      }
      try {
        const halts = await store.read(group);
        for (const owner of halted) {
          if (owner.isHaltRemembered && !halts.has(nameOf(owner))) this.#resume(owner);
        }
        await delay(pollMs, this.#stopping.signal);
      } catch (error) {
        if (error instanceof AppError && error.code === 'aborted') return;
        logger.debug({ event: 'halts_unknown' }, describeError(error));
        await delay(pollMs, this.#stopping.signal).catch(() => undefined);
      }
    }
  }

  #resume(owner: AssignedPartition): void {
    if (owner.isLost) return;
    const { logger, resumeFetching } = this.#options;
    const { topic, partition } = owner;
    owner.haltReason = undefined;
    owner.isHaltRemembered = false;
    owner.unexpectedErrors.forget();
    logger.info({ event: 'partition_resumed', topic, partition }, 'resumed');
    resumeFetching(owner, owner.resumeAt);
    owner.resumeAt = undefined;
    this.report();
  }
}

function nameOf({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic}/${partition}`;
}
