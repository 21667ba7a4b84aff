import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import avro from 'avsc';
import type { Topic } from './topics.ts';
import type {
  AnalysisCompleted,
  AnalysisRequested,
  FailureSignal,
  TracesObserved,
} from './generated-types.ts';

/** The record type of each topic: what TypeScript, Avro and the registry agree on. */
export interface RecordOf {
  failures: FailureSignal;
  observations: TracesObserved;
  'analysis-requests': AnalysisRequested;
  analyses: AnalysisCompleted;
}

const directory = join(import.meta.dirname, '..', '..', '..', 'schemas');

/** The text of `schemas/TOPIC.avsc`. */
export function readSchemaText(topic: Topic): string {
  return readFileSync(join(directory, `${topic}.avsc`), 'utf8');
}

const types = new Map<Topic, avro.Type>();

/** The compiled Avro type of a topic's records, by this build's schema. */
export function avroTypeOf(topic: Topic): avro.Type {
  let type = types.get(topic);
  if (!type) types.set(topic, (type = avro.Type.forSchema(JSON.parse(readSchemaText(topic)) as avro.Schema)));
  return type;
}

/** A record in which every field has the schema's default. */
export function emptyRecord<T extends Topic>(topic: T): RecordOf[T] {
  const type = avroTypeOf(topic) as avro.types.RecordType;
  return Object.fromEntries(
    type.fields.map((field) => [field.name, field.defaultValue() as unknown]),
  ) as unknown as RecordOf[T];
}
