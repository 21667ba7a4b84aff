import { RawProducer } from '@prodsentinel/messaging';
import { toConnection } from '../tools/connection.ts';
import { contend } from '../tools/contender.ts';
import { startCountdown } from '../tools/countdown.ts';
import { makeMessages, type ProduceJob } from './job.ts';

/** Callers that each wait for their own records, as requests of ingest do. */
const callers = 20;
const recordsPerCall = 50;

contend(async ({ place, warmUpRecords, records }: ProduceJob) => {
  const messages = await makeMessages(place);
  const countdown = startCountdown(warmUpRecords, records);
  const producer = new RawProducer(toConnection(place));
  await producer.start(new AbortController().signal);
  let sent = 0;
  const call = async () => {
    while (sent < warmUpRecords + records) {
      const from = sent % messages.length;
      sent += recordsPerCall;
      await producer.sendRaw(messages.slice(from, from + recordsPerCall));
      countdown.finish(recordsPerCall);
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  return countdown.done;
});
