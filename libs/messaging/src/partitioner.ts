import kafkajs, { type ICustomPartitioner } from 'kafkajs';
import { murmur2 } from './murmur2.ts';

/**
 * Where a record with a key goes: murmur2 of the key's bytes, its sign bit cleared, modulo the number of partitions, as
 * Kafka's Java client does. Everybody who writes one key must agree on it, and nobody may ever change it. Without a key, or
 * with a partition of its own, a record goes where kafkajs sends it; with a key kafkajs takes 3 µs to say the same.
 */
export const createPartitioner: ICustomPartitioner = () => {
  const withoutKey = kafkajs.Partitioners.DefaultPartitioner();
  return (input) => {
    const { key, partition } = input.message;
    if (key === null || key === undefined || (partition ?? undefined) !== undefined) return withoutKey(input);
    return (murmur2(key) & 0x7f_ff_ff_ff) % input.partitionMetadata.length;
  };
};
