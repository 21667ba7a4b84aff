import { openDatabase } from '@prodsentinel/database';
import { Kafka, logLevel } from 'kafkajs';
import { createCodec } from '@prodsentinel/messaging';
import { contend } from '../tools/contender.ts';
import { startCountdown } from '../tools/countdown.ts';
import type { PersistJob } from './job.ts';

const createSql = `create table floor (
  environment text, trace_id text, fingerprint text, failures int8 not null, last_seen_at int8 not null,
  primary key (environment, trace_id, fingerprint))`;
const upsertSql = `insert into floor as stored
  select environment, "traceId", fingerprint, failures, "lastSeenAt" from json_to_recordset($1::json) as given(
    environment text, "traceId" text, fingerprint text, failures int8, "lastSeenAt" int8)
  on conflict (environment, trace_id, fingerprint) do update set
    failures = stored.failures + excluded.failures, last_seen_at = greatest(stored.last_seen_at, excluded.last_seen_at)`;

// What one would write by hand without any promise: one upsert a batch into one table; what comes twice counts twice.
contend(async ({ place, groupId, databaseUrl, warmUpRecords, records }: PersistJob) => {
  const database = await openDatabase({ url: databaseUrl, applicationName: 'bench-floor' });
  await database.query(createSql);
  const codec = createCodec(place.registryUrl, place.topicPrefix);
  await codec.prepare(['observations']);
  const topic = `${place.topicPrefix}observations`;
  const countdown = startCountdown(warmUpRecords, records);
  const consumer = new Kafka({ brokers: [...place.brokers], logLevel: logLevel.ERROR }).consumer({ groupId });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch: { messages, partition } }) => {
      const rows: object[] = [];
      for (const { value } of messages) {
        if (!value) continue;
        const decoded = codec.decode('observations', value);
        const { environment, fingerprint, windows } = decoded instanceof Promise ? await decoded : decoded;
        for (const { traceId, offsets, lastAppendedAt } of windows) {
          const failures = offsets.reduce((sum, each) => sum + each.offsets.length, 0);
          rows.push({ environment, traceId, fingerprint, failures, lastSeenAt: lastAppendedAt });
        }
      }
      await database.query(upsertSql, [JSON.stringify(rows)]);
      const last = messages.at(-1);
      if (last) await consumer.commitOffsets([{ topic, partition, offset: String(Number(last.offset) + 1) }]);
      countdown.finish(rows.length);
    },
  });
  return countdown.done;
});
