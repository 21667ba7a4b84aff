import { createCodec, type RawMessage } from '@prodsentinel/messaging';
import { toFailureMessage, type Place } from '../tools/failure-topic.ts';

export interface ProduceJob {
  readonly place: Place;
  readonly warmUpRecords: number;
  readonly records: number;
}

const distinctRecords = 10_000;

/** Records encoded before the clock starts, used again and again: what is measured is the sending. */
export async function makeMessages(place: Place): Promise<readonly RawMessage[]> {
  const codec = createCodec(place.registryUrl, place.topicPrefix);
  await codec.prepare(['failures']);
  return Array.from({ length: distinctRecords }, (_, number) => toFailureMessage(codec, number));
}
