import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { contend } from '../tools/contender.ts';
import { startCountdown } from '../tools/countdown.ts';
import { makeMessages, type ProduceJob } from './job.ts';

const batchRecords = 500;

// The fastest safe way by hand: batches of 500, acknowledged by all replicas, one request at a time.
contend(async ({ place, warmUpRecords, records }: ProduceJob) => {
  const messages = await makeMessages(place);
  const countdown = startCountdown(warmUpRecords, records);
  const client = new Kafka({ brokers: [...place.brokers], logLevel: logLevel.ERROR });
  const producer = client.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  for (let sent = 0; sent < warmUpRecords + records; sent += batchRecords) {
    const from = sent % messages.length;
    const batch = messages.slice(from, from + batchRecords).map(({ key, value }) => ({ key, value }));
    await producer.sendBatch({
      acks: -1,
      topicMessages: [{ topic: `${place.topicPrefix}failures`, messages: batch }],
    });
    countdown.finish(batch.length);
  }
  return countdown.done;
});
