import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { emptyRecord, type AnalysisCompleted, type TracesObserved } from '@prodsentinel/contracts';
import { listIncidents, readTotals, showIncident } from '@prodsentinel/database';
import { newId } from '@prodsentinel/kernel';
import { done, type AnyRecord, type Outcome } from '@prodsentinel/messaging';
import { Registry } from 'prom-client';
import { createMetrics } from '../src/metrics.ts';
import { createPersistPipeline, type PersistedTopic, type PipelineDependencies } from '../src/pipeline.ts';
import { fingerprint, observationOf, rules, startMicros, windowOf } from './observations.ts';
import { openPersisterDatabase, type PersisterDatabase } from './persister-database.ts';

let persister: PersisterDatabase;
beforeAll(async () => {
  persister = await openPersisterDatabase();
});
afterAll(() => persister.close());
beforeEach(() => persister.empty());

function recordOf<T extends PersistedTopic>(
  topic: T,
  value: AnyRecord<T>['value'],
): AnyRecord<PersistedTopic> {
  const position = {
    partition: 0,
    offset: 0,
    epoch: 1,
    key: null,
    timestampMs: 0,
    headers: {},
    valueBytes: 1,
    attempt: 1,
  };
  return { topic, value, ...position } as AnyRecord<PersistedTopic>;
}

function handle(...events: (TracesObserved | AnalysisCompleted)[]): Promise<readonly Outcome[]> {
  return handleWith({}, events);
}

function handleWith(
  changes: Partial<PipelineDependencies>,
  events: readonly (TracesObserved | AnalysisCompleted)[],
): Promise<readonly Outcome[]> {
  const pipeline = createPersistPipeline({
    database: persister.database,
    rules,
    metrics: createMetrics(new Registry()),
    maxRecords: 500,
    maxWindows: 5_000,
    concurrency: 1,
    nowMs: () => startMicros / 1000,
    newId,
    ...changes,
  });
  return pipeline.handle(
    events.map((event) => recordOf('windows' in event ? 'observations' : 'analyses', event as never)),
    new AbortController().signal,
  );
}

async function onlyIncident() {
  const { incidents } = await listIncidents(persister.database);
  expect(incidents).toHaveLength(1);
  return showIncident(persister.database, incidents[0]?.id ?? '');
}

describe('what a batch turns out to be', () => {
  test('observations and results of one batch are told apart, each with its outcome in its place', async () => {
    const outcomes = await handle(
      { ...emptyRecord('analyses'), requestId: newId() },
      observationOf([windowOf('t1', [1])]),
      observationOf([windowOf('t2', [2])], { fingerprint: 'nonsense' }),
      observationOf([windowOf('t3', [3])]),
    );
    expect(outcomes).toMatchObject([
      { kind: 'deadLetter', code: 'invalid_input', reason: 'requestId: no such request' },
      { kind: 'done' },
      { kind: 'deadLetter', code: 'invalid_input', reason: expect.stringContaining('fingerprint') },
      { kind: 'done' },
    ]);
    expect(await readTotals(persister.database)).toMatchObject({ failures: 2, incidents: 1 });
  });

  test('a batch that holds very much is counted in several transactions, an observation in one', async () => {
    // The most that the analyzer puts into one event: 500 windows, 10,000 offsets.
    const largest = Array.from({ length: 6 }, (_, event) =>
      observationOf(
        Array.from({ length: 500 }, (_unused, index) => {
          const first = (event * 500 + index) * 40;
          return windowOf(
            `${event}-${index}`,
            Array.from({ length: 20 }, (_each, offset) => first + 2 * offset),
          );
        }),
      ),
    );
    for (const _again of [1, 2]) await handleWith({ maxWindows: 1_200 }, largest);
    expect(await readTotals(persister.database)).toMatchObject({ failures: 60_000, traces: 3_000 });
    const written = await persister.rows<{ events: string; windows: string }>(
      `select count(distinct split_part(trace_id, '-', 1)) as events, count(distinct trace_id) as windows
      from traces group by xmin::text order by min(trace_id)`,
    );
    expect(written).toEqual([1, 2, 3].map(() => ({ events: '2', windows: '1000' })));
  });

  test.each([
    ['a negative offset', [windowOf('t', [-1])], 'windows.0.offsets'],
    ['an offset that is no whole number', [windowOf('t', [1]), windowOf('t', [0.5])], 'windows.1.offsets'],
    ['a negative partition', [windowOf('t', [1], { partition: -1 })], 'windows.0.partition'],
  ])('%s can never be counted: it is set aside and the place is named', async (_what, windows, path) => {
    expect(await handle(observationOf(windows))).toMatchObject([
      { kind: 'deadLetter', reason: expect.stringContaining(path) },
    ]);
  });

  test('text that PostgreSQL cannot hold is mended and breaks no batch', async () => {
    const nasty = 'a\0b\ud800c 😀 \\u0000';
    const outcomes = await handle(
      observationOf([windowOf(nasty, [1])], {
        title: nasty,
        environment: nasty,
        services: [nasty],
        releases: [nasty],
        signature: [{ service: nasty, template: nasty, count: 1 }],
        suspects: [{ service: nasty, template: nasty, score: Number.NaN, why: nasty }],
        evidence: [{ ...emptyEvidence, message: nasty, stack: nasty }],
        fingerprintParts: [{ kind: 'message', value: nasty, why: nasty }],
      }),
    );
    expect(outcomes).toEqual([done]);
    const mended = 'ab\ufffdc 😀 \\u0000';
    expect(await onlyIncident()).toMatchObject({
      title: mended,
      environment: mended,
      services: [mended],
      signature: [{ service: mended, template: mended, count: 1 }],
      suspects: [{ service: mended, score: 0 }],
      evidence: [{ message: mended, stack: mended }],
      traces: [{ traceId: mended }],
    });
  });

  test('keys too long for an index are replaced by their hash, so that equal ones stay equal', async () => {
    await handle(observationOf([windowOf(long('a'), [1])]), observationOf([windowOf(long('b'), [2])]));
    await handle(observationOf([windowOf(long('a'), [1, 3])]));
    expect(await onlyIncident()).toMatchObject({ failureCount: 3, traceCount: 2 });
  });

  test('times out of range are capped', async () => {
    const window = { ...windowOf('t', [1]), firstAppendedAt: -5, lastAppendedAt: 9e18 };
    expect(await handle(observationOf([window]))).toEqual([done]);
    expect(await onlyIncident()).toMatchObject({
      firstSeenAt: '1970-01-01T00:00:00.000000Z',
      lastSeenAt: '2255-06-05T23:47:34.740991Z',
    });
  });

  test('of ten megabytes of text so much is stored that a request with it fits into Kafka', async () => {
    const large = 'x'.repeat(10_000_000);
    const signal = { ...emptyEvidence, message: large, stack: large, exceptionType: large };
    const observation = observationOf([windowOf('t', [1])], {
      title: large,
      services: [large],
      releases: [large],
      signature: [{ service: large, template: large, count: 1 }],
      fingerprintParts: [{ kind: 'message', value: large, why: large }],
      suspects: [{ service: large, template: large, score: 1, why: large }],
      evidence: Array.from({ length: 6 }, () => signal),
      evidenceOmitted: 7,
    });
    expect(await handle(observation)).toEqual([done]);
    const incident = await onlyIncident();
    expect(incident?.title).toHaveLength(500);
    // The first three signals, their texts cut; the others are counted with those that the analyzer left out.
    expect(incident?.evidence.map(({ message }) => message.length)).toEqual([32_768, 32_768, 32_768]);
    expect(incident?.evidenceOmitted).toBe(10);
    expect(JSON.stringify(incident).length).toBeLessThan(300_000);
  });
});

describe('a record that the database refuses', () => {
  test('among others it fails the batch as permanent, and nothing of the batch is left: the consumer halves it', async () => {
    const events = [observationOf([windowOf('t1', [1])]), poison()];
    await expect(handle(...events)).rejects.toMatchObject({ code: 'invalid_input' });
    expect(await readTotals(persister.database)).toMatchObject({ failures: 0, incidents: 0 });
  });

  test('alone it counts all the same, and an event says what was lost', async () => {
    expect(await handle(poison())).toEqual([done]);
    const incident = await onlyIncident();
    expect(incident).toMatchObject({ failureCount: 1, evidence: [] });
    expect(incident?.events.map(({ kind }) => kind)).toContain('reduced');
  });
});

function long(end: string): string {
  return 'x'.repeat(10_000) + end;
}

/** What JavaScript and Avro accept and a column does not: a count beyond bigint. */
function poison(): TracesObserved {
  return observationOf([windowOf('poison', [2])], {
    fingerprint: fingerprint(2),
    evidence: [{ ...emptyEvidence, message: 'm' }],
    evidenceOmitted: 1e30,
  });
}

const emptyEvidence = {
  evidenceId: 'e',
  service: '',
  traceId: null,
  spanId: null,
  kind: 'log',
  severityText: '',
  message: '',
  exceptionType: null,
  stack: null,
  release: null,
  partition: 0,
  offset: 0,
  occurredAt: null,
};
