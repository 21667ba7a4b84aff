import type { AnalysisReason } from '@prodsentinel/contracts';
import type { Incident } from './incident.ts';

export interface AnalysisTiming {
  /** From the first failure to the first request, so that evidence gathers. Microseconds. */
  readonly firstDelay: number;
  /** Least time from one request to the next. Microseconds. */
  readonly nextDelay: number;
}

/** What was asked about an incident so far. */
export interface RequestHistory {
  /** Of the newest request; 0 when there was none. */
  readonly lastNumber: number;
  /** The one request that is not frozen yet: it will ask with whatever is known by then. */
  readonly pending?: { readonly id: string; readonly reason: AnalysisReason; readonly dueAt: number };
  /** What the newest frozen request asked with. */
  readonly lastAsked?: {
    readonly templates: number;
    readonly releases: number;
    readonly failures: number;
    readonly frozenAt: number;
  };
}

export const noRequests: RequestHistory = { lastNumber: 0 };

/** A request to insert, or the pending one with another reason or an earlier time. */
export interface RequestChange {
  readonly kind: 'create' | 'refresh';
  readonly id: string;
  readonly incidentId: string;
  readonly number: number;
  readonly reason: AnalysisReason;
  /** Microseconds since 1970. */
  readonly dueAt: number;
}

/**
 * Whether what an incident has become deserves an analysis: none yet, templates doubled since the last request, a release
 * it never had, failures tenfold. Only incidents that somebody may still work on are asked about; overflow incidents mix
 * problems and are asked about by people only.
 */
export function decideAnalysis(
  incident: Incident,
  history: RequestHistory,
  { timing, now, newId }: { timing: AnalysisTiming; now: number; newId: () => string },
): RequestChange | undefined {
  if (incident.isOverflow || incident.status === 'resolved' || incident.status === 'closed') return undefined;
  const { pending, lastAsked, lastNumber } = history;
  // A pending request asks with all that is known when it is frozen; only the wait for the model may be cut short.
  if (pending && pending.reason !== 'model_back') return undefined;
  const reason = reasonFor(incident, lastAsked);
  if (!reason) return undefined;
  const dueAt = lastAsked ? Math.max(now, lastAsked.frozenAt + timing.nextDelay) : now + timing.firstDelay;
  if (!pending)
    return { kind: 'create', id: newId(), incidentId: incident.id, number: lastNumber + 1, reason, dueAt };
  return {
    kind: 'refresh',
    id: pending.id,
    incidentId: incident.id,
    number: lastNumber,
    reason,
    dueAt: Math.min(pending.dueAt, dueAt),
  };
}

function reasonFor(incident: Incident, lastAsked: RequestHistory['lastAsked']): AnalysisReason | undefined {
  if (!lastAsked) return 'first';
  if (incident.signature.length >= 2 * Math.max(1, lastAsked.templates)) return 'templates_doubled';
  if (incident.releases.length > lastAsked.releases) return 'new_release';
  if (incident.failureCount >= 10 * Math.max(1, lastAsked.failures)) return 'failures_tenfold';
  return undefined;
}
