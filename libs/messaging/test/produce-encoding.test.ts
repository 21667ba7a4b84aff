import { createRequire } from 'node:module';
import { afterEach, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { encodeOurselves, mendProduceEncoding, type ProduceArguments } from '../src/produce-encoding.ts';

const require = createRequire(import.meta.url);
const { protocol } = require('kafkajs/src/protocol/requests/produce') as {
  protocol: Parameters<typeof encodeOurselves>[0];
};

afterEach(() => {
  jest.restoreAllMocks();
});

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.string({ minLength: 60, maxLength: 90 }),
);
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const headerValue = fc.oneof(text, bytes);
const message = fc.record(
  {
    key: fc.oneof(fc.constant(null), text, bytes),
    value: fc.oneof(fc.constant(null), text, bytes),
    headers: fc.dictionary(text, fc.oneof(headerValue, fc.array(headerValue, { maxLength: 3 }))),
  },
  { requiredKeys: ['value'] },
);
const partition = fc.record({
  partition: fc.oneof(fc.nat(), fc.nat({ max: 99 }).map(String)),
  firstSequence: fc.nat(2 ** 31 - 1),
  messages: fc.array(message, { minLength: 1, maxLength: 80 }),
});
const request = fc.record({
  acks: fc.constantFrom(-1, 1),
  timeout: fc.nat(2 ** 31 - 1),
  producerId: fc.oneof(fc.bigInt(-1n, 2n ** 63n - 1n).map(String), fc.constant(-1)),
  producerEpoch: fc.nat(2 ** 15 - 1),
  compression: fc.constant(0),
  topicData: fc.array(
    fc.record({ topic: fc.string({ minLength: 1, maxLength: 249 }), partitions: fc.array(partition) }),
    { maxLength: 3 },
  ),
});

async function bytesOf(version: number, encode: typeof protocol, args: ProduceArguments): Promise<string> {
  const encoded = await encode({ version })(args).request.encode();
  expect(encoded.size()).toBe(encoded.buffer.length);
  return encoded.buffer.toString('hex');
}

test('a request is the bytes that kafkajs makes of it', async () => {
  jest.spyOn(Date, 'now').mockReturnValue(1_767_322_996_789);
  const ours = encodeOurselves(protocol);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 3, max: 7 }), request, async (version, args) => {
      const arguments_ = args as unknown as ProduceArguments;
      expect(await bytesOf(version, ours, arguments_)).toBe(await bytesOf(version, protocol, arguments_));
    }),
    { numRuns: 150 },
  );
});

const one = (entry: object, more: object = {}) =>
  ({
    acks: -1,
    timeout: 1_000,
    producerId: '7',
    producerEpoch: 0,
    topicData: [
      {
        topic: 'failures',
        partitions: [{ partition: 0, firstSequence: 0, messages: [{ value: 'v', ...entry }] }],
      },
    ],
    ...more,
  }) as unknown as ProduceArguments;

test.each([
  [
    'a record with headers, 200 bytes long',
    one({ value: 'é'.repeat(100), headers: { a: 'b', c: ['d', 'e'] } }),
  ],
  ['more than 64 KiB', one({ value: Buffer.alloc(70_000, 'x') })],
  ['a record with a time of its own', one({ timestamp: '1700000000000' })],
  ['a compressed request', one({}, { compression: 1 })],
  ['a transaction', one({}, { transactionalId: 'ours' })],
])('%s is the bytes that kafkajs makes of it', async (_name, args) => {
  jest.spyOn(Date, 'now').mockReturnValue(1_767_322_996_789);
  expect(await bytesOf(7, encodeOurselves(protocol), args)).toBe(await bytesOf(7, protocol, args));
});

test.each([
  ['a header without a value', one({ headers: { a: undefined } })],
  ['headers that are null', one({ headers: null })],
])('%s is refused as kafkajs does', async (_name, args) => {
  await expect(bytesOf(7, encodeOurselves(protocol), args)).rejects.toThrow(/null|undefined/);
});

test('what a request asks for besides its bytes stays as it is', async () => {
  const { request: ours, response } = encodeOurselves(protocol)({ version: 7 })(one({}));
  const { request: theirs, response: theirResponse } = protocol({ version: 7 })(one({}));
  expect(JSON.stringify(ours)).toBe(JSON.stringify(theirs));
  expect(response).toBe(theirResponse);
});

test('before record batches, kafkajs encodes', async () => {
  expect(await bytesOf(1, encodeOurselves(protocol), one({ timestamp: '1' }))).toBe(
    await bytesOf(1, protocol, one({ timestamp: '1' })),
  );
});

const createRequest = require('kafkajs/src/protocol/request') as (parts: {
  correlationId: number;
  clientId: string;
  request: object;
}) => Promise<{ buffer: Buffer }>;

test.each([
  ['written before it, where it is', 'prodsentinel-ingest', true],
  ['copied with it, when there is no room', 'x'.repeat(300), false],
])("a request's head is %s", async (_name, clientId, isInPlace) => {
  mendProduceEncoding();
  const { request: ours } = encodeOurselves(protocol)({ version: 7 })(one({}));
  const body = await ours.encode();
  const { buffer } = await createRequest({
    correlationId: 5,
    clientId,
    request: { ...ours, encode: async () => body },
  });
  const expected = Buffer.concat([Buffer.alloc(14), Buffer.from(clientId), body.buffer]);
  expected.writeInt32BE(expected.length - 4, 0);
  // Produce is request 0, and this its version 7.
  expected.writeInt16BE(7, 6);
  expected.writeInt32BE(5, 8);
  expected.writeInt16BE(clientId.length, 12);
  expect(buffer.toString('hex')).toBe(expected.toString('hex'));
  body.buffer.fill(0);
  expect(buffer.subarray(14 + clientId.length).every((byte) => byte === 0)).toBe(isInPlace);
});
