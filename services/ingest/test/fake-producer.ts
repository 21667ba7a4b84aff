import type { Topic } from '@prodsentinel/contracts';
import type { AppError } from '@prodsentinel/kernel';
import type { OutgoingRecord, Producer } from '@prodsentinel/messaging';

/** Stands in for Kafka where only the handling of requests is tested; says what it is told to say. */
export class FakeProducer implements Producer {
  readonly sent: OutgoingRecord<'failures'>[] = [];
  readonly sends: number[] = [];
  isReachable = true;
  isStopped = false;
  /** Called before each send; what it returns is thrown. */
  fault: (records: readonly OutgoingRecord<'failures'>[]) => AppError | undefined = () => undefined;
  /** Until it resolves, nothing is acknowledged. */
  gate: Promise<void> = Promise.resolve();

  async start(): Promise<void> {}

  async send(records: readonly OutgoingRecord<Topic>[]): Promise<void> {
    const failures = records as unknown as readonly OutgoingRecord<'failures'>[];
    this.sends.push(failures.length);
    await this.gate;
    const error = this.fault(failures);
    if (error) throw error;
    this.sent.push(...failures);
  }

  async stop(): Promise<void> {
    this.isStopped = true;
  }
}
