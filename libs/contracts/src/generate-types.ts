import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

type Schema =
  string | Schema[] | { type: Schema; name?: string; items?: Schema; logicalType?: string; fields?: Field[] };
interface Field {
  name: string;
  doc?: string;
  type: Schema;
}
interface RecordSchema {
  name: string;
  doc?: string;
  fields: Field[];
}

const directory = join(import.meta.dirname, '..', '..', '..', 'schemas');

/**
 * TypeScript for every record in `schemas/*.avsc`. A record named in two files must be the same in both: the schemas are
 * self-contained, so shared records stand in each file that uses them.
 */
export function generateTypes(): string {
  const records = new Map<string, RecordSchema>();
  for (const file of readdirSync(directory).toSorted()) {
    collectRecords(JSON.parse(readFileSync(join(directory, file), 'utf8')) as Schema, records, file);
  }
  const interfaces = [...records.values()].map((record) => toInterface(record));
  return [
    '// Generated from schemas/*.avsc by `npm run contracts:generate`. Do not edit.',
    '/** Microseconds since 1970-01-01T00:00Z, a whole number. */',
    'export type TimestampMicros = number;',
    '',
    interfaces.join('\n\n'),
    '',
  ].join('\n');
}

function collectRecords(schema: Schema, records: Map<string, RecordSchema>, file: string): void {
  if (typeof schema === 'string') return;
  if (Array.isArray(schema)) return schema.forEach((each) => collectRecords(each, records, file));
  if (schema.items) collectRecords(schema.items, records, file);
  if (!schema.fields || !schema.name) return;
  const known = records.get(schema.name);
  if (known && JSON.stringify(known.fields) !== JSON.stringify(schema.fields)) {
    throw new Error(`${file}: record ${schema.name} differs from the one of that name in another schema`);
  }
  for (const field of schema.fields) collectRecords(field.type, records, file);
  records.set(schema.name, { ...schema, name: schema.name, fields: schema.fields });
}

function toInterface({ name, doc, fields }: RecordSchema): string {
  const lines = fields.flatMap((field) => [
    ...(field.doc ? [`  /** ${field.doc} */`] : []),
    `  ${field.name}: ${toType(field.type)};`,
  ]);
  return [...(doc ? [`/** ${doc} */`] : []), `export interface ${name} {`, ...lines, '}'].join('\n');
}

function toType(schema: Schema): string {
  if (Array.isArray(schema)) return schema.map((each) => toType(each)).join(' | ');
  if (typeof schema === 'object') {
    if (schema.logicalType === 'timestamp-micros') return 'TimestampMicros';
    if (schema.type === 'array') return `${toType(schema.items ?? 'null')}[]`;
    if (schema.type === 'map') return `Record<string, string>`;
    return schema.name ?? toType(schema.type);
  }
  if (['int', 'long', 'double', 'float'].includes(schema)) return 'number';
  return schema;
}
