import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  changeIncidentStatus,
  listIncidents,
  showIncident,
  type IncidentDetails,
} from '@prodsentinel/database';
import type { EvidenceSignal } from '@prodsentinel/contracts';
import { closeResolved } from '../src/steps/close-resolved.ts';
import {
  fingerprint,
  hourMicros,
  observationOf,
  rules,
  secondMicros,
  startMicros,
  windowOf,
} from './observations.ts';
import { openPersisterDatabase, type PersisterDatabase } from './persister-database.ts';

let persister: PersisterDatabase;
beforeAll(async () => {
  persister = await openPersisterDatabase();
});
afterAll(() => persister.close());
beforeEach(() => persister.empty());

const minuteMicros = 60 * secondMicros;
let nextOffset = 0;

/** One failure, `minutes` after the start, by Kafka's clock. */
function failureAt(minutes: number, changes: Parameters<typeof observationOf>[1] = {}) {
  const offset = nextOffset++;
  return observationOf(
    [windowOf(`t${offset}`, [offset], { at: startMicros + minutes * minuteMicros })],
    changes,
  );
}

/** All incidents, in the order they were opened. */
async function incidents(): Promise<IncidentDetails[]> {
  const { incidents: page } = await listIncidents(persister.database, { limit: 1000 });
  const details = await Promise.all(page.map(({ id }) => showIncident(persister.database, id)));
  return details.filter((each) => each !== undefined).toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

async function only(): Promise<IncidentDetails> {
  const all = await incidents();
  expect(all).toHaveLength(1);
  return all[0] as IncidentDetails;
}

function kindsOf({ events }: IncidentDetails): string[] {
  return events.map(({ kind }) => kind);
}

async function resolve(id: string, minutes: number, to: 'resolved' | 'closed' = 'resolved'): Promise<void> {
  const nowMs = startMicros / 1000 + minutes * 60_000;
  await changeIncidentStatus(persister.database, { id, to, actor: 'grace', nowMs });
}

describe('the incident of a failure', () => {
  test('failures of one fingerprint in one environment are one incident, others are others', async () => {
    await persister.persist([
      failureAt(0),
      failureAt(1),
      failureAt(0, { fingerprint: fingerprint(2) }),
      failureAt(0, { environment: 'staging' }),
    ]);
    await persister.persist([failureAt(3)]);
    expect((await incidents()).map(({ failureCount }) => failureCount)).toEqual([3, 1, 1]);
  });

  test('it accumulates services, releases and templates, and the span of its failures by append time', async () => {
    await persister.persist([failureAt(5, { releases: ['checkout@1'] })]);
    await persister.persist([
      failureAt(2, {
        services: ['gateway'],
        releases: ['checkout@2'],
        signature: [
          { service: 'gateway', template: 'refused', count: 2 },
          { service: 'checkout', template: 'connection refused to <*>', count: 4 },
        ],
      }),
    ]);
    const incident = await only();
    expect(incident).toMatchObject({
      services: ['checkout', 'gateway'],
      releases: ['checkout@1', 'checkout@2'],
      firstSeenAt: '2026-01-01T00:02:00.000000Z',
      lastSeenAt: '2026-01-01T00:05:00.000000Z',
      signature: [
        { service: 'checkout', template: 'connection refused to <*>', count: 5 },
        { service: 'gateway', template: 'refused', count: 2 },
      ],
    });
    expect(kindsOf(incident)).toEqual(['opened', 'analysis_requested', 'release_appeared']);
  });

  test('machines raise the severity and never lower it', async () => {
    for (const severity of ['medium', 'critical', 'low'])
      await persister.persist([failureAt(0, { severity })]);
    const incident = await only();
    expect(incident.severity).toBe('critical');
    expect(incident.events.filter(({ kind }) => kind === 'severity_raised')).toMatchObject([
      { actor: 'persister', detail: { from: 'medium', to: 'critical' } },
    ]);
  });

  test('the exemplar is the first good one, and another when severity or templates grow', async () => {
    const withEvidence = (message: string, changes = {}) =>
      failureAt(0, { evidence: [evidenceOf(message)], ...changes });
    await persister.persist([failureAt(0)]);
    await persister.persist([withEvidence('first')]);
    await persister.persist([withEvidence('same again'), failureAt(1, { severity: 'low' })]);
    expect((await only()).evidence).toMatchObject([{ message: 'first' }]);
    await persister.persist([withEvidence('worse', { severity: 'high' })]);
    expect((await only()).evidence).toMatchObject([{ message: 'worse' }]);
    await persister.persist([
      withEvidence('more', { signature: [{ service: 'gateway', template: 'new', count: 1 }] }),
    ]);
    expect((await only()).evidence).toMatchObject([{ message: 'more' }]);
  });

  test('an algorithm upgrade keeps the incident: the previous fingerprint leads to it, and the new one from then on', async () => {
    await persister.persist([failureAt(0, { fingerprint: fingerprint(7, 1) })]);
    await persister.persist([
      failureAt(1, { fingerprint: fingerprint(8, 2), previousFingerprint: fingerprint(7, 1) }),
    ]);
    await persister.persist([failureAt(2, { fingerprint: fingerprint(8, 2) })]);
    expect(await only()).toMatchObject({ failureCount: 3 });
  });

  test('processes of the old and the new algorithm side by side feed one incident, whichever comes first', async () => {
    const [old, current] = [fingerprint(7, 1), fingerprint(8, 2)];
    const ofNew = { fingerprint: current, previousFingerprint: old };
    for (const [minute, fields] of [
      [0, ofNew],
      [1, { fingerprint: old }],
      [2, ofNew],
      [3, { fingerprint: old }],
    ] as const)
      await persister.persist([failureAt(minute, fields)]);
    expect(await only()).toMatchObject({ failureCount: 4 });
  });

  test('two new fingerprints with one previous one are one incident, whoever comes first', async () => {
    const previousFingerprint = fingerprint(7, 1);
    await persister.persist([
      failureAt(0, { fingerprint: fingerprint(8, 2), previousFingerprint }),
      failureAt(0, { fingerprint: fingerprint(9, 2), previousFingerprint }),
    ]);
    expect(await only()).toMatchObject({ failureCount: 2 });
    const aliases = await persister.rows<{ count: string }>(
      'select count(distinct incident_id) from incident_fingerprints',
    );
    expect(aliases).toEqual([{ count: '1' }]);
  });
});

describe('after it was resolved', () => {
  test('a failure received more than two minutes later reopens it as a regression', async () => {
    await persister.persist([failureAt(0)]);
    await resolve((await only()).id, 10);
    await persister.persist([failureAt(12)]);
    expect(await only()).toMatchObject({ status: 'resolved', failureCount: 2 });
    await persister.persist([failureAt(12.1)]);
    const incident = await only();
    expect(incident).toMatchObject({ status: 'open', resolvedAt: null, failureCount: 3 });
    expect(kindsOf(incident)).toContain('regressed');
  });

  test('a failure that Kafka received before only adds, however late it is read', async () => {
    await persister.persist([failureAt(0)]);
    await resolve((await only()).id, 10);
    await persister.persist([failureAt(9)], { now: startMicros + 24 * hourMicros });
    expect(await only()).toMatchObject({ status: 'resolved', failureCount: 2 });
  });
});

describe('after it was closed', () => {
  test('a later failure opens a successor that takes over all fingerprints', async () => {
    const fingerprints = { fingerprint: fingerprint(8, 2), previousFingerprint: fingerprint(7, 1) };
    await persister.persist([failureAt(0, fingerprints)]);
    await resolve((await only()).id, 10, 'closed');
    await persister.persist([failureAt(11, { fingerprint: fingerprint(8, 2) })]);
    await persister.persist([failureAt(12, { fingerprint: fingerprint(7, 1) })]);
    const [closed, successor, ...others] = await incidents();
    expect(others).toEqual([]);
    expect(closed).toMatchObject({ status: 'closed', failureCount: 1 });
    expect(successor).toMatchObject({ status: 'open', failureCount: 2, succeedsId: closed?.id });
    expect(kindsOf(closed as IncidentDetails)).toContain('succeeded');
  });

  test('an earlier failure only adds', async () => {
    await persister.persist([failureAt(0)]);
    await resolve((await only()).id, 10, 'closed');
    await persister.persist([failureAt(9)]);
    expect(await only()).toMatchObject({ status: 'closed', failureCount: 2 });
  });

  test('what was resolved seven days ago is closed, and a failure from in between is not lost in it', async () => {
    await persister.persist([failureAt(0)]);
    await resolve((await only()).id, 10);
    const dayMicros = 24 * hourMicros;
    const closeAt = (days: number) =>
      closeResolved(persister.database, {
        now: startMicros + days * dayMicros,
        closeAfter: 7 * dayMicros,
        regressionGrace: rules.regressionGrace,
      });
    expect(await closeAt(6)).toBe(0);
    expect(await closeAt(8)).toBe(1);
    expect(await closeAt(8)).toBe(0);
    expect(kindsOf(await only())).toContain('status_changed');
    await persister.persist([failureAt(3 * 24 * 60)]);
    expect((await incidents()).map(({ status }) => status)).toEqual(['closed', 'open']);
  });
});

describe('the cap on new incidents', () => {
  test('beyond it, new problems of a service and hour share one incident without fingerprints', async () => {
    const capped = { ...rules, maxNewIncidentsPerHour: 2 };
    const storm = Array.from({ length: 6 }, (_, n) => failureAt(0, { fingerprint: fingerprint(100 + n) }));
    await persister.persist(storm.slice(0, 4), { rules: capped });
    await persister.persist(storm.slice(4), { rules: capped });
    await persister.persist([failureAt(0, { fingerprint: fingerprint(300), services: ['other'] })], {
      rules: capped,
    });
    const all = await incidents();
    expect(all.filter(({ isOverflow }) => isOverflow)).toMatchObject([
      { failureCount: 4, fingerprint: '', requests: [] },
    ]);
    expect(all).toHaveLength(4);
    const [aliases] = await persister.rows<{ count: string }>('select count(*) from incident_fingerprints');
    expect(aliases?.count).toBe('3');
    // The next hour has room again.
    await persister.persist([failureAt(61, { fingerprint: fingerprint(105) })], { rules: capped });
    expect(await incidents()).toHaveLength(5);
  });

  test('it is exact when several members open incidents at once', async () => {
    const capped = { ...rules, maxNewIncidentsPerHour: 3 };
    const one = (n: number) =>
      persister.persist([failureAt(0, { fingerprint: fingerprint(200 + n) })], { rules: capped });
    await Promise.all(Array.from({ length: 10 }, (_, n) => one(n)));
    const all = await incidents();
    expect(all.filter(({ isOverflow }) => !isOverflow)).toHaveLength(3);
    expect(all.filter(({ isOverflow }) => isOverflow)).toMatchObject([{ failureCount: 7 }]);
  });
});

function evidenceOf(message: string): EvidenceSignal {
  return {
    evidenceId: 'e1',
    service: 'checkout',
    traceId: null,
    spanId: null,
    kind: 'log',
    severityText: 'ERROR',
    message,
    exceptionType: null,
    stack: null,
    release: null,
    partition: 0,
    offset: 0,
    occurredAt: startMicros,
  };
}
