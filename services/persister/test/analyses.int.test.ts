import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  emptyRecord,
  type AnalysisCompleted,
  type AnalysisRequested,
  type TracesObserved,
} from '@prodsentinel/contracts';
import {
  askForAnalysis,
  changeIncidentStatus,
  listIncidents,
  readTotals,
  showIncident,
  type IncidentDetails,
} from '@prodsentinel/database';
import { AppError, newId } from '@prodsentinel/kernel';
import type { OutgoingRecord } from '@prodsentinel/messaging';
import { parseResult } from '../src/domain/result.ts';
import { persistResults } from '../src/steps/persist-results.ts';
import { sweepOutbox } from '../src/steps/sweep-outbox.ts';
import { observationOf, secondMicros, startMicros, windowOf } from './observations.ts';
import { openPersisterDatabase, type PersisterDatabase } from './persister-database.ts';

jest.setTimeout(60_000);

let persister: PersisterDatabase;
beforeAll(async () => {
  persister = await openPersisterDatabase();
});
afterAll(() => persister.close());

let nextOffset = 0;
let now = startMicros;
let topic: AnalysisRequested[] = [];
beforeEach(async () => {
  await persister.empty();
  now = startMicros;
  topic = [];
});

function pass(seconds: number): void {
  now += seconds * secondMicros;
}

/** Failures as the observer would tell them, `count` of them in one window. */
function failures(count = 1, changes: Partial<TracesObserved> = {}): Promise<number> {
  const offsets = Array.from({ length: count }, () => nextOffset++);
  return persister.persist([observationOf([windowOf(`t${nextOffset}`, offsets)], changes)], { now });
}

const template = (name: string) => ({ service: 'checkout', template: name, count: 1 });

/** One sweep by a process whose Kafka does as `send` says: the records land on `topic` unless it throws before. */
function sweep(send: (value: AnalysisRequested) => Promise<void> = append): Promise<number> {
  return sweepOutbox(persister.database, {
    now,
    resultTimeout: 600 * secondMicros,
    maxPublishes: 3,
    producer: {
      async send(records: readonly OutgoingRecord<never>[]) {
        for (const { value } of records) await send(value);
      },
    },
  });
}

async function append(value: AnalysisRequested): Promise<void> {
  topic.push(value);
}

async function away(): Promise<void> {
  throw new AppError('unavailable', 'Kafka is away');
}

async function crashAfterSending(value: AnalysisRequested): Promise<void> {
  await append(value);
  throw new AppError('unknown_outcome', 'the acknowledgement was lost');
}

async function only(): Promise<IncidentDetails> {
  const { incidents } = await listIncidents(persister.database);
  expect(incidents).toHaveLength(1);
  return (await showIncident(persister.database, incidents[0]?.id ?? '')) as IncidentDetails;
}

function answerTo(request: AnalysisRequested, changes: Partial<AnalysisCompleted> = {}): AnalysisCompleted {
  const { requestId, incidentId, requestNumber } = request;
  return {
    ...emptyRecord('analyses'),
    requestId,
    incidentId,
    requestNumber,
    source: 'rules',
    verdict: 'likely',
    rootCause: 'The gateway refuses connections',
    severity: 'medium',
    ...changes,
  };
}

function receive(...answers: AnalysisCompleted[]) {
  return persister.database.transaction((session) =>
    persistResults(session, answers.map(parseResult), { now, newId }),
  );
}

/** The incident's first request, published. */
async function asked(): Promise<AnalysisRequested> {
  await failures();
  pass(5);
  await sweep();
  expect(topic).toHaveLength(1);
  return topic[0] as AnalysisRequested;
}

describe('when an analysis is due', () => {
  test('the first one five seconds after the first failure, with everything gathered by then', async () => {
    await failures(1, { title: 'No gateway', signature: [template('a')] });
    pass(4);
    await failures(2, { signature: [template('b')], releases: ['checkout@1'] });
    expect(await sweep()).toBe(0);
    pass(1);
    expect(await sweep()).toBe(1);
    expect(topic).toMatchObject([
      {
        requestNumber: 1,
        reason: 'first',
        title: 'No gateway',
        environment: 'production',
        failureCount: 3,
        traceCount: 2,
        releases: ['checkout@1'],
        signature: [template('a'), template('b')],
        firstSeenAt: startMicros,
        requestedAt: now,
        spentDay: '2026-01-01',
        spentDollars: 0,
      },
    ]);
  });

  test('more of the same asks nothing', async () => {
    await asked();
    pass(3600);
    await failures(8);
    expect((await only()).requests).toHaveLength(1);
  });

  test.each([
    ['templates_doubled', { signature: [template('x')] }, 1],
    ['new_release', { releases: ['checkout@2'] }, 1],
    ['failures_tenfold', {}, 9],
  ])(
    '%s asks again, ten minutes after the previous request at the earliest',
    async (reason, changes, count) => {
      await asked();
      pass(60);
      await failures(count, changes);
      await failures(1, changes);
      pass(539);
      expect(await sweep()).toBe(0);
      pass(1);
      expect(await sweep()).toBe(1);
      expect(topic[1]).toMatchObject({ requestNumber: 2, reason, failureCount: 2 + count });
    },
  );

  test('two releases living side by side, a storm of templates and of failures ask no more than once in ten minutes', async () => {
    await asked();
    for (let n = 0; n < 200; n++) {
      pass(1);
      await failures(n, { signature: [template(`t${n}`)], releases: [`checkout@${n % 2}`] });
      await sweep();
    }
    pass(400);
    await sweep();
    expect(topic).toHaveLength(2);
  });

  test('a person is heard at once, and takes the request that is waiting', async () => {
    await asked();
    await failures(1, { releases: ['checkout@2'] });
    const { id } = await only();
    await askForAnalysis(persister.database, { id, actor: 'grace', nowMs: now / 1000, newId });
    expect(await sweep()).toBe(1);
    expect(topic[1]).toMatchObject({ requestNumber: 2, reason: 'human' });
    expect((await only()).events.at(-1)).toMatchObject({ actor: 'grace', kind: 'analysis_requested' });
  });

  test('a rules answer that stands in for an absent model is asked again when it says', async () => {
    const request = await asked();
    await receive(answerTo(request, { askAgainAt: now + 30 * secondMicros }));
    pass(29);
    expect(await sweep()).toBe(0);
    pass(1);
    expect(await sweep()).toBe(1);
    expect(topic[1]).toMatchObject({ requestNumber: 2, reason: 'model_back' });
  });

  test('nothing is asked about an incident that was closed before its request went out', async () => {
    await failures();
    const { id } = await only();
    await changeIncidentStatus(persister.database, { id, to: 'closed', actor: 'grace', nowMs: now / 1000 });
    pass(5);
    expect(await sweep()).toBe(0);
    expect((await only()).requests).toMatchObject([{ state: 'superseded' }]);
  });
});

describe('the outbox', () => {
  test('a crash between freezing, publishing and marking repeats the identical record', async () => {
    await failures();
    pass(5);
    await expect(sweep(away)).rejects.toMatchObject({ code: 'unavailable' });
    expect((await only()).requests).toMatchObject([{ state: 'frozen', publishCount: 0 }]);
    // What comes after the freeze is not in it, however late it is published.
    await failures(3, { title: 'Something else', releases: ['checkout@9'] });
    pass(60);
    await expect(sweep(crashAfterSending)).rejects.toMatchObject({ code: 'unknown_outcome' });
    pass(60);
    expect(await sweep()).toBe(1);
    expect(topic).toHaveLength(2);
    expect(topic[1]).toEqual(topic[0]);
    expect(topic[0]).toMatchObject({ failureCount: 1 });
    expect((await only()).requests.map(({ state }) => state)).toEqual(['published', 'pending']);
  });

  test('a new release that comes while a request is being frozen is asked about later', async () => {
    await failures();
    pass(5);
    await Promise.all([sweep(), failures(1, { releases: ['checkout@2'] })]);
    pass(600);
    await sweep();
    expect(topic.at(-1)?.releases).toEqual(['checkout@2']);
  });

  test('a request is not frozen while somebody is changing its incident', async () => {
    await failures();
    pass(5);
    const { id } = await only();
    await persister.database.transaction(async (session) => {
      await session.query('select 1 from incidents where id = $1 for no key update', [id]);
      expect(await sweep()).toBe(0);
      expect((await only()).requests).toMatchObject([{ state: 'pending' }]);
    });
    expect(await sweep()).toBe(1);
  });

  test('several sweeps at once publish a request once', async () => {
    await failures();
    pass(5);
    await Promise.all([sweep(), sweep(), sweep(), sweep()]);
    await sweep();
    expect(topic).toHaveLength(1);
  });

  test('a request without a result is published three times, then failed where it can be seen', async () => {
    await asked();
    for (let round = 0; round < 4; round++) {
      pass(599);
      await sweep();
      pass(1);
      await sweep();
    }
    expect(topic).toHaveLength(3);
    expect(new Set(topic.map((each) => JSON.stringify(each))).size).toBe(1);
    const incident = await only();
    expect(incident.requests).toMatchObject([{ state: 'failed', publishCount: 3 }]);
    expect(incident.events.at(-1)).toMatchObject({
      kind: 'analysis_failed',
      reason: 'no result after 3 attempts',
    });
  });

  test('a newer request ends the repetitions of an older one', async () => {
    await asked();
    await failures(1, { releases: ['checkout@2'] });
    pass(600);
    await sweep();
    pass(600);
    await sweep();
    expect(topic.map(({ requestNumber }) => requestNumber)).toEqual([1, 2, 2]);
    expect((await only()).requests.map(({ state }) => state)).toEqual(['superseded', 'published']);
  });

  test('an answer about an incident that was closed meanwhile is not asked for again', async () => {
    await asked();
    const { id } = await only();
    await changeIncidentStatus(persister.database, { id, to: 'closed', actor: 'grace', nowMs: now / 1000 });
    pass(600);
    expect(await sweep()).toBe(0);
    expect((await only()).requests).toMatchObject([{ state: 'superseded', publishCount: 1 }]);
  });

  test('a request that Kafka can never take is failed and keeps nothing back', async () => {
    await failures(1, { title: 'too large' });
    await failures(1, { title: 'fine', environment: 'staging' });
    pass(5);
    await sweep(async (value) => {
      if (value.title === 'too large') throw new AppError('invalid_input', 'too large');
      await append(value);
    });
    expect(topic.map(({ title }) => title)).toEqual(['fine']);
    const states = await persister.rows<{ state: string }>(
      'select state from analysis_requests order by state',
    );
    expect(states).toEqual([{ state: 'failed' }, { state: 'published' }]);
  });
});

describe('results', () => {
  test('a result is stored, becomes the current analysis, and a repetition changes nothing', async () => {
    const request = await asked();
    const answer = answerTo(request, {
      confidence: 0.7,
      claims: [{ text: 'refused', evidenceIds: ['e1'], quotes: ['refused'] }],
      actions: ['look at the gateway'],
      timeline: [{ at: startMicros, what: 'first refusal' }],
    });
    expect(await receive(answer)).toEqual(['stored']);
    const incident = await only();
    expect(incident.analysis).toMatchObject({
      rootCause: 'The gateway refuses connections',
      source: 'rules',
      confidence: 0.7,
      actions: ['look at the gateway'],
      claims: answer.claims,
      timeline: answer.timeline,
    });
    expect(incident.requests).toMatchObject([{ state: 'answered' }]);
    pass(10);
    await receive(answer, { ...answer, latencyMs: 12, askAgainAt: null });
    expect(await only()).toEqual(incident);
    pass(3600);
    expect(await sweep()).toBe(0);
  });

  test('a rules answer keeps why no model answered and what was spent in vain; a repetition for another reason is none', async () => {
    const request = await asked();
    const spent = { modelCalls: 3, dollars: 0.5, inputTokens: 3_000, outputTokens: 600, model: 'm-1' };
    const withoutModel = 'the model gave no usable answer';
    await receive(answerTo(request, { ...spent, withoutModel }));
    await receive(answerTo(request, { withoutModel: 'the budget of the minute is used up' }));
    const incident = await only();
    expect(incident.analysis).toMatchObject({ source: 'rules', ...spent, withoutModel });
    expect(incident.events.map(({ kind }) => kind)).not.toContain('analysis_differs');
    expect(await readTotals(persister.database)).toMatchObject({ analyses: 1, modelCalls: 3 });
    await failures(1, { releases: ['checkout@2'] });
    pass(600);
    await sweep();
    expect(topic[1]).toMatchObject({ spentDollars: 0.5 });
  });

  test('a second, different result for one request and source is reported once and changes nothing else', async () => {
    const request = await asked();
    await receive(answerTo(request, { source: 'model', modelCalls: 1, dollars: 0.02 }));
    const other = answerTo(request, { source: 'model', rootCause: 'Something else', modelCalls: 1 });
    await receive(other, other);
    await receive(other);
    const incident = await only();
    expect(incident.analysis?.rootCause).toBe('The gateway refuses connections');
    expect(incident.events.filter(({ kind }) => kind === 'analysis_differs')).toHaveLength(1);
    expect(await readTotals(persister.database)).toEqual({
      failures: 1,
      traces: 1,
      incidents: 1,
      analyses: 1,
      doubleAnalyses: 1,
      modelCalls: 1,
    });
  });

  test('the current analysis is the model’s of the highest request, else the rules’', async () => {
    const first = await asked();
    await failures(1, { releases: ['checkout@2'] });
    pass(600);
    await sweep();
    const second = topic[1] as AnalysisRequested;
    await receive(answerTo(second, { rootCause: 'rules 2' }));
    expect((await only()).analysis?.rootCause).toBe('rules 2');
    await receive(answerTo(first, { source: 'model', rootCause: 'model 1' }));
    expect((await only()).analysis?.rootCause).toBe('model 1');
    await receive(answerTo(second, { source: 'model', rootCause: 'model 2' }));
    await receive(answerTo(first, { rootCause: 'rules 1' }));
    expect((await only()).analysis?.rootCause).toBe('model 2');
  });

  test('a model raises the severity by one step at most, rules and lower words do nothing', async () => {
    const request = await asked();
    await receive(answerTo(request, { severity: 'critical' }));
    expect((await only()).severity).toBe('medium');
    await receive(answerTo(request, { source: 'model', severity: 'critical' }));
    expect((await only()).severity).toBe('high');
  });

  test('a result for a closed incident is stored and changes nothing else', async () => {
    const request = await asked();
    const { id } = await only();
    await changeIncidentStatus(persister.database, { id, to: 'closed', actor: 'grace', nowMs: now / 1000 });
    const before = await only();
    await receive(answerTo(request, { source: 'model', severity: 'critical', askAgainAt: now }));
    expect({ ...(await only()), requests: [] }).toEqual({ ...before, requests: [] });
    expect((await readTotals(persister.database)).analyses).toBe(1);
  });

  test('a result that answers nothing that was asked is told apart from the others', async () => {
    const request = await asked();
    const fates = await receive(
      answerTo(request, { requestId: newId() }),
      answerTo(request, { requestId: 'no uuid' }),
      answerTo(request, { incidentId: newId() }),
      answerTo(request),
    );
    expect(fates).toEqual(['unknown_request', 'unknown_request', 'wrong_incident', 'stored']);
  });

  test('what was spent today goes out with the next request', async () => {
    const request = await asked();
    await receive(answerTo(request, { source: 'model', dollars: 0.25 }));
    await failures(1, { releases: ['checkout@2'] });
    pass(600);
    await sweep();
    expect(topic[1]).toMatchObject({ spentDay: '2026-01-01', spentDollars: 0.25 });
  });
});
