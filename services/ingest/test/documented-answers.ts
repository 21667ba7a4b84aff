import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { openApiDocument } from '../src/openapi/document.ts';
import { otlpMessages } from '../src/otlp/protocol.ts';

export interface SeenAnswer {
  /** Of the route, as it was declared. */
  readonly path: string;
  readonly method: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
  readonly body: Buffer;
}

interface DocumentedResponse {
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content: Readonly<Record<string, { readonly schema?: object }>>;
}

type Operation = { readonly responses: Readonly<Record<string, DocumentedResponse>> };

export const document = openApiDocument() as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: object;
};

const ajv = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false, allErrors: true });
const validators = new WeakMap<object, ValidateFunction>();

/** What of an answer the OpenAPI document does not say; undefined: it is as documented. */
export function undocumented(answer: SeenAnswer): string | undefined {
  const where = `${answer.method} ${answer.path} ${answer.status}`;
  const operation = document.paths[answer.path]?.[answer.method.toLowerCase()];
  if (!operation) return `${where}: the operation is not documented`;
  const response = operation.responses[answer.status];
  if (!response) return `${where}: the status is not documented`;
  const missing = Object.keys(response.headers ?? {}).find((name) => !answer.headers[name.toLowerCase()]);
  if (missing) return `${where}: without the header ${missing}`;
  const mediaType = [answer.headers['content-type']].flat().join().split(';')[0]!;
  const content = response.content[mediaType];
  if (!content) return `${where}: the media type ${mediaType} is not documented`;
  if (answer.method === 'HEAD') return undefined;
  const fault = content.schema
    ? faultOfJson(content.schema, answer.body)
    : faultOfProtobuf(answer.path, answer.status, answer.body);
  return fault === undefined ? undefined : `${where}: ${fault}`;
}

function faultOfJson(schema: object, body: Buffer): string | undefined {
  const validate = validators.get(schema) ?? compile(schema);
  validators.set(schema, validate);
  return validate(JSON.parse(body.toString())) ? undefined : ajv.errorsText(validate.errors);
}

/** Also used for what the document says of requests. */
export function compile(schema: object): ValidateFunction {
  return ajv.compile({ ...schema, components: document.components });
}

function faultOfProtobuf(path: string, status: number, body: Buffer): string | undefined {
  const success = path === '/v1/logs' ? otlpMessages.logsResponse : otlpMessages.traceResponse;
  try {
    (status === 200 ? success : otlpMessages.status).decode(body);
    return undefined;
  } catch (error) {
    return `not the protobuf message: ${String(error)}`;
  }
}

ajv.addVocabulary(['components']);
