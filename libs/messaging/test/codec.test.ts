import { expect, test } from '@jest/globals';
import {
  avroTypeOf,
  emptyRecord,
  readSchemaText,
  type FailureSignal,
  type TracesObserved,
} from '@prodsentinel/contracts';
import { describeError } from '@prodsentinel/kernel';
import { createCodec, type SchemaCache } from '../src/index.ts';

const secret = 'hunter2';
/** Instead of a registry, which is away. */
const cache: SchemaCache = {
  readId: () => Promise.resolve(1),
  writeId: () => Promise.resolve(),
  readSchema: () => Promise.resolve(undefined),
  writeSchema: () => Promise.resolve(),
};
const codec = createCodec('http://127.0.0.1:1', '', cache);

function reasonOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return describeError(error);
  }
  throw new Error('nothing was refused');
}

test.each([
  ['no JSON', `{"password": ${secret}}`, 'neither Avro (first byte 0) nor JSON'],
  ['JSON cut short', `{"password":"${secret}`, 'neither Avro (first byte 0) nor JSON'],
  ['a field of another kind', `{"message":["${secret}"]}`, 'message: '],
])('why a record cannot be read never quotes it: %s', (_what, text, reason) => {
  const told = reasonOf(() => codec.decode('failures', Buffer.from(text)));
  expect(told).toContain(reason);
  expect(told).not.toContain(secret.slice(0, 4));
});

test('why a record cannot be written never quotes it', async () => {
  await codec.prepare(['failures']);
  const wrong = { ...emptyRecord('failures'), severityNumber: secret } as unknown as FailureSignal;
  expect(reasonOf(() => codec.encode('failures', wrong))).toBe('not a record of failures: severityNumber');
});

test('a number out of range in a late field is told, without quoting it, when the field is asked for', async () => {
  const own = { ...cache, readSchema: () => Promise.resolve(readSchemaText('observations')) };
  const late = createCodec('http://127.0.0.1:1', '', own);
  const empty = emptyRecord('observations');
  const evidenceOmitted = 2 ** 40;
  const body = avroTypeOf('observations').toBuffer({ ...empty, evidenceOmitted } satisfies TracesObserved);
  const place = body.indexOf(avroLong(evidenceOmitted));
  const tooLarge = Buffer.concat([
    body.subarray(0, place),
    avroLong(2n ** 62n),
    body.subarray(place + avroLong(evidenceOmitted).length),
  ]);
  const bytes = Buffer.concat([Buffer.of(0, 0, 0, 0, 1), tooLarge]);
  await expect(late.decode('observations', bytes)).rejects.toMatchObject({ code: 'undecodable' });
  const record = await late.decode('observations', bytes, ['evidenceOmitted']);
  expect(record.fingerprint).toBe('');
  expect(reasonOf(() => record.evidenceOmitted)).toContain('not of the schema they name');
});

/** Zigzag, seven bits a byte. */
function avroLong(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let left = BigInt(value) * 2n;
  for (; left >= 128n; left /= 128n) bytes.push(Number(left % 128n) + 128);
  return Buffer.from([...bytes, Number(left)]);
}
