import { gzipSync } from 'node:zlib';
import { expect } from '@jest/globals';
import { emptyRecord } from '@prodsentinel/contracts';
import { Oracle } from '@prodsentinel/fault-tools';
import type { RunningIngest } from './running-ingest.ts';

/** Requests of several failures each, by all doors in turn, and an account of what became of each failure. */
export class AuditedLoad {
  readonly oracle = new Oracle();
  readonly statuses = new Map<number, number>();
  readonly #ingest: RunningIngest;
  readonly #expected = new Map<string, object>();
  #requests = 0;

  constructor(ingest: RunningIngest) {
    this.#ingest = ingest;
  }

  get acknowledged(): number {
    return this.oracle.acknowledgedIds.length;
  }

  /** The next request; how its ids fared is for the caller to say. */
  next(items = 3): { ids: string[]; path: string; headers: Record<string, string>; body: Buffer } {
    const ids = this.oracle.issue(items);
    const door = doors[this.#requests++ % doors.length]!;
    for (const id of ids) this.#expected.set(id, door.expected(id));
    return { ids, ...door.request(ids) };
  }

  /** Sends one request and notes the answer; undefined: there was none. */
  async send(): Promise<number | undefined> {
    const { ids, path, headers, body } = this.next();
    let answer: Response;
    let text: string;
    try {
      answer = await fetch(`${this.#ingest.url}${path}`, { method: 'POST', headers, body });
      text = await answer.text();
    } catch {
      // The connection broke: what it sent may be in Kafka or not.
      this.oracle.unknown(ids);
      return undefined;
    }
    this.statuses.set(answer.status, (this.statuses.get(answer.status) ?? 0) + 1);
    if (answer.status === 202 || answer.status === 200) this.oracle.acknowledge(ids);
    else if (/kafka_unavailable|overloaded/.test(text)) this.oracle.refuse(ids);
    else this.oracle.unknown(ids);
    return answer.status;
  }

  /** Holds all that lies in Kafka against what was answered, and every record against its documented mapping. */
  async audit(): Promise<ReturnType<Oracle['account']>> {
    const records = await this.#ingest.readAll();
    const account = this.oracle.account(records.map(({ value }) => idOf(value)));
    expect(account).toMatchObject({ lost: [], neverIssued: [], seenThoughRefused: [] });
    for (const record of records) expect(record).toEqual(this.#expected.get(idOf(record.value)));
    return account;
  }
}

const traceId = '0af7651916cd43dd8448eb211c80319c';
const occurredAt = Date.UTC(2026, 0, 2, 3, 4, 5, 123) * 1000 + 456;
const common = {
  ...emptyRecord('failures'),
  traceId,
  service: 'cart',
  severityNumber: 17,
  occurredAt,
  receivedAt: expect.any(Number),
};

function toItem(id: string): object {
  const err = { type: 'Refused', message: 'card expired', code: 'C1' };
  const origin = { 'service.name': 'cart', trace_id: traceId, tenant: 'a' };
  return { signal_id: id, ...origin, level: 50, msg: id, time: '2026-01-02T03:04:05.123456Z', err };
}

function expectedOfItem(id: string): object {
  const exception = { type: 'Refused', message: 'card expired', stack: null, causes: [] };
  const attributes = { tenant: 'a', 'err.code': 'C1' };
  const value = { ...common, signalId: id, severityText: 'error', message: id, exception, attributes };
  return { key: traceId, value };
}

const doors = [
  {
    request: (ids: readonly string[]) => ({
      path: '/v1/failures',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify(ids.map(toItem))),
    }),
    expected: expectedOfItem,
  },
  {
    request: (ids: readonly string[]) => ({
      path: '/ingest/logs',
      headers: { 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' },
      body: gzipSync(ids.map((id) => JSON.stringify(toItem(id))).join('\n')),
    }),
    expected: expectedOfItem,
  },
  {
    request: (ids: readonly string[]) => ({
      path: '/v1/logs',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify(toLogs(ids))),
    }),
    expected: (id: string) => ({
      key: traceId,
      value: {
        ...common,
        signalId: expect.stringMatching(/^[0-9a-f]{64}:\d+$/),
        message: id,
        attributes: { region: 'eu' },
      },
    }),
  },
];

function toLogs(ids: readonly string[]): object {
  const attributes = [
    { key: 'service.name', value: { stringValue: 'cart' } },
    { key: 'region', value: { stringValue: 'eu' } },
  ];
  const logRecords = ids.map((id) => ({
    timeUnixNano: `${occurredAt}000`,
    severityNumber: 17,
    traceId,
    body: { stringValue: id },
  }));
  return { resourceLogs: [{ resource: { attributes }, scopeLogs: [{ logRecords }] }] };
}

function idOf({ message }: { message: string }): string {
  return message;
}
