import { Redis } from 'ioredis';
import kafkajs from 'kafkajs';
import { createCodec } from '@prodsentinel/messaging';
import { contend } from '../tools/contender.ts';
import { startMeter, type Measured } from '../tools/measured.ts';

export interface FloorJob {
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  readonly redisUrl: string;
  readonly topic: string;
  readonly groupId: string;
  readonly records: number;
}

/** The least that anyone could do: a bare kafkajs loop that decodes, claims each id by a pipelined SET NX, and commits. */
async function runFloor(job: FloorJob): Promise<Measured> {
  const codec = createCodec(job.registryUrl);
  const redis = new Redis(job.redisUrl);
  const client = new kafkajs.Kafka({ brokers: [...job.brokers], logLevel: kafkajs.logLevel.NOTHING });
  const consumer = client.consumer({ groupId: job.groupId, sessionTimeout: 30_000 });
  await consumer.connect();
  await consumer.subscribe({ topic: job.topic, fromBeginning: true });
  const finished = Promise.withResolvers<Measured>();
  let meter: ReturnType<typeof startMeter> | undefined;
  let seen = 0;
  await consumer.run({
    eachBatch: async ({ batch }) => {
      meter ??= startMeter();
      const pipeline = redis.pipeline();
      for (const { value } of batch.messages) {
        const decoded = codec.decode('failures', value!);
        const { signalId } = decoded instanceof Promise ? await decoded : decoded;
        pipeline.set(`floor:${signalId}`, '1', 'PX', 3_600_000, 'NX');
      }
      await pipeline.exec();
      seen += batch.messages.length;
      if (seen >= job.records) finished.resolve(meter.stop(seen));
    },
  });
  const measured = await finished.promise;
  await consumer.disconnect();
  redis.disconnect();
  return measured;
}

contend(runFloor);
