import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';
import { Journal, type TestCluster } from '../test-cluster.ts';

export interface AuditedRecord {
  readonly partition: number;
  readonly offset: number;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** Everything that lies in a topic now, read with the bare client: an auditor shares no code with what it audits. */
export async function auditTopic(broker: string, topic: string): Promise<AuditedRecord[]> {
  const client = new kafkajs.Kafka({ brokers: [broker], logLevel: kafkajs.logLevel.NOTHING });
  const admin = client.admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const total = ends.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0);
  if (total === 0) return [];
  const consumer = client.consumer({ groupId: `audit-${randomUUID()}`, maxWaitTimeInMs: 100 });
  const records = new Journal<AuditedRecord>();
  // A member that has to join again reads again what it has read: that is twice in the reading, not in the log.
  const seen = new Set<string>();
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      const position = `${partition}/${message.offset}`;
      if (seen.has(position)) return;
      seen.add(position);
      const headers = Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]);
      records.add({
        partition,
        offset: Number(message.offset),
        value: message.value ?? Buffer.alloc(0),
        headers: Object.fromEntries(headers) as Record<string, string>,
      });
    },
  });
  await records.until(({ length }) => length >= total);
  await consumer.disconnect();
  return records.entries;
}

/** The messages of audited failures, as a consumer reads them. */
export async function messagesOf(
  { codec }: TestCluster,
  records: readonly AuditedRecord[],
): Promise<string[]> {
  const messages: string[] = [];
  for (const { value } of records) messages.push((await codec.decode('failures', value)).message);
  return messages;
}

/** Where a group stands, by partition; -1 when it has committed nothing. */
export async function committedOffsets(broker: string, groupId: string, topic: string): Promise<number[]> {
  const client = new kafkajs.Kafka({ brokers: [broker], logLevel: kafkajs.logLevel.NOTHING });
  const admin = client.admin();
  await admin.connect();
  const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
  await admin.disconnect();
  return (found?.partitions ?? [])
    .toSorted((a, b) => a.partition - b.partition)
    .map(({ offset }) => Number(offset));
}

/** A figure that a run found, said where whoever runs the tests sees it. */
export function report(line: string): void {
  process.stderr.write(`conformance: ${line}\n`);
}
