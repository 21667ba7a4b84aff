import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { severities } from '@prodsentinel/contracts';
import { changeIncidentStatus } from '@prodsentinel/database';
import fc from 'fast-check';
import { sweepOutbox } from '../src/steps/sweep-outbox.ts';
import { fingerprint, observationOf, secondMicros, startMicros, windowOf } from './observations.ts';
import { openPersisterDatabase, type PersisterDatabase } from './persister-database.ts';
import { RuleModel, type ModelIncident, type Shown } from './rule-model.ts';

let persister: PersisterDatabase;
beforeAll(async () => {
  persister = await openPersisterDatabase();
});
afterAll(() => persister.close());

const minuteMicros = 60 * secondMicros;
const isFull = process.env['PRODSENTINEL_TEST_FULL'] === '1';
const limits = { grace: 2, firstDelay: 1, nextDelay: 10, maxNewPerHour: 2 };
const rules = {
  timing: { firstDelay: limits.firstDelay * minuteMicros, nextDelay: limits.nextDelay * minuteMicros },
  regressionGrace: limits.grace * minuteMicros,
  maxNewIncidentsPerHour: limits.maxNewPerHour,
};

// What Kafka holds: each record has failures of its own, and everything about it is fixed.
const record = fc.record({
  problem: fc.nat(5),
  // While the algorithm is upgraded: the new fingerprint alone, with the previous one, or only that.
  form: fc.constantFrom('new', 'both', 'old'),
  service: fc.constantFrom('checkout', 'gateway'),
  severity: fc.constantFrom(...severities.values),
  template: fc.nat(5).map((n) => `template ${n}`),
  release: fc.nat(2).map((n) => `shop@${n}`),
  trace: fc.constantFrom('', 't1', 't2'),
  at: fc.nat(150),
  failures: fc.integer({ min: 1, max: 15 }),
});
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('persist' as const),
      // Which record, and how many of its failures the event shows: it comes again, overlapping and late.
      events: fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 15 })), { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('change' as const),
      to: fc.constantFrom('investigating' as const, 'resolved' as const, 'closed' as const),
      which: fc.nat(),
      at: fc.nat(150),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('sweep' as const), after: fc.nat(15) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Holding = (typeof record extends fc.Arbitrary<infer T> ? T : never)[];

test('whatever happens in whatever order, the incidents are those of the rule', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(record, { minLength: 1, maxLength: 12 }),
      fc.array(step, { minLength: 1, maxLength: 16 }),
      async (held, steps) => {
        await persister.empty();
        const model = new RuleModel(limits);
        let now = 200;
        for (const each of steps) {
          now += each.kind === 'sweep' ? each.after : 0;
          await take(each, { model, held, now });
        }
        expect(await contents()).toEqual(expectationOf(model));
      },
    ),
    { numRuns: isFull ? 300 : 40 },
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
      await persister.persist(batch.map(toEvent), { now: micros(now), rules });
      return;
    }
    case 'change':
      return change(each, model);
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
  const candidates = [...new Set([...model.aliases.values(), ...model.overflows()])];
  const incident = candidates[which % candidates.length];
  if (!incident || !(to === 'investigating' ? ['open'] : from[to]).includes(incident.status)) return;
  model.change(incident, to, at);
  const id = await findInDatabase(incident, model);
  await changeIncidentStatus(persister.database, { id, to, actor: 'grace', nowMs: micros(at) / 1000 });
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

/** Incidents have no names that both sides know: they are compared as a sorted list. */
function sorted(incidents: readonly object[]): string[] {
  return incidents.map((each) => JSON.stringify(each, null, 1)).toSorted();
}

function expectationOf(model: RuleModel): string[] {
  return sorted(
    model.incidents.map((incident) => ({
      status: incident.status,
      severity: incident.severity,
      failures: incident.failures,
      traces: [...incident.traces].map(([trace, failures]) => `${trace} ${failures}`).toSorted(),
      traceCount: incident.traces.size,
      templates: incident.templates.size,
      releases: [...incident.releases].toSorted(),
      isOverflow: incident.isOverflow,
      service: incident.service,
      first: incident.first,
      last: incident.last,
      resolvedAt: incident.resolvedAt ?? null,
      closedAt: incident.closedAt ?? null,
      predecessor: incident.predecessor?.failures ?? null,
      aliases: [...model.aliases].flatMap(([alias, each]) => (each === incident ? [alias] : [])).toSorted(),
      requests: incident.requests.map(({ reason, state, due }) => `${reason} ${state} ${due}`),
      events: incident.events.toSorted(),
    })),
  );
}

const minutesOf = (column: string) => `(extract(epoch from ${column})::int8 - $1) / 60`;
const listOf = (item: string, source: string, order = item) =>
  `array(select ${item} from ${source} order by ${order})`;

async function contents(): Promise<string[]> {
  const rows = await persister.rows<{ row: object }>(
    `select json_build_object(
      'status', status, 'severity', severity, 'failures', failure_count,
      'traces', ${listOf(`trace_id || ' ' || failure_count`, 'traces where incident_id = incident.id', '1')},
      'traceCount', trace_count, 'templates', jsonb_array_length(signature),
      'releases', ${listOf('release', 'unnest(releases) as release', '1')},
      'isOverflow', is_overflow, 'service', origin_service,
      'first', ${minutesOf('first_seen_at')}, 'last', ${minutesOf('last_seen_at')},
      'resolvedAt', ${minutesOf('resolved_at')}, 'closedAt', ${minutesOf('closed_at')},
      'predecessor', (select failure_count from incidents before where before.id = incident.succeeds_id),
      'aliases', ${listOf('fingerprint', 'incident_fingerprints where incident_id = incident.id')},
      'requests', ${listOf(
        `reason || ' ' || state || ' ' || ${minutesOf('due_at')}`,
        'analysis_requests where incident_id = incident.id',
        'number',
      )},
      'events', ${listOf('kind', 'incident_events where incident_id = incident.id')}) as row
    from incidents incident`,
    [startMicros / secondMicros],
  );
  return sorted(rows.map(({ row }) => row));
}
