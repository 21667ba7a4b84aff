import { problemMediaType } from '../http/problem.ts';
import { otlpMediaTypes } from '../otlp/encoding.ts';
import { allRefused, routeProblems, unroutedProblems, type ProblemAnswer } from './answers.ts';
import { namedSchemas } from './schemas.ts';

type Json = Readonly<Record<string, unknown>>;

export const openApiPath = '/openapi.json';

/** The OpenAPI 3.1 document of ingest's HTTP side. Tests hold every answer of theirs against it. */
export function openApiDocument(): Json {
  return {
    openapi: '3.1.1',
    info: {
      title: 'ProdSentinel ingest',
      version: '1.0.0',
      description:
        'Failures in, Kafka out. Success is answered only when Kafka has acknowledged. Other methods are answered 405, other paths 404, as problem details.',
    },
    paths: {
      '/v1/failures': { post: failuresOperation('sendFailures') },
      '/ingest/logs': { post: failuresOperation('sendFailuresByFormerName') },
      '/v1/logs': { post: otlpOperation('exportLogs', 'LogsAnswer') },
      '/v1/traces': { post: otlpOperation('exportTraces', 'TracesAnswer') },
      [openApiPath]: { get: documentOperation('getDocument'), head: documentOperation('headDocument') },
    },
    components: {
      schemas: namedSchemas(),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'Where ingest was given tokens' },
      },
    },
  };
}

function failuresOperation(operationId: string): Json {
  const item = { $ref: '#/components/schemas/FailureSignal' };
  const lines = { schema: { type: 'string', description: 'One object a line' } };
  return {
    operationId,
    summary: 'One failure signal, an array, or one a line',
    security: openOrToken,
    parameters: [...requestHeaders, header('Idempotency-Key', 'Makes a repeated request count once')],
    requestBody: {
      required: true,
      content: {
        'application/json': { schema: { oneOf: [item, { type: 'array', items: item }] } },
        'application/x-ndjson': lines,
        'application/ndjson': lines,
      },
    },
    responses: {
      202: { description: 'Every item was taken or filtered', content: answerContent },
      207: { description: 'Some items were refused', content: answerContent },
      422: problem([allRefused], problemDetails),
      ...problemResponses((answers) => problem(answers, problemDetails)),
    },
  };
}

const answerContent = { 'application/json': { schema: { $ref: '#/components/schemas/Answer' } } };

function otlpOperation(operationId: string, schema: string): Json {
  const protobuf = { [otlpMediaTypes.protobuf]: {} };
  return {
    operationId,
    summary: 'OTLP/HTTP 1.9',
    externalDocs: { url: 'https://opentelemetry.io/docs/specs/otlp/' },
    security: openOrToken,
    parameters: requestHeaders,
    requestBody: { content: { [otlpMediaTypes.json]: { schema: { type: 'object' } }, ...protobuf } },
    responses: {
      200: {
        description: 'Taken or filtered; `partialSuccess` names what was refused',
        content: {
          [otlpMediaTypes.json]: { schema: { $ref: `#/components/schemas/${schema}` } },
          ...protobuf,
        },
      },
      ...problemResponses((answers, unrouted) =>
        problem(answers, (each) => ({
          [otlpMediaTypes.json]: { schema: statusSchema(each) },
          ...protobuf,
          ...(unrouted.length > 0 ? problemDetails(unrouted) : {}),
        })),
      ),
    },
  };
}

function documentOperation(operationId: string): Json {
  return {
    operationId,
    summary: 'This document; needs no token',
    responses: {
      200: { description: 'This document', content: { 'application/json': { schema: { type: 'object' } } } },
      ...Object.fromEntries(
        unroutedProblems.map((each) => [each.status, problem([each], problemDetails)] as const),
      ),
    },
  };
}

const openOrToken = [{}, { token: [] }];
const requestHeaders = [
  header('Content-Encoding', 'gzip, zstd, deflate or none'),
  header('traceparent', 'W3C trace context; stands in for a missing trace id'),
  header('tracestate', 'Travels beside a valid traceparent'),
];

function header(name: string, description: string): Json {
  return { name, in: 'header', required: false, description, schema: { type: 'string' } };
}

/** One response for each status; `unrouted` are those of its answers that come as problem details on every path. */
function problemResponses(
  toResponse: (answers: readonly ProblemAnswer[], unrouted: readonly ProblemAnswer[]) => Json,
): Json {
  const statuses = new Set([...routeProblems, ...unroutedProblems].map(({ status }) => status));
  return Object.fromEntries(
    [...statuses].map((status) => {
      const of = (answers: readonly ProblemAnswer[]) => answers.filter((each) => each.status === status);
      return [status, toResponse([...of(routeProblems), ...of(unroutedProblems)], of(unroutedProblems))];
    }),
  );
}

function problem(
  answers: readonly ProblemAnswer[],
  toContent: (answers: readonly ProblemAnswer[]) => Json,
): Json {
  const headers = Object.assign({}, ...answers.map((each) => each.headers ?? {})) as Record<string, string>;
  return {
    description: [...new Set(answers.map(({ when }) => when))].join('. '),
    ...(Object.keys(headers).length > 0 && {
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, description]) => [
          name,
          { description, required: true, schema: { type: 'string' } },
        ]),
      ),
    }),
    content: toContent(answers),
  };
}

function problemDetails(answers: readonly ProblemAnswer[]): Json {
  const base = answers.includes(allRefused) ? 'AllRefused' : 'Problem';
  return {
    [problemMediaType]: {
      schema: {
        allOf: [{ $ref: `#/components/schemas/${base}` }],
        properties: { status: { const: answers[0]!.status }, code: { enum: codesOf(answers) } },
        unevaluatedProperties: false,
      },
    },
  };
}

function statusSchema(answers: readonly ProblemAnswer[]): Json {
  return {
    allOf: [{ $ref: '#/components/schemas/Status' }],
    properties: { message: { pattern: `^(${codesOf(answers).join('|')}): ` } },
  };
}

function codesOf(answers: readonly ProblemAnswer[]): string[] {
  return [...new Set(answers.flatMap(({ codes }) => codes))];
}
