import { failureSignalJsonSchema } from '@prodsentinel/contracts';

type Schema = Readonly<Record<string, unknown>>;

const count: Schema = { type: 'integer', minimum: 0 };

const answerMembers = {
  accepted: { ...count, description: 'Items that Kafka has acknowledged' },
  filtered: { ...count, description: 'Items that were fine and not severe enough to pass on' },
  refused: { type: 'array', items: { $ref: '#/components/schemas/Refusal' } },
};

const place: Schema = {
  type: 'object',
  description: 'Where the body stops being what it should be',
  properties: { line: { type: 'integer' }, column: { type: 'integer' }, offset: count },
  required: ['line', 'column', 'offset'],
  additionalProperties: false,
};

const problemMembers = {
  type: { const: 'about:blank' },
  title: { type: 'string' },
  status: { type: 'integer' },
  code: { type: 'string', description: 'For programs' },
  detail: { type: 'string', description: 'For people; nothing that was sent is quoted' },
};

/** The named schemas of the document. */
export function namedSchemas(): Schema {
  return {
    FailureSignal: {
      ...withoutDialect(failureSignalJsonSchema()),
      description:
        'Field names of common loggers are understood in place of these (README of ingest); what is no field becomes an attribute',
    },
    Answer: closedObject(answerMembers),
    Refusal: closedObject({
      index: { ...count, description: 'Of the item, from 0; blank lines do not count' },
      code: { enum: ['invalid_item', 'item_too_large', 'item_too_deep', 'unwritable_item'] },
      reason: { type: 'string' },
      path: { type: 'string', description: 'The field by its name in FailureSignal; empty: the whole item' },
    }),
    Problem: {
      type: 'object',
      description: 'Problem details (RFC 9457)',
      properties: { ...problemMembers, place },
      required: Object.keys(problemMembers),
    },
    AllRefused: {
      type: 'object',
      properties: { ...problemMembers, ...answerMembers },
      required: [...Object.keys(problemMembers), ...Object.keys(answerMembers)],
    },
    Status: closedObject({
      code: { type: 'integer', description: 'google.rpc.Code' },
      message: { type: 'string', description: 'The code of the problem, a colon, and what is wrong' },
    }),
    LogsAnswer: exportAnswer('rejectedLogRecords'),
    TracesAnswer: exportAnswer('rejectedSpans'),
  };
}

function exportAnswer(rejectedName: string): Schema {
  const partialSuccess = closedObject({
    [rejectedName]: { type: 'string', pattern: '^[0-9]+$' },
    errorMessage: { type: 'string' },
  });
  return { type: 'object', properties: { partialSuccess }, additionalProperties: false };
}

function closedObject(properties: Schema): Schema {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
}

/** OpenAPI 3.1 names the dialect for the document as a whole. */
function withoutDialect(schema: Schema): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => name !== '$schema'));
}
