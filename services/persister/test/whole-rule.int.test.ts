import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { emptyRecord } from '@prodsentinel/contracts';
import { askForAnalysis, changeIncidentStatus } from '@prodsentinel/database';
import { newId } from '@prodsentinel/kernel';
import fc from 'fast-check';
import { parseResult } from '../src/domain/result.ts';
import { closeResolved } from '../src/steps/close-resolved.ts';
import { persistResults } from '../src/steps/persist-results.ts';
import { resolveQuiet } from '../src/steps/resolve-quiet.ts';
import { sweepOutbox } from '../src/steps/sweep-outbox.ts';
import { fingerprint, observationOf, secondMicros, startMicros, windowOf } from './observations.ts';
import { openPersisterDatabase, type PersisterDatabase } from './persister-database.ts';
import { contentsOf, expectationOf } from './rule-contents.ts';
import { knownHistories, record, step, type Holding, type Step } from './rule-histories.ts';
import { RuleModel, type ModelIncident, type Shown } from './rule-model.ts';

let persister: PersisterDatabase;
beforeAll(async () => {
  persister = await openPersisterDatabase();
});
afterAll(() => persister.close());

const minuteMicros = 60 * secondMicros;
const isFull = process.env['PRODSENTINEL_TEST_FULL'] === '1';
const limits = { grace: 20, firstDelay: 1, nextDelay: 10, maxNewPerHour: 2, quiet: 30, closeAfter: 60 };
const rules = {
  timing: { firstDelay: limits.firstDelay * minuteMicros, nextDelay: limits.nextDelay * minuteMicros },
  regressionGrace: limits.grace * minuteMicros,
  maxNewIncidentsPerHour: limits.maxNewPerHour,
};

test('whatever happens in whatever order, the incidents are those of the rule', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(record, { minLength: 1, maxLength: 12, size: 'max' }),
      fc.array(step, { minLength: 1, maxLength: 24, size: 'max' }),
      async (held, steps) => {
        await persister.empty();
        const model = new RuleModel(limits);
        let now = 200;
        for (const each of steps) {
          now += each.kind === 'sweep' ? each.after : 0;
          await take(each, { model, held, now });
        }
        expect(await contentsOf(persister)).toEqual(expectationOf(model));
      },
    ),
    { numRuns: isFull ? 400 : 60, examples: knownHistories },
  );
}, 300_000);

interface History {
  readonly model: RuleModel;
  readonly held: Holding;
  readonly now: number;
}

async function take(each: Step, { model, held, now }: History): Promise<void> {
  switch (each.kind) {
    case 'persist': {
      const batch = each.events.map(([index, count]) => show(held, index % held.length, count));
      model.persist(batch, now);
      await Promise.all(
        (each.isDoubled ? [1, 2] : [1]).map(() =>
          persister.persist(batch.map(toEvent), { now: micros(now), rules }),
        ),
      );
      return;
    }
    case 'change':
      return change(each, model);
    case 'answer':
      return answer(each, model, now);
    case 'ask':
      return askFor(each, model, now);
    case 'house':
      return keepHouse(each.watermark, model, now);
    case 'sweep':
      model.sweep(now);
      await sweepOutbox(persister.database, {
        producer: { send: async () => undefined },
        now: micros(now),
        resultTimeout: micros(10_000),
        maxPublishes: 3,
      });
  }
}

/** A person changes the status of an incident, where its status allows that. */
async function change({ to, which, at }: Extract<Step, { kind: 'change' }>, model: RuleModel) {
  const incident = pick(which, model);
  if (!incident || !(to === 'investigating' ? ['open'] : from[to]).includes(incident.status)) return;
  model.change(incident, to, at);
  const id = await findInDatabase(incident, model);
  await changeIncidentStatus(persister.database, { id, to, actor: 'grace', nowMs: micros(at) / 1000 });
}

function pick(which: number, model: RuleModel): ModelIncident | undefined {
  const candidates = [...new Set([...model.aliases.values(), ...model.overflows()])];
  return candidates[which % candidates.length];
}

/** A person asks for an analysis of what is not closed. */
async function askFor({ which }: Extract<Step, { kind: 'ask' }>, model: RuleModel, now: number) {
  const incident = pick(which, model);
  if (!incident || incident.status === 'closed') return;
  const id = await findInDatabase(incident, model);
  model.askFor(incident, now);
  await askForAnalysis(persister.database, { id, actor: 'grace', nowMs: micros(now) / 1000, newId });
}

/** A result for any request that was ever published, the newest or an older one, for the first time or again. */
async function answer(given: Extract<Step, { kind: 'answer' }>, model: RuleModel, now: number) {
  const incident = pick(given.which, model);
  const published = incident?.requests.filter(({ asked }) => asked) ?? [];
  const request = published[given.request % published.length];
  if (!incident || !request) return;
  const incidentId = await findInDatabase(incident, model);
  const [row] = await persister.rows<{ id: string }>(
    'select id from analysis_requests where incident_id = $1 and number = $2',
    [incidentId, request.number],
  );
  const { source, severity } = given;
  const askAgain = source === 'rules' && given.askAgain !== undefined ? now + given.askAgain : undefined;
  model.answer(incident, request, { source, severity, askAgain }, now);
  const result = {
    ...emptyRecord('analyses'),
    requestId: row?.id ?? '',
    incidentId,
    requestNumber: request.number,
    source,
    severity,
    askAgainAt: askAgain === undefined ? null : micros(askAgain),
  };
  const fates = await persister.database.transaction((session) =>
    persistResults(session, [parseResult(result)], { now: micros(now), newId }),
  );
  expect(fates).toEqual(['stored']);
}

async function keepHouse(watermark: number, model: RuleModel, now: number): Promise<void> {
  model.keepHouse(watermark, now);
  const { quiet, closeAfter } = limits;
  const times = { now: micros(now), quietTime: quiet * minuteMicros, closeAfter: closeAfter * minuteMicros };
  await resolveQuiet(persister.database, { ...times, watermark: micros(watermark) });
  await closeResolved(persister.database, { ...times, regressionGrace: rules.regressionGrace });
}

const from = {
  resolved: ['open', 'investigating'],
  closed: ['open', 'investigating', 'resolved'],
};

async function findInDatabase(incident: ModelIncident, model: RuleModel): Promise<string> {
  const alias = [...model.aliases].find(([, each]) => each === incident)?.[0];
  const [row] = alias
    ? await persister.rows<{ id: string }>(
        'select incident_id as id from incident_fingerprints where fingerprint = $1',
        [alias],
      )
    : await persister.rows<{ id: string }>(
        'select id from incidents where is_overflow and origin_service = $1 and opened_hour = $2',
        [incident.service, incident.hour + startMicros / (60 * minuteMicros)],
      );
  return row?.id ?? 'there is none';
}

function show(held: Holding, index: number, count: number): Shown {
  const { problem, form, failures, ...rest } = held[index] as Holding[number];
  const current = fingerprint(problem, 2);
  const previous = fingerprint(problem >> 1, 1);
  const aliases = { new: [current], both: [current, previous], old: [previous] }[form] ?? [];
  const offsets = Array.from({ length: Math.min(count, failures) }, (_, n) => 20 * index + n);
  return { ...rest, aliases, offsets };
}

function toEvent({ aliases, service, template, release, trace, at, offsets, severity }: Shown) {
  return observationOf([windowOf(trace, offsets, { at: micros(at) })], {
    fingerprint: aliases[0] ?? '',
    previousFingerprint: aliases[1] ?? null,
    services: [service],
    releases: [release],
    signature: [{ service, template, count: 1 }],
    severity,
  });
}

function micros(minutes: number): number {
  return startMicros + minutes * minuteMicros;
}
