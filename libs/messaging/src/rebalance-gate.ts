import { createRequire } from 'node:module';

interface ConsumerGroup {
  readonly memberId: string | null;
  joinAndSync(): Promise<void>;
}

const gates = new Map<string, Promise<void>>();
let isInstalled = false;

/**
 * Lets a member end what is at work before it joins its group again. kafkajs 2.2.4 has no callback before partitions are
 * revoked: it emits REBALANCING and goes on to the join at once. Call this from that event; `work` must never reject, and
 * must end well within the session time-out, because no heartbeats are sent meanwhile.
 */
export function holdRejoin(memberId: string, work: Promise<void>): void {
  gates.set(memberId, work);
}

/** Must have been called before the consumer runs. */
export function installRebalanceGate(): void {
  if (isInstalled) return;
  isInstalled = true;
  const require = createRequire(import.meta.url);
  const { prototype } = require('kafkajs/src/consumer/consumerGroup') as { prototype: ConsumerGroup };
  // oxlint-disable-next-line typescript/unbound-method -- called with the group it belongs to, below
  const joinAndSync = prototype.joinAndSync;
  prototype.joinAndSync = async function (this: ConsumerGroup) {
    const gate = this.memberId === null ? undefined : gates.get(this.memberId);
    if (this.memberId !== null) gates.delete(this.memberId);
    await gate;
    return joinAndSync.call(this);
  };
}
