import type { KafkaMessage } from 'kafkajs';
import { AppError } from '@prodsentinel/kernel';
import { AssignedPartition } from './assigned-partition.ts';
import { beginFetched } from './backlog.ts';
import { readChunks } from './read-chunks.ts';
import { readSignedSource, redriveHeaders } from './redrive-source.ts';
import { redrivesOf, type StoredDeadLetter } from './stored-dead-letter.ts';
import { toTextHeaders } from './record-headers.ts';
import { UnpackBudget } from './unpack-budget.ts';

/**
 * The records of a dead letter that is a whole batch, each as if it had been set aside by itself: from the first that was not
 * handled on, with the place where it stood.
 *
 * @param key with which our redrives are signed: a record of the batch may be one
 * @throws AppError `invalid_input` when they are more than so many bytes, or nothing says where they came from
 */
export async function unpackDeadLetter(
  letter: StoredDeadLetter,
  maxBytes: number,
  key: string | undefined,
): Promise<StoredDeadLetter[]> {
  const { record, source } = letter;
  if (source === undefined || record.value === null)
    throw new AppError('invalid_input', 'nothing says where its records came from');
  const [chunk] = await readChunks(record.value, [], new UnpackBudget(maxBytes));
  if (!chunk) throw new AppError('invalid_input', 'it is no record batch');
  if (chunk.refused) throw new AppError('invalid_input', `it unpacks to more than ${maxBytes} bytes`);
  const { topic, partition } = source;
  const fetched = { messages: [chunk] as unknown as KafkaMessage[], fetchedOffset: String(source.offset) };
  const items = beginFetched(new AssignedPartition(topic, partition, 0), fetched).take(Infinity);
  return items.map(({ offset, timestampMs, headers: rawHeaders, key: itsKey, value }) => {
    const headers = toTextHeaders(rawHeaders);
    const redriven = readSignedSource(rawHeaders, value, key);
    return {
      ...letter,
      record: { ...record, key: itsKey, value, rawHeaders, headers },
      source: redriven?.topic === topic ? redriven : { topic, partition, offset, timestampMs },
      redrives: redrivesOf(headers[redriveHeaders.count]),
      batchLastOffset: undefined,
    };
  });
}
