import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import kafkajs from 'kafkajs';
import { createPartitioner } from '../src/partitioner.ts';

/** Computed by org.apache.kafka.common.utils.Utils.toPositive(murmur2(bytes)) of kafka-clients 4.4.0: of 12, of 48. */
const javaClient: [key: string, of12: number, of48: number][] = [
  ['', 9, 9],
  ['a', 4, 28],
  ['ab', 2, 26],
  ['abc', 3, 27],
  ['abcd', 8, 20],
  ['21', 0, 12],
  ['foobar', 6, 30],
  ['a-little-bit-long-string', 8, 32],
  ['a-little-bit-longer-string', 11, 35],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', 5, 29],
  ['4bf92f3577b34da6a3ce929d0e0e4736', 2, 26],
  ['00000000000000000000000000000001', 10, 22],
  ['checkout', 10, 34],
  ['production/v1:0123456789abcdef0123456789abcdef', 0, 12],
  ['018f3a5e-7c1b-7d2e-9f00-aabbccddeeff', 10, 10],
  ['Überweisung', 1, 1],
  ['支付', 7, 31],
  ['😀', 9, 33],
];

test.each(javaClient)('%j goes where the Java client sends it', (key, of12, of48) => {
  for (const keyForm of [key, Buffer.from(key)]) {
    expect(partitionOf(keyForm, 12)).toBe(of12);
    expect(partitionOf(keyForm, 48)).toBe(of48);
  }
});

test('any key goes where kafkajs sends it', () => {
  const key = fc.oneof(
    fc.string({ maxLength: 300 }),
    fc.string({ unit: 'binary' }),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  );
  fc.assert(
    fc.property(key, fc.integer({ min: 1, max: 1_000 }), (each, count) => {
      expect(partitionOf(each, count)).toBe(
        partitionOf(each, count, kafkajs.Partitioners.DefaultPartitioner),
      );
    }),
    { numRuns: 2_000 },
  );
});

test('a record with a partition goes there, and those without a key go everywhere', () => {
  const choose = createPartitioner();
  const partitionMetadata = metadataOf(3);
  const chosen = (message: { key?: string | null; partition?: number }) =>
    choose({ topic: 'failures', partitionMetadata, message: { value: null, ...message } });
  expect(chosen({ key: 'a', partition: 2 })).toBe(2);
  expect(chosen({ key: null, partition: 0 })).toBe(0);
  expect(new Set([1, 2, 3].map(() => chosen({ key: null })))).toEqual(new Set([0, 1, 2]));
});

function partitionOf(key: string | Buffer, count: number, create = createPartitioner): number {
  return create()({ topic: 'failures', partitionMetadata: metadataOf(count), message: { key, value: null } });
}

function metadataOf(count: number) {
  return Array.from({ length: count }, (_, partitionId) => ({
    partitionId,
    leader: 1,
    partitionErrorCode: 0,
    replicas: [1],
    isr: [1],
  }));
}
