import type { AnalysisSource, IncidentStatus, Severity, Verdict } from '@prodsentinel/contracts';
import { AppError } from '@prodsentinel/kernel';
import { toIso, type SqlSession } from './sql-session.ts';

export interface IncidentFilters {
  readonly environment?: string;
  readonly statuses?: readonly IncidentStatus[];
  readonly severities?: readonly Severity[];
  /** Incidents with a failure of this service. */
  readonly service?: string;
  /** Incidents that hold this trace. */
  readonly traceId?: string;
  /** Most rows, 1 to 1,000, default 50. */
  readonly limit?: number;
  /** The `next` of the page before. */
  readonly after?: string;
}

/** Times in RFC 3339, UTC, microseconds; those of failures are Kafka's append times. */
export interface IncidentSummary {
  readonly id: string;
  readonly environment: string;
  readonly title: string;
  readonly severity: Severity;
  readonly status: IncidentStatus;
  readonly services: readonly string[];
  readonly failureCount: number;
  readonly traceCount: number;
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
  readonly isOverflow: boolean;
  /** Of the current analysis; null while there is none. */
  readonly rootCause: string | null;
  readonly source: AnalysisSource | null;
  readonly verdict: Verdict | null;
  readonly confidence: number | null;
}

export interface IncidentPage {
  readonly incidents: readonly IncidentSummary[];
  /** Give it as `after` for the next page; null when this is the last. */
  readonly next: string | null;
}

/**
 * Lists incidents, the most recently seen first.
 *
 * @throws AppError `invalid_input` for a limit or a cursor that is none, `unavailable` when the database is away
 */
export async function listIncidents(
  session: SqlSession,
  filters: IncidentFilters = {},
): Promise<IncidentPage> {
  const limit = filters.limit ?? 50;
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
    throw new AppError('invalid_input', 'limit: expected a whole number between 1 and 1000', {
      path: 'limit',
    });
  const { conditions, parameters } = toConditions(filters);
  const rows = await session.query<SummaryRow>(
    // The page first: analyses are looked up for its rows only, however many incidents match.
    `select ${summaryColumns} from (
      select id, environment, title, severity, status, services, failure_count, trace_count, first_seen_at,
        last_seen_at, is_overflow, current_analysis_id
      from incidents i ${conditions.length > 0 ? `where ${conditions.join(' and ')}` : ''}
      order by last_seen_at desc, id desc limit ${limit + 1}
    ) as i left join analysis_results a on a.id = i.current_analysis_id
    order by i.last_seen_at desc, i.id desc`,
    parameters,
  );
  const incidents = rows.slice(0, limit).map(toSummary);
  const last = incidents.at(-1);
  return { incidents, next: rows.length > limit && last ? `${last.lastSeenAt}_${last.id}` : null };
}

/** `bigint` arrives as text. */
export type SummaryRow = Omit<IncidentSummary, 'failureCount' | 'traceCount'> & {
  readonly failureCount: string;
  readonly traceCount: string;
};

export const summaryColumns = `i.id, i.environment, i.title, i.severity, i.status, i.services,
  i.failure_count as "failureCount", i.trace_count as "traceCount", ${toIso('i.first_seen_at')} as "firstSeenAt",
  ${toIso('i.last_seen_at')} as "lastSeenAt", i.is_overflow as "isOverflow", a.root_cause as "rootCause", a.source,
  a.verdict, a.confidence`;

export function toSummary(row: SummaryRow): IncidentSummary {
  return { ...row, failureCount: Number(row.failureCount), traceCount: Number(row.traceCount) };
}

function toConditions(filters: IncidentFilters): { conditions: string[]; parameters: unknown[] } {
  const parameters: unknown[] = [];
  const conditions: string[] = [];
  const add = (value: unknown, condition: (parameter: string) => string) => {
    if (value === undefined) return;
    parameters.push(value);
    conditions.push(condition(`$${parameters.length}`));
  };
  add(filters.environment, (given) => `i.environment = ${given}`);
  add(filters.statuses, (given) => `i.status = any(${given}::text[])`);
  add(filters.severities, (given) => `i.severity = any(${given}::text[])`);
  add(
    filters.service === undefined ? undefined : [filters.service],
    (given) => `i.services @> ${given}::text[]`,
  );
  add(filters.traceId, (given) => `i.id in (select incident_id from traces where trace_id = ${given})`);
  if (filters.after !== undefined) {
    const { at, id } = parseCursor(filters.after);
    parameters.push(at, id);
    conditions.push(
      `(i.last_seen_at, i.id) < ($${parameters.length - 1}::timestamptz, $${parameters.length}::uuid)`,
    );
  }
  return { conditions, parameters };
}

function parseCursor(cursor: string): { at: string; id: string } {
  const [, at, id] = /^(\d{4}-\d\d-\d\dT[\d:.]{8,15}Z)_([\da-f-]{36})$/.exec(cursor) ?? [];
  if (!at || !id)
    throw new AppError('invalid_input', 'after: expected the `next` of the page before', { path: 'after' });
  return { at, id };
}
