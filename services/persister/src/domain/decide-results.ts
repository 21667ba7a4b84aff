import { severities, worseSeverity, type AnalysisSource, type Severity } from '@prodsentinel/contracts';
import type { RequestChange, RequestHistory } from './decide-analysis.ts';
import type { IncidentEventDraft } from './incident-event.ts';
import type { Incident } from './incident.ts';
import type { Result } from './result.ts';

/** A result that was stored just now, or that met another one for the same request and source. */
export interface StoredResult {
  readonly result: Result;
  readonly incidentId: string;
  readonly requestNumber: number;
  /** `repeated`: the same content was there; `different`: other content was there, and this one was not reported yet. */
  readonly kind: 'stored' | 'repeated' | 'different';
}

export interface ResultDecisions {
  /** Changed incidents with their severity. */
  readonly severities: ReadonlyMap<string, Severity>;
  readonly requests: readonly RequestChange[];
  readonly events: readonly IncidentEventDraft[];
}

/**
 * What results do to their incidents. A closed incident is not changed. A second, different result for one request and
 * source is only reported.
 */
export function decideResults(
  results: readonly StoredResult[],
  known: {
    readonly incidents: ReadonlyMap<string, Incident>;
    readonly requests: ReadonlyMap<string, RequestHistory>;
  },
  { now, newId }: { now: number; newId: () => string },
): ResultDecisions {
  const raised = new Map<string, Severity>();
  const requests = new Map<string, RequestChange>();
  const events: IncidentEventDraft[] = [];
  for (const stored of results) {
    const incident = known.incidents.get(stored.incidentId);
    if (stored.kind === 'different') events.push(reportDifference(stored));
    if (!incident || stored.kind !== 'stored' || incident.status === 'closed') continue;
    events.push(reportAnalysis(stored));
    const before = raised.get(incident.id) ?? incident.severity;
    const after = raisedBy(stored.result, incident, before);
    if (after !== before) {
      raised.set(incident.id, after);
      events.push({
        incidentId: incident.id,
        kind: 'severity_raised',
        actor: 'analyzer',
        reason: 'the analysis found it worse',
        detail: { from: before, to: after },
      });
    }
    const again = askAgain(stored, known.requests.get(incident.id), { incident, now, newId });
    if (again && !requests.has(incident.id)) {
      requests.set(incident.id, again);
      events.push({
        incidentId: incident.id,
        kind: 'analysis_requested',
        actor: 'persister',
        reason: again.reason,
        detail: { number: again.number },
      });
    }
  }
  return { severities: raised, requests: [...requests.values()], events };
}

/** Of all results of an incident: the model's of the highest request number, else the rules'. */
export function currentOf<T extends { readonly source: AnalysisSource; readonly requestNumber: number }>(
  results: readonly T[],
): T | undefined {
  return results.toSorted(
    (a, b) =>
      Number(b.source === 'model') - Number(a.source === 'model') || b.requestNumber - a.requestNumber,
  )[0];
}

/** A model raises by at most one step above what the rules see; nobody lowers. */
function raisedBy({ source, severity }: Result, incident: Incident, before: Severity): Severity {
  if (source !== 'model') return before;
  const ceiling = severities.values[severities.values.indexOf(incident.observedSeverity) + 1] ?? 'critical';
  const wanted = worseSeverity(severity, ceiling) === severity ? ceiling : severity;
  return worseSeverity(before, wanted);
}

/** A rules answer that stands in for a model which was away is asked again, unless something newer was asked already. */
function askAgain(
  { result, requestNumber }: StoredResult,
  history: RequestHistory | undefined,
  { incident, now, newId }: { incident: Incident; now: number; newId: () => string },
): RequestChange | undefined {
  if (result.source !== 'rules' || result.askAgainAt === null || incident.status === 'resolved')
    return undefined;
  if (!history || history.pending || history.lastNumber !== requestNumber) return undefined;
  return {
    kind: 'create',
    id: newId(),
    incidentId: incident.id,
    number: requestNumber + 1,
    reason: 'model_back',
    dueAt: Math.max(now, result.askAgainAt),
  };
}

function reportAnalysis({ result, incidentId, requestNumber }: StoredResult): IncidentEventDraft {
  const { source, verdict, requestId } = result;
  return {
    incidentId,
    kind: 'analysed',
    actor: 'analyzer',
    reason: `${verdict}, by ${source === 'model' ? 'the model' : 'the rules'}`,
    detail: { requestId, requestNumber, source, verdict },
  };
}

function reportDifference({ result, incidentId, requestNumber }: StoredResult): IncidentEventDraft {
  const { source, requestId, contentSha256 } = result;
  return {
    incidentId,
    kind: 'analysis_differs',
    actor: 'analyzer',
    reason: 'a second, different result came for one request and source; the first one stays',
    detail: { requestId, requestNumber, source, contentSha256 },
  };
}
