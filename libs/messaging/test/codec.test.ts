import { expect, test } from '@jest/globals';
import { emptyRecord, type FailureSignal } from '@prodsentinel/contracts';
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
