export { createCodec, type Codec } from './codec.ts';
export { createConsumer } from './consumer.ts';
export type { ConsumerOptions } from './consumer-options.ts';
export type { ConsumerLimits } from './consumer-limits.ts';
export {
  createCrashMemory,
  createProcessCrashes,
  defaultMaxCrashes,
  type CrashMemory,
  type ProcessCrashes,
} from './crash-memory.ts';
export type { CrashMark, CrashStore, Suspicion } from './crash-store.ts';
export { classifyError, type ErrorClass } from './errors.ts';
export { createProcessHaltStore, type Halt, type HaltStore } from './halt-store.ts';
export type { ConnectionSecurity, KafkaConnection, MessagingLogger } from './kafka-client.ts';
export { countRecords, readLag } from './lag.ts';
export { openCodec, type CodecSettings } from './open-codec.ts';
export {
  done,
  held,
  type AnyRecord,
  type AssignmentListener,
  type BatchHandler,
  type Consumer,
  type IncomingRecord,
  type Outcome,
  type OutgoingRecord,
  type Position,
  type Producer,
  type RecordHandler,
} from './port.ts';
export {
  hasReached,
  readFinishedUntil,
  readTopicEnds,
  type GroupOnTopic,
  type TopicEnds,
} from './progress.ts';
export { createProducer, type ProducerOptions } from './producer.ts';
export { RawProducer, type HeaderValue, type ProducerLimits, type RawMessage } from './raw-producer.ts';
export { foldTopic, readTopic, type ReadTopicOptions, type StoredRecord } from './read-topic.ts';
export { createRedisCrashStore } from './redis-crash-store.ts';
export { createRedriveMemory, type RedriveMemory } from './redrive-memory.ts';
export type { RecordSource } from './redrive-source.ts';
export { createRedisHaltStore, type RedisHashes } from './redis-halt-store.ts';
export { openSchemaCache, type SchemaCache, type SchemaCacheOptions } from './schema-cache.ts';
export { setUp, type SetupOptions } from './setup.ts';
export { toRedrivenMessage, toStoredDeadLetter, type StoredDeadLetter } from './stored-dead-letter.ts';
export { verifyTopics } from './topic-check.ts';
export { unpackDeadLetter } from './unpack-dead-letter.ts';
