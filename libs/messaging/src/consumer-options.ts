import type { Topic } from '@prodsentinel/contracts';
import type { Codec } from './codec.ts';
import type { ConsumerLimits } from './consumer-limits.ts';
import type { CrashMemory } from './crash-memory.ts';
import type { HaltStore } from './halt-store.ts';
import type { KafkaConnection } from './kafka-client.ts';
import type { AssignmentListener, BatchHandler, RecordHandler } from './port.ts';

/** What a consumer of a group is made of. */
export interface ConsumerOptions<T extends Topic> {
  readonly connection: KafkaConnection;
  readonly groupId: string;
  readonly topics: readonly T[];
  readonly codec: Codec;
  readonly handler: RecordHandler<T> | BatchHandler<T>;
  readonly limits?: Partial<ConsumerLimits>;
  readonly assignmentListener?: AssignmentListener;
  /** Told when work waits for a dependency (the reason) and when it goes on (undefined). */
  readonly onTrouble?: (reason: string | undefined) => void;
  /** Remembers halted partitions. Default: this process, until it ends. */
  readonly haltStore?: HaltStore;
  /** Finds records that end the process. Without it such a record is read again after each restart, without end. */
  readonly crashMemory?: CrashMemory;
  /** Told which partitions stand still until a human resumes them, why and how (or undefined: none does). */
  readonly onHalted?: (reason: string | undefined) => void;
  /** Told which handlers are beyond their limit and what to do (or undefined: none is). */
  readonly onHanging?: (reason: string | undefined) => void;
  /** Tells dead letters that we have redriven from records that claim to be some. Default: none is believed. */
  readonly redriveKey?: string | undefined;
  readonly onDeadLetter?: (topic: string, code: string) => void;
}
