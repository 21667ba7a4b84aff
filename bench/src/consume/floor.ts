import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import { createCodec } from '@prodsentinel/messaging';
import { contend } from '../tools/contender.ts';
import { startCountdown } from '../tools/countdown.ts';
import { claimAll, type ConsumeJob } from './job.ts';

// What one would write by hand: a loop over batches that decodes, claims in one pipeline, and commits.
contend(async ({ place, groupId, warmUpRecords, records }: ConsumeJob) => {
  const redis = new Redis(place.redisUrl);
  const codec = createCodec(place.registryUrl, place.topicPrefix);
  await codec.prepare(['failures']);
  const topic = `${place.topicPrefix}failures`;
  const countdown = startCountdown(warmUpRecords, records);
  const consumer = new Kafka({ brokers: [...place.brokers], logLevel: logLevel.ERROR }).consumer({ groupId });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch: { messages, partition } }) => {
      const keys: string[] = [];
      for (const { value } of messages) {
        if (!value) continue;
        const record = codec.decode('failures', value);
        keys.push(`${groupId}:${(record instanceof Promise ? await record : record).signalId}`);
      }
      await claimAll(redis, keys);
      const last = messages.at(-1);
      if (last) await consumer.commitOffsets([{ topic, partition, offset: String(Number(last.offset) + 1) }]);
      countdown.finish(messages.length);
    },
  });
  return countdown.done;
});
