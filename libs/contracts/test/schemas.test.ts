import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { generateTypes } from '../src/generate-types.ts';
import { avroTypeOf, emptyRecord, readSchemaText, topics } from '../src/index.ts';

test('the TypeScript types are those of the schemas', () => {
  const committed = readFileSync(join(import.meta.dirname, '..', 'src', 'generated-types.ts'), 'utf8');
  expect(generateTypes()).toBe(committed);
});

describe.each(topics)('the schema of %s', (topic) => {
  const schema = JSON.parse(readSchemaText(topic)) as RecordSchema;

  test('gives every field a default, so that it can be added and removed under FULL_TRANSITIVE', () => {
    expect(recordsIn(schema).flatMap(fieldsWithoutDefault)).toEqual([]);
  });

  test('has no Avro enum: a closed set that travels as one could never gain a value', () => {
    expect(JSON.stringify(schema)).not.toContain('"enum"');
  });

  test('makes optional fields null first, with default null', () => {
    const optional = recordsIn(schema).flatMap(({ fields }) =>
      fields.filter(({ type }) => Array.isArray(type)),
    );
    expect(
      optional.filter(({ type, default: value }) => (type as unknown[])[0] !== 'null' || value !== null),
    ).toEqual([]);
  });

  test('survives the way to bytes and back', () => {
    const record = emptyRecord(topic);
    const type = avroTypeOf(topic);
    expect({ ...(type.fromBuffer(type.toBuffer(record)) as object) }).toEqual(record);
  });
});

test('a record shared by two schemas must be the same in both', () => {
  const evidence = topics
    .flatMap((topic) => recordsIn(JSON.parse(readSchemaText(topic)) as RecordSchema))
    .filter(({ name }) => name === 'EvidenceSignal');
  expect(evidence.length).toBe(3);
  expect(new Set(evidence.map((record) => JSON.stringify(record))).size).toBe(1);
});

interface RecordSchema {
  name: string;
  fields: { name: string; type: unknown; default?: unknown }[];
}

function recordsIn(schema: unknown): RecordSchema[] {
  if (Array.isArray(schema)) return schema.flatMap(recordsIn);
  if (typeof schema !== 'object' || schema === null) return [];
  const inner = Object.values(schema).flatMap(recordsIn);
  return 'fields' in schema ? [schema as RecordSchema, ...inner] : inner;
}

function fieldsWithoutDefault({ name, fields }: RecordSchema): string[] {
  return fields.filter((field) => !('default' in field)).map((field) => `${name}.${field.name}`);
}
