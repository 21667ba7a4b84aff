import { randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { isAppError } from '@prodsentinel/kernel';
import type { Producer } from '@prodsentinel/messaging';
import { identifyRequest, type RequestIdentity } from '../domain/signal-id.ts';
import { parseTraceparent, type TraceContext } from '../domain/trace-context.ts';
import type { InFlightBytes } from '../http/in-flight-bytes.ts';
import type { ItemLimits, ParsedItem } from '../http/parse-items.ts';
import { HttpProblem } from '../http/problem.ts';
import { readBody } from '../http/read-body.ts';
import type { IngestMetrics } from '../metrics.ts';
import { publish } from '../publish.ts';
import { senderOf } from '../senders/admission.ts';
import { triage, type Refusal, type Triage } from '../triage.ts';

export interface FailuresRouteOptions {
  readonly producer: Producer;
  readonly inFlight: InFlightBytes;
  readonly metrics: IngestMetrics;
  readonly limits: ItemLimits & { readonly maxBodyBytes: number };
  readonly minSeverityNumber: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface Answer {
  /** Items that Kafka has acknowledged. */
  readonly accepted: number;
  /** Items that were fine and not severe enough to pass on. */
  readonly filtered: number;
  readonly refused: readonly Refusal[];
}

/**
 * What all ways in have in common: reads the body, cuts it into items with `toItems`, sends what is passed on and says what
 * became of each item, once Kafka has acknowledged.
 *
 * @throws HttpProblem when the request as a whole was not done, or its outcome is unknown
 */
export async function receive(
  request: FastifyRequest,
  options: FailuresRouteOptions,
  toItems: (body: Buffer) => Iterable<ParsedItem>,
): Promise<Answer> {
  const share = options.inFlight.open();
  try {
    const body = await readBody(request.raw, { maxBytes: options.limits.maxBodyBytes, share });
    const sender = senderOf(request);
    const identity = identifyRequest(sender?.name, headerOf(request, 'idempotency-key'), body);
    const trace = parseTraceparent(headerOf(request, 'traceparent'));
    const context = {
      identity,
      trace,
      headers: toKafkaHeaders(request, trace),
      environment: sender?.environment,
      receivedAt: options.now() * 1000,
      newUuid: randomUUID,
    };
    const triaged = await triage(toItems(body), context, options.minSeverityNumber);
    const unwritable = await publishOrProblem(options.producer, triaged.records, identity);
    const refused = unwritable.size === 0 ? triaged.refused : inOrder(triaged, unwritable);
    const accepted = triaged.records.length - unwritable.size;
    options.metrics.countItems('accepted', accepted);
    options.metrics.countItems('filtered', triaged.filtered);
    options.metrics.countItems('refused', refused.length);
    return { accepted, filtered: triaged.filtered, refused };
  } finally {
    share.release();
  }
}

async function publishOrProblem(
  producer: Producer,
  records: Parameters<typeof publish>[1],
  identity: RequestIdentity,
): Promise<Set<number>> {
  try {
    return await publish(producer, records);
  } catch (error) {
    if (!isAppError(error)) throw error;
    const headers = { 'retry-after': '5' };
    if (error.code === 'unavailable') {
      throw new HttpProblem(503, 'kafka_unavailable', 'Kafka is away: nothing was sent, try again', {
        headers,
      });
    }
    if (error.code === 'unknown_outcome') {
      throw new HttpProblem(503, 'unknown_outcome', unknownOutcome(identity), { headers });
    }
    throw error;
  }
}

function unknownOutcome({ isDeclared }: RequestIdentity): string {
  const outcome =
    'Kafka did not acknowledge in time: the outcome is unknown, some or all items may have been taken';
  const advice = isDeclared
    ? 'repeating the request with the same Idempotency-Key is safe'
    : 'repeating the same bytes is safe for items that carry an id or a time of their own; a request with an Idempotency-Key can always be repeated with the same key';
  return `${outcome}; ${advice}`;
}

/** All that was refused, in the order of the request. */
function inOrder({ refused, indexes }: Triage, unwritable: ReadonlySet<number>): Refusal[] {
  const more = [...unwritable].map((at) => ({
    index: indexes[at]!,
    code: 'unwritable_item',
    reason: 'cannot be written to Kafka: too large, or not of the schema',
    path: '',
  }));
  return [...refused, ...more].toSorted((a, b) => a.index - b.index);
}

/** `tracestate` counts only beside a valid `traceparent` (W3C). */
function toKafkaHeaders(
  request: FastifyRequest,
  trace: TraceContext | undefined,
): Readonly<Record<string, string>> {
  if (!trace) return noHeaders;
  const tracestate = headerOf(request, 'tracestate');
  const isKept = tracestate !== undefined && tracestate.length <= maxTracestateLength;
  return { traceparent: trace.traceparent, ...(isKept ? { tracestate } : {}) };
}

const noHeaders = {};
const maxTracestateLength = 512;

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}
