import { Redis } from 'ioredis';
import { createCodec, createConsumer, done } from '@prodsentinel/messaging';
import { toConnection } from '../tools/connection.ts';
import { contend } from '../tools/contender.ts';
import { startCountdown } from '../tools/countdown.ts';
import { claimAll, type ConsumeJob } from './job.ts';

contend(async ({ place, groupId, warmUpRecords, records }: ConsumeJob) => {
  const redis = new Redis(place.redisUrl);
  const codec = createCodec(place.registryUrl, place.topicPrefix);
  const countdown = startCountdown(warmUpRecords, records);
  const consumer = createConsumer({
    connection: toConnection(place),
    codec,
    groupId,
    topics: ['failures'],
    handler: {
      mode: 'batch',
      maxRecords: 1_000,
      async handle(batch) {
        await claimAll(
          redis,
          batch.map(({ value }) => `${groupId}:${value.signalId}`),
        );
        countdown.finish(batch.length);
        return batch.map(() => done);
      },
    },
  });
  await consumer.start(new AbortController().signal);
  return Promise.race([countdown.done, consumer.failed]);
});
