import { setImmediate as nextTurn } from 'node:timers/promises';
import { allTopicSettings, avroTypeOf, type FailureSignal } from '@prodsentinel/contracts';
import { isAppError } from '@prodsentinel/kernel';
import type { OutgoingRecord } from '@prodsentinel/messaging';
import { isPassedOn } from './domain/severity.ts';
import {
  kafkaKeyOf,
  toFailureSignal,
  type MappedSignal,
  type RequestContext,
} from './domain/to-failure-signal.ts';
import type { ParsedItem } from './http/parse-items.ts';

/** An item that was not taken, and why; the reason never quotes what was sent. */
export interface Refusal {
  /** Of the item in the request, from 0; blank lines do not count. */
  readonly index: number;
  readonly code: string;
  readonly reason: string;
  /** The field at fault by its name in `FailureSignal`; empty: the item as a whole. */
  readonly path: string;
}

export interface Triage {
  readonly records: readonly OutgoingRecord<'failures'>[];
  /** The item each record came from. */
  readonly indexes: readonly number[];
  readonly filtered: number;
  readonly refused: readonly Refusal[];
}

/** Decides for each item: send, filter, refuse. Lets others have a turn now and then, a batch can be long. */
export async function triage(
  items: Iterable<ParsedItem>,
  request: RequestContext & { readonly headers: Readonly<Record<string, string>> },
  minSeverityNumber: number,
): Promise<Triage> {
  const records: OutgoingRecord<'failures'>[] = [];
  const indexes: number[] = [];
  const refused: Refusal[] = [];
  let filtered = 0;
  let index = 0;
  for (const item of items) {
    if (index % itemsPerTurn === itemsPerTurn - 1) await nextTurn();
    const result = mapItem(item, index, request);
    if ('code' in result) refused.push(result);
    else if (isPassedOn(result.signal, minSeverityNumber)) {
      records.push(toRecord(result, request.headers));
      indexes.push(index);
    } else filtered++;
    index++;
  }
  return { records, indexes, filtered, refused };
}

const itemsPerTurn = 200;

function mapItem(item: ParsedItem, index: number, request: RequestContext): MappedSignal | Refusal {
  if (item.kind === 'oversized') return { index, code: item.code, reason: item.reason, path: '' };
  try {
    const mapped = toFailureSignal(item.json, index, request);
    if (!isTooLarge(mapped.signal, item.bytes)) return mapped;
    return { index, code: 'item_too_large', reason: 'becomes larger than the topic takes', path: '' };
  } catch (error) {
    if (!isAppError(error) || error.code !== 'invalid_input') throw error;
    return { index, code: 'invalid_item', reason: error.message, path: error.path ?? '' };
  }
}

/** Numbers like 1e20 are longer as text than they came: at worst by the factor `growth`. */
function isTooLarge(signal: FailureSignal, jsonBytes: number): boolean {
  return (
    jsonBytes * growth > maxRecordBytes && avroTypeOf('failures').toBuffer(signal).length > maxRecordBytes
  );
}

const growth = 6;
const roomForKeyAndHeadersBytes = 64 * 1024;
const maxRecordBytes =
  Number(allTopicSettings().find(({ name }) => name === 'failures')?.config['max.message.bytes']) -
  roomForKeyAndHeadersBytes;

function toRecord(
  { signal, trace }: MappedSignal,
  requestHeaders: Readonly<Record<string, string>>,
): OutgoingRecord<'failures'> {
  const isOwnTrace = trace !== undefined && trace.traceparent !== requestHeaders['traceparent'];
  const headers = isOwnTrace ? { traceparent: trace.traceparent } : requestHeaders;
  return { topic: 'failures', key: kafkaKeyOf(signal), value: signal, headers };
}
