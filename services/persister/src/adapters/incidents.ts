import { fromMicros, toMicros, type SqlSession } from '@prodsentinel/database';
import type { Incident } from '../domain/incident.ts';
import type { Opening } from '../domain/decide-observations.ts';
import { compareTexts } from '../domain/compare-texts.ts';

/** Locks incidents in the order of their ids and reads what deciding needs; the stored exemplar is not read. */
export async function lockIncidents(
  session: SqlSession,
  ids: readonly string[],
): Promise<Map<string, Incident>> {
  if (ids.length === 0) return new Map();
  // NO KEY: rows of other tables that refer to an incident need not wait for it.
  const rows = await session.query<IncidentRow>(
    `select id, environment, title, severity, observed_severity as "observedSeverity", status, services, releases,
      signature, fingerprint, fingerprint_parts as "fingerprintParts", exemplar_severity as "exemplarSeverity",
      exemplar_templates as "exemplarTemplates", failure_count as "failureCount", trace_count as "traceCount",
      ${toMicros('first_seen_at')} as "firstSeenAt", ${toMicros('last_seen_at')} as "lastSeenAt",
      ${toMicros('resolved_at')} as "resolvedAt", ${toMicros('closed_at')} as "closedAt",
      succeeds_id as "succeedsId", origin_service as "originService", opened_hour as "openedHour",
      is_overflow as "isOverflow"
    from incidents where id = any($1::uuid[]) order by id for no key update`,
    [[...new Set(ids)]],
  );
  return new Map(rows.map((row) => [row.id, toIncident(row)]));
}

/** Inserts and updates incidents; `newTraces` is added to the trace counts. */
export async function saveIncidents(
  session: SqlSession,
  incidents: readonly Incident[],
  { newTraces, now }: { newTraces: ReadonlyMap<string, number>; now: number },
): Promise<void> {
  if (incidents.length === 0) return;
  const rows = incidents
    .toSorted((a, b) => compareTexts(a.id, b.id))
    .map(({ exemplar, ...incident }) => ({
      ...incident,
      ...exemplar,
      traceCount: incident.traceCount + (newTraces.get(incident.id) ?? 0),
    }));
  await session.query(saveSql, [JSON.stringify(rows), now]);
}

/**
 * How many incidents were opened at each place, and the overflow incident there. Whoever wants to open another one waits
 * here, so that the cap is exact.
 */
export async function lockOpenings(
  session: SqlSession,
  origins: readonly string[],
): Promise<Map<string, Opening>> {
  const openings = new Map<string, Opening>();
  for (const origin of [...new Set(origins)].toSorted(compareTexts)) {
    await session.query('select pg_advisory_xact_lock(hashtextextended($1, 7229480111304022))', [origin]);
    const [row] = await session.query<{ count: string; overflowId: string | null }>(
      `select count(*) filter (where not is_overflow and succeeds_id is null) as count,
        max(id::text) filter (where is_overflow) as "overflowId"
      from incidents where environment = $1 and origin_service = $2 and opened_hour = $3`,
      JSON.parse(origin) as unknown[],
    );
    openings.set(origin, { count: Number(row?.count ?? 0), overflowId: row?.overflowId ?? undefined });
  }
  return openings;
}

const numbers = [
  'exemplarTemplates',
  'failureCount',
  'traceCount',
  'firstSeenAt',
  'lastSeenAt',
  'resolvedAt',
  'closedAt',
  'openedHour',
] as const;
// bigint arrives as text.
type IncidentRow = Omit<Incident, (typeof numbers)[number]> & Record<(typeof numbers)[number], string | null>;

function toIncident(row: IncidentRow): Incident {
  const read = (name: (typeof numbers)[number]) =>
    [name, row[name] === null ? null : Number(row[name])] as const;
  return { ...row, ...Object.fromEntries(numbers.map(read)) } as unknown as Incident;
}

const textsOf = (column: string) => `array(select json_array_elements_text(${column}))`;

// A stored exemplar changes only together with what it was chosen at: no need to rewrite it for every failure.
const isExemplarNew = `(excluded.exemplar_templates, excluded.exemplar_severity)
  is distinct from (stored.exemplar_templates, stored.exemplar_severity)`;
const newOrStored = (column: string) =>
  `${column} = case when ${isExemplarNew} then excluded.${column} else stored.${column} end`;

const saveSql = `insert into incidents as stored (
    id, environment, title, severity, observed_severity, status, services, releases, signature, fingerprint,
    fingerprint_parts, suspects, evidence, evidence_omitted, exemplar_severity, exemplar_templates, failure_count,
    trace_count, first_seen_at, last_seen_at, resolved_at, closed_at, succeeds_id, origin_service, opened_hour,
    is_overflow, created_at, updated_at)
  select id, environment, title, severity, "observedSeverity", status, ${textsOf('services')}, ${textsOf('releases')},
    signature, fingerprint, "fingerprintParts", coalesce(suspects, '[]'), coalesce(evidence, '[]'),
    coalesce("evidenceOmitted", 0), "exemplarSeverity", "exemplarTemplates", "failureCount", "traceCount",
    ${fromMicros('"firstSeenAt"')}, ${fromMicros('"lastSeenAt"')}, ${fromMicros('"resolvedAt"')},
    ${fromMicros('"closedAt"')}, "succeedsId", "originService", "openedHour", "isOverflow",
    ${fromMicros('$2::int8')}, ${fromMicros('$2::int8')}
  from json_to_recordset($1::json) as given(
    id uuid, environment text, title text, severity text, "observedSeverity" text, status text, services json,
    releases json, signature jsonb, fingerprint text, "fingerprintParts" jsonb, suspects jsonb, evidence jsonb,
    "evidenceOmitted" int8, "exemplarSeverity" text, "exemplarTemplates" int8, "failureCount" int8, "traceCount" int8,
    "firstSeenAt" int8, "lastSeenAt" int8, "resolvedAt" int8, "closedAt" int8, "succeedsId" uuid,
    "originService" text, "openedHour" int8, "isOverflow" boolean)
  on conflict (id) do update set
    severity = excluded.severity, observed_severity = excluded.observed_severity, status = excluded.status,
    services = excluded.services, releases = excluded.releases, signature = excluded.signature,
    ${newOrStored('suspects')}, ${newOrStored('evidence')}, ${newOrStored('evidence_omitted')},
    exemplar_severity = excluded.exemplar_severity, exemplar_templates = excluded.exemplar_templates,
    failure_count = excluded.failure_count, trace_count = excluded.trace_count,
    first_seen_at = excluded.first_seen_at, last_seen_at = excluded.last_seen_at,
    resolved_at = excluded.resolved_at, closed_at = excluded.closed_at, updated_at = excluded.updated_at`;
