import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type protobuf from 'protobufjs';
import { forgetClientErrors, writeClientErrorsAs, type WrittenProblem } from '../http/client-error.ts';
import type { ParsedItem } from '../http/parse-items.ts';
import { hangUpUnlessRead, HttpProblem } from '../http/problem.ts';
import { decodeOtlp, otlpEncodingOf, otlpMediaTypes, type OtlpMessage } from '../otlp/encoding.ts';
import { otlpMessages } from '../otlp/protocol.ts';
import { logsRequest, traceRequest } from '../otlp/request-shape.ts';
import { logItems, spanItems } from '../otlp/to-items.ts';
import { receive, type Answer, type FailuresRouteOptions } from './receive.ts';

/**
 * `POST /v1/logs` and `POST /v1/traces` as OTLP/HTTP 1.9 says: protobuf or JSON, answered in what the request came in; 200
 * even when items were refused (`partialSuccess`), a `google.rpc.Status` for what failed as a whole.
 */
export function addOtlpRoutes(
  app: FastifyInstance,
  options: FailuresRouteOptions,
  toProblem: (error: FastifyError) => HttpProblem,
): void {
  const add = <T>(signal: Signal<T>) =>
    app.post(signal.path, {
      onRequest: async ({ raw }) =>
        writeClientErrorsAs(raw, (problem) => writeStatus(raw.headers['content-type'], problem)),
      onResponse: async ({ raw }) => forgetClientErrors(raw),
      handler: (request, reply) => answerExport(request, reply, options, signal),
      errorHandler: (error, request, reply) => {
        sendStatus(request, reply, error instanceof HttpProblem ? error : toProblem(error));
      },
    });
  add({
    path: '/v1/logs',
    message: { type: otlpMessages.logsRequest, shape: logsRequest },
    response: otlpMessages.logsResponse,
    rejectedName: 'rejectedLogRecords',
    toItems: logItems,
  });
  add({
    path: '/v1/traces',
    message: { type: otlpMessages.traceRequest, shape: traceRequest },
    response: otlpMessages.traceResponse,
    rejectedName: 'rejectedSpans',
    toItems: spanItems,
  });
}

interface Signal<T> {
  readonly path: string;
  readonly message: OtlpMessage<T>;
  readonly response: protobuf.Type;
  readonly rejectedName: string;
  readonly toItems: (request: T) => Iterable<Record<string, unknown>>;
}

async function answerExport<T>(
  request: FastifyRequest,
  reply: FastifyReply,
  options: FailuresRouteOptions,
  signal: Signal<T>,
): Promise<FastifyReply> {
  const encoding = otlpEncodingOf(request.headers['content-type']);
  const { maxDepth, maxItems } = options.limits;
  const result = await receive(request, options, (body) => {
    const decoded = decodeOtlp(body, encoding, signal.message, maxDepth);
    return parsedItems(signal.toItems(decoded), maxItems, body.length);
  });
  const message = toPartialSuccess(result, signal.rejectedName);
  reply.code(200).type(otlpMediaTypes[encoding]);
  if (encoding === 'json') return reply.send(JSON.stringify(message));
  return reply.send(Buffer.from(signal.response.encode(signal.response.fromObject(message)).finish()));
}

/** How large an item is on its own is not known: the body's size stands for it, and the record's is checked later. */
function parsedItems(
  items: Iterable<Record<string, unknown>>,
  maxItems: number,
  bodyBytes: number,
): ParsedItem[] {
  const parsed: ParsedItem[] = [];
  for (const json of items) {
    if (parsed.length === maxItems) {
      throw new HttpProblem(413, 'too_many_items', `the body holds more than ${maxItems} items (MAX_ITEMS)`);
    }
    parsed.push({ kind: 'parsed', json, bytes: bodyBytes });
  }
  return parsed;
}

/** Filtered records are no rejections: that they are not passed on is policy. 64-bit numbers are texts in OTLP/JSON. */
function toPartialSuccess({ refused }: Answer, rejectedName: string): Record<string, unknown> {
  if (refused.length === 0) return {};
  const shown = refused
    .slice(0, maxReasons)
    .map(({ index, reason, path }) => `item ${index}${path ? ` (${path})` : ''}: ${reason}`);
  const errorMessage = shown.join('; ') + (refused.length > maxReasons ? '; and others' : '');
  return { partialSuccess: { [rejectedName]: String(refused.length), errorMessage } };
}

const maxReasons = 20;

function sendStatus(request: FastifyRequest, reply: FastifyReply, problem: HttpProblem): void {
  const { mediaType, body } = writeStatus(request.headers['content-type'], problem);
  void hangUpUnlessRead(reply)
    .code(problem.status)
    .headers({ ...problem.details.headers })
    .type(mediaType)
    .send(body);
}

/** A `google.rpc.Status` in the encoding that was sent; JSON when it was neither. */
function writeStatus(contentType: string | undefined, problem: HttpProblem): WrittenProblem {
  const { status: type } = otlpMessages;
  const status = {
    code: grpcCodes.get(problem.status) ?? (problem.status < 500 ? 3 : 13),
    message: `${problem.code}: ${problem.message}`,
  };
  const isProtobuf = (contentType ?? '').toLowerCase().startsWith(otlpMediaTypes.protobuf);
  return isProtobuf
    ? { mediaType: otlpMediaTypes.protobuf, body: Buffer.from(type.encode(type.create(status)).finish()) }
    : { mediaType: otlpMediaTypes.json, body: Buffer.from(JSON.stringify(status)) };
}

/** google.rpc.Code by HTTP status: UNAUTHENTICATED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE; else INVALID_ARGUMENT or INTERNAL. */
const grpcCodes = new Map([
  [401, 16],
  [408, 4],
  [429, 8],
  [503, 14],
]);
