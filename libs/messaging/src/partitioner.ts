import kafkajs, { type ICustomPartitioner } from 'kafkajs';

/**
 * Where a record with a key goes: murmur2 of the key's bytes, its sign bit cleared, modulo the number of partitions, as
 * Kafka's Java client does. Everybody who writes one key must agree on it, and nobody may ever change it.
 */
export const createPartitioner: ICustomPartitioner = kafkajs.Partitioners.DefaultPartitioner;
