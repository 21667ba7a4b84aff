import type {
  AnalysisReason,
  AnalysisSource,
  Claim,
  EvidenceSignal,
  FingerprintPart,
  RejectedAlternative,
  Severity,
  Suspect,
  TemplateCount,
  TimelineEntry,
  Verdict,
} from '@prodsentinel/contracts';
import type { IncidentEventKind, RequestState } from './closed-sets.ts';
import { summaryColumns, toSummary, type IncidentSummary, type SummaryRow } from './list-incidents.ts';
import { toIso, type SqlSession } from './sql-session.ts';

/** One incident with everything an engineer on call reads. Times in RFC 3339, UTC. */
export interface IncidentDetails extends IncidentSummary {
  readonly releases: readonly string[];
  readonly fingerprint: string;
  readonly fingerprintParts: readonly FingerprintPart[];
  readonly signature: readonly TemplateCount[];
  readonly suspects: readonly Suspect[];
  readonly evidence: readonly EvidenceSignal[];
  readonly evidenceOmitted: number;
  readonly resolvedAt: string | null;
  readonly closedAt: string | null;
  /** The closed incident that this one succeeds. */
  readonly succeedsId: string | null;
  /** The model's of the highest request number, else the rules'. */
  readonly analysis: AnalysisDetails | null;
  readonly requests: readonly RequestDetails[];
  /** In order. */
  readonly events: readonly EventDetails[];
  /** The 100 seen last. */
  readonly traces: readonly TraceDetails[];
}

export interface AnalysisDetails {
  readonly id: string;
  readonly requestId: string;
  readonly requestNumber: number;
  readonly source: AnalysisSource;
  readonly verdict: Verdict;
  readonly severity: Severity;
  readonly rootCause: string;
  readonly category: string;
  readonly suspectedService: string | null;
  readonly confidence: number;
  readonly modelConfidence: number | null;
  readonly claims: readonly Claim[];
  readonly claimsDropped: number;
  readonly rejectedAlternatives: readonly RejectedAlternative[];
  readonly evidence: readonly EvidenceSignal[];
  readonly timeline: readonly TimelineEntry[];
  readonly actions: readonly string[];
  readonly model: string | null;
  readonly promptVersion: string | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly dollars: number | null;
  readonly latencyMs: number | null;
  readonly modelCalls: number;
  /** Why the rules answered and no model; null in a model's answer. */
  readonly withoutModel: string | null;
  readonly createdAt: string;
}

export interface RequestDetails {
  readonly id: string;
  readonly number: number;
  readonly reason: AnalysisReason;
  readonly state: RequestState;
  readonly dueAt: string;
  readonly publishedAt: string | null;
  readonly publishCount: number;
}

export interface EventDetails {
  readonly kind: IncidentEventKind;
  readonly actor: string;
  readonly reason: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly at: string;
}

export interface TraceDetails {
  readonly traceId: string;
  readonly failureCount: number;
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
}

/**
 * One incident, or undefined when there is none with this id.
 *
 * @throws AppError `unavailable` when the database is away
 */
export async function showIncident(session: SqlSession, id: string): Promise<IncidentDetails | undefined> {
  if (!/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(id)) return undefined;
  const [row] = await session.query<SummaryRow & IncidentRow>(
    `select ${summaryColumns}, i.releases, i.fingerprint, i.fingerprint_parts as "fingerprintParts", i.signature,
      i.suspects, i.evidence, i.evidence_omitted::float8 as "evidenceOmitted", ${toIso('i.resolved_at')} as "resolvedAt",
      ${toIso('i.closed_at')} as "closedAt", i.succeeds_id as "succeedsId"
    from incidents i left join analysis_results a on a.id = i.current_analysis_id where i.id = $1`,
    [id],
  );
  if (!row) return undefined;
  const { failureCount, traceCount, ...rest } = row;
  return {
    ...rest,
    ...toSummary({ ...rest, failureCount, traceCount }),
    analysis: await readAnalysis(session, id),
    requests: await session.query<RequestDetails>(
      `select id, number::float8 as number, reason, state, ${toIso('due_at')} as "dueAt",
        ${toIso('published_at')} as "publishedAt", publish_count as "publishCount"
      from analysis_requests where incident_id = $1 order by analysis_requests.number`,
      [id],
    ),
    events: await session.query<EventDetails>(
      `select kind, actor, reason, detail, ${toIso('at')} as at from incident_events where incident_id = $1
      order by incident_events.id`,
      [id],
    ),
    traces: await session.query<TraceDetails>(
      `select trace_id as "traceId", failure_count::float8 as "failureCount", ${toIso('first_seen_at')} as "firstSeenAt",
        ${toIso('last_seen_at')} as "lastSeenAt"
      from traces where incident_id = $1 order by last_seen_at desc, trace_id limit 100`,
      [id],
    ),
  };
}

type IncidentRow = Omit<
  IncidentDetails,
  keyof IncidentSummary | 'analysis' | 'requests' | 'events' | 'traces'
>;

async function readAnalysis(session: SqlSession, incidentId: string): Promise<AnalysisDetails | null> {
  const [analysis] = await session.query<AnalysisDetails>(
    `select ${analysisColumns} from analysis_results a join incidents i on a.id = i.current_analysis_id
    where i.id = $1`,
    [incidentId],
  );
  return analysis ?? null;
}

/** Of `analysis_results a`. */
export const analysisColumns = `a.id, a.request_id as "requestId", a.request_number::float8 as "requestNumber",
  a.source, a.verdict, a.severity, a.root_cause as "rootCause", a.category,
  a.suspected_service as "suspectedService", a.confidence, a.model_confidence as "modelConfidence", a.claims,
  a.claims_dropped::float8 as "claimsDropped", a.rejected_alternatives as "rejectedAlternatives", a.evidence,
  a.timeline, a.actions, a.model, a.prompt_version as "promptVersion", a.input_tokens::float8 as "inputTokens",
  a.output_tokens::float8 as "outputTokens", a.dollars, a.latency_ms::float8 as "latencyMs",
  a.model_calls::float8 as "modelCalls", a.without_model as "withoutModel", ${toIso('a.created_at')} as "createdAt"`;
