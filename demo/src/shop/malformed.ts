/** What a careless producer writes to the topic: none of it can ever be processed. */
export interface MalformedMessage {
  readonly name: string;
  readonly value: Buffer;
}

/** One of each kind. */
export const malformedMessages: readonly MalformedMessage[] = [
  { name: 'garbage bytes', value: Buffer.from([0xff, 0xfe, 0x13, 0x37, 0x80, 0x00, 0xc3, 0x28]) },
  {
    name: 'broken JSON',
    value: Buffer.from('{"service":"inventory","severityNumber":17,"message":"half a rec'),
  },
  {
    name: 'JSON that is no signal',
    value: Buffer.from('{"service":"pricing","severityNumber":"very","message":"x"}'),
  },
  { name: 'Avro of an unknown schema', value: Buffer.from([0, 0x7f, 0xff, 0xff, 0xf0, 2, 4, 6, 8, 10]) },
];

/** What a careless client posts to ingest: answered 400 with the place. */
export const malformedBody =
  '[{"service":"checkout","message":"well-formed"},{"service":"checkout","message":}]';

/** The key a malformed message travels under, and is found again by. */
export function malformedKeyOf(name: string): string {
  return `malformed: ${name}`;
}
