import type protobuf from 'protobufjs';
import type { z } from 'zod';
import { parseItems } from '../http/parse-items.ts';
import { HttpProblem } from '../http/problem.ts';

export type OtlpEncoding = 'json' | 'protobuf';

export const otlpMediaTypes = { json: 'application/json', protobuf: 'application/x-protobuf' } as const;

/** @throws HttpProblem 415 when the Content-Type is neither of the two that OTLP/HTTP knows */
export function otlpEncodingOf(contentType: string | undefined): OtlpEncoding {
  const mediaType = (contentType ?? '').toLowerCase().split(';')[0]!.trim();
  if (mediaType === otlpMediaTypes.json) return 'json';
  if (mediaType === otlpMediaTypes.protobuf) return 'protobuf';
  throw new HttpProblem(
    415,
    'unsupported_media_type',
    'Content-Type: expected application/x-protobuf or application/json',
    { headers: { accept: 'application/x-protobuf, application/json' } },
  );
}

export interface OtlpMessage<T> {
  readonly type: protobuf.Type;
  readonly shape: z.ZodType<T>;
}

/**
 * Reads an export request. Both encodings are checked against one shape.
 *
 * @throws HttpProblem 400 when the body is not what its Content-Type says, with the place where one is known
 */
export function decodeOtlp<T>(
  body: Buffer,
  encoding: OtlpEncoding,
  { type, shape }: OtlpMessage<T>,
  maxDepth: number,
): T {
  const plain = encoding === 'json' ? parseWhole(body, maxDepth) : decodeProtobuf(body, type);
  const result = shape.safeParse(plain);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  // Neither the sender's keys nor values can stand in the path: it holds names of the protocol and indexes.
  throw malformed(`${issue?.path.map(String).join('.') || 'the body'}: not of the OTLP shape`);
}

/** The levels that resource, scope and record take before an attribute's own nesting begins. */
const envelopeDepth = 12;

function parseWhole(body: Buffer, maxDepth: number): unknown {
  const limits = { maxItems: 1, maxItemBytes: Number.POSITIVE_INFINITY, maxDepth: maxDepth + envelopeDepth };
  // An array at the top would be cut into items.
  if (/^\s*\[/.test(body.toString('latin1', 0, 100))) throw malformed('the body: expected a JSON object');
  const [item] = parseItems(body, 'json', limits);
  if (!item || item.kind === 'oversized') throw malformed(`the body: ${item?.reason ?? 'expected JSON'}`);
  return item.json;
}

function decodeProtobuf(body: Buffer, type: protobuf.Type): unknown {
  try {
    return type.toObject(type.decode(body), { longs: String, enums: Number });
  } catch {
    // What protobufjs says may quote what was sent.
    throw malformed('the body is not the protobuf message that this path takes, or is cut short');
  }
}

function malformed(what: string): HttpProblem {
  return new HttpProblem(400, 'malformed_body', `${what}; nothing was sent`);
}
