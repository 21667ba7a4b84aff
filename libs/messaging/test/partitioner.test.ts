import { expect, test } from '@jest/globals';
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

function partitionOf(key: string | Buffer, count: number): number {
  const partitionMetadata = Array.from({ length: count }, (_, partitionId) => ({
    partitionId,
    leader: 1,
    partitionErrorCode: 0,
    replicas: [1],
    isr: [1],
  }));
  return createPartitioner()({ topic: 'failures', partitionMetadata, message: { key, value: null } });
}
