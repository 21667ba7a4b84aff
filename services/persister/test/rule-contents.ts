import { secondMicros, startMicros } from './observations.ts';
import type { PersisterDatabase } from './persister-database.ts';
import type { RuleModel } from './rule-model.ts';

/** Incidents have no names that both sides know: they are compared as a sorted list. */
function sorted(incidents: readonly object[]): string[] {
  return incidents.map((each) => JSON.stringify(each, null, 1)).toSorted();
}

/** What the tables must hold. */
export function expectationOf(model: RuleModel): string[] {
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
      results: incident.results.map(({ number, source }) => `${number} ${source}`).toSorted(),
      current: incident.current ?? null,
      observed: incident.observed,
      events: incident.events.toSorted(),
    })),
  );
}

const minutesOf = (column: string) => `(extract(epoch from ${column})::int8 - $1) / 60`;
const listOf = (item: string, source: string, order = item) =>
  `array(select ${item} from ${source} order by ${order})`;

/** What they hold, said in the same way. */
export async function contentsOf(persister: PersisterDatabase): Promise<string[]> {
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
      'results', ${listOf(`request_number || ' ' || source`, 'analysis_results where incident_id = incident.id', '1')},
      'current', (select source || ' ' || request_number from analysis_results where id = current_analysis_id),
      'observed', observed_severity,
      'events', ${listOf('kind', 'incident_events where incident_id = incident.id')}) as row
    from incidents incident`,
    [startMicros / secondMicros],
  );
  return sorted(rows.map(({ row }) => row));
}
