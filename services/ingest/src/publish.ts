import type { OutgoingRecord, Producer } from '@prodsentinel/messaging';
import { AppError, isAppError } from '@prodsentinel/kernel';

/**
 * Sends records and finds out which of them can never be written: Kafka's answer names none, so what was refused as a
 * whole is sent again in halves. Ids are set by then, so that what was written twice is recognised.
 *
 * @returns the indexes of the records that cannot be written; all others are acknowledged
 * @throws AppError `unavailable` when nothing was written, `unknown_outcome` when some may have been
 */
export async function publish(
  producer: Producer,
  records: readonly OutgoingRecord<'failures'>[],
): Promise<Set<number>> {
  const unwritable = new Set<number>();
  const open = [{ start: 0, end: records.length }];
  let mayHaveWritten = false;
  for (let range = open.pop(); range; range = open.pop()) {
    const { start, end } = range;
    if (start === end) continue;
    try {
      await producer.send(records.slice(start, end));
      mayHaveWritten = true;
    } catch (error) {
      if (!isAppError(error)) throw error;
      if (error.code === 'unavailable' && mayHaveWritten) throw partlyWritten(error);
      if (error.code !== 'invalid_input') throw error;
      if (end - start === 1) {
        unwritable.add(start);
        continue;
      }
      // A batch travels in parts: those before the faulty one may be in the log.
      mayHaveWritten = true;
      open.push({ start: (start + end) >>> 1, end }, { start, end: (start + end) >>> 1 });
    }
  }
  return unwritable;
}

function partlyWritten(cause: AppError): AppError {
  return new AppError('unknown_outcome', 'Kafka went away when a part had been written', { cause });
}
