import type { Database } from '@prodsentinel/database';

export interface Seed {
  readonly incidents: number;
  readonly traces: number;
}

export const seedServices = 100;
const eventsPerIncident = 10;
const tracesPerStatement = 100_000;

/** The id of the `number`th incident, as SQL and as text. */
const idSql = (number: string) => `('00000000-0000-7000-8000-' || lpad(to_hex(${number}), 12, '0'))::uuid`;
export const incidentId = (number: number): string =>
  `00000000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;
export const traceId = (number: number): string => number.toString(16).padStart(32, '0');

/** Fills the tables as months of work would: one incident in fifty is not closed yet; each has an analysis and ten events. */
export async function seedDatabase(database: Database, { incidents, traces }: Seed): Promise<void> {
  await database.query(incidentsSql(traces / incidents), [incidents]);
  await database.query(requestsSql, [incidents]);
  await database.query(resultsSql, [incidents]);
  await database.query('update incidents set current_analysis_id = id');
  await database.query(eventsSql, [incidents]);
  for (let from = 0; from < traces; from += tracesPerStatement)
    await database.query(tracesSql, [from, Math.min(from + tracesPerStatement, traces) - 1, incidents]);
  await database.query('vacuum analyze');
}

const seenAtSql = `now() - n * interval '1 minute'`;
const incidentsSql = (tracesEach: number) => `insert into incidents (
    id, environment, title, severity, observed_severity, status, services, releases, signature, fingerprint,
    fingerprint_parts, suspects, evidence, evidence_omitted, exemplar_severity, exemplar_templates, failure_count,
    trace_count, first_seen_at, last_seen_at, resolved_at, closed_at, origin_service, opened_hour, is_overflow,
    created_at, updated_at)
  select ${idSql('n')}, 'production', 'incident ' || n, severity, severity, status,
    array['service-' || n % ${seedServices}, 'service-' || (n / 7) % ${seedServices}], '{}', '[]', 'v1:' || n, '[]', '[]',
    '[]', 0, severity, 1, 10, ${tracesEach}, ${seenAtSql}, ${seenAtSql},
    case when status in ('resolved', 'closed') then ${seenAtSql} end, case when status = 'closed' then ${seenAtSql} end,
    'service-' || n % ${seedServices}, n, false, ${seenAtSql}, ${seenAtSql}
  from generate_series(0, $1::int - 1) n
  cross join lateral (select
    (array['low', 'medium', 'high', 'critical'])[1 + (n / 100) % 4] as severity,
    case when n % 100 = 0 then 'open' when n % 100 = 1 then 'investigating' when n % 100 < 10 then 'resolved'
      else 'closed' end as status) as drawn`;
const requestsSql = `insert into analysis_requests (
    id, incident_id, number, reason, state, due_at, payload, publish_count, created_at)
  select ${idSql('n')}, ${idSql('n')}, 1, 'first', 'answered', now(), '{}', 1, now()
  from generate_series(0, $1::int - 1) n`;
const resultsSql = `insert into analysis_results (
    id, request_id, incident_id, request_number, source, verdict, severity, root_cause, category, confidence, claims,
    claims_dropped, rejected_alternatives, evidence, timeline, actions, model_calls, content_sha256, created_at)
  select ${idSql('n')}, ${idSql('n')}, ${idSql('n')}, 1, 'rules', 'likely', 'high', repeat('cause ', 50), 'dependency',
    0.7, '[]', 0, '[]', '[]', '[]', '[]', 0, '', now()
  from generate_series(0, $1::int - 1) n`;
const eventsSql = `insert into incident_events (incident_id, kind, actor, reason, detail, at)
  select ${idSql('n')}, 'status_changed', 'somebody', 'a reason', '{}', now()
  from generate_series(1, ${eventsPerIncident}), generate_series(0, $1::int - 1) n`;
// Every tenth incident has most of the traces, as storms do.
const tracesSql = `insert into traces (environment, trace_id, incident_id, first_seen_at, last_seen_at, failure_count)
  select 'production', lpad(to_hex(n), 32, '0'),
    ${idSql('case when n % 10 = 0 then n % $3::int else n % ($3::int / 10) * 10 end')},
    ${seenAtSql}, ${seenAtSql}, 1 + n % 3
  from generate_series($1::int, $2::int) n`;
