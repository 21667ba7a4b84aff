import {
  decideAnalysis,
  noRequests,
  type AnalysisTiming,
  type RequestChange,
  type RequestHistory,
} from './decide-analysis.ts';
import type { FreshObservation } from './fresh-observation.ts';
import { growIncident, openIncident, openOverflowIncident, originOf } from './grow-incident.ts';
import type { IncidentEventDraft } from './incident-event.ts';
import type { Incident } from './incident.ts';

export interface DecisionRules {
  readonly timing: AnalysisTiming;
  /** Failures received up to this long after `resolved` do not regress an incident. Microseconds. */
  readonly regressionGrace: number;
  /** Most new incidents for each environment, service and append hour. */
  readonly maxNewIncidentsPerHour: number;
}

/** What the database says, all of it locked. */
export interface Known {
  /** By `alias`. */
  readonly aliases: ReadonlyMap<string, string>;
  /** Ids for new incidents, by the `alias` that this transaction inserted. */
  readonly proposedIds: ReadonlyMap<string, string>;
  readonly incidents: ReadonlyMap<string, Incident>;
  readonly requests: ReadonlyMap<string, RequestHistory>;
  /** By `originName`: of each place where a new incident may be opened. */
  readonly openings: ReadonlyMap<string, Opening>;
}

export interface Opening {
  /** Incidents opened there so far. */
  readonly count: number;
  readonly overflowId: string | undefined;
}

export interface TraceShare {
  readonly environment: string;
  readonly traceId: string;
  readonly incidentId: string;
  readonly failures: number;
  readonly firstAppendedAt: number;
  readonly lastAppendedAt: number;
}

/** What has to be written. */
export interface Decisions {
  /** Created or changed. */
  readonly incidents: readonly Incident[];
  /** By `alias`: where each fingerprint of the batch leads now. */
  readonly aliases: ReadonlyMap<string, string>;
  /** All fingerprints of a closed incident go to its successor. */
  readonly takeovers: readonly { readonly from: string; readonly to: string }[];
  readonly traces: readonly TraceShare[];
  readonly requests: readonly RequestChange[];
  readonly events: readonly IncidentEventDraft[];
}

/** Decides, in order, what each observation does to the incidents. Pure: the same input, the same decisions. */
export function decideObservations(
  observations: readonly FreshObservation[],
  known: Known,
  { rules, now, newId }: { rules: DecisionRules; now: number; newId: () => string },
): Decisions {
  const draft = new Draft(known, rules, newId);
  for (const fresh of observations) draft.apply(fresh);
  return draft.finish(now);
}

export function originName(
  environment: string,
  origin: { originService: string; openedHour: number },
): string {
  return JSON.stringify([environment, origin.originService, origin.openedHour]);
}

/** The incidents as they become while the observations of one batch are applied. */
class Draft {
  readonly #known: Known;
  readonly #rules: DecisionRules;
  readonly #newId: () => string;
  readonly #aliases: Map<string, string>;
  readonly #incidents: Map<string, Incident>;
  readonly #openings: Map<string, Opening>;
  readonly #changed = new Set<string>();
  readonly #takeovers: { from: string; to: string }[] = [];
  /** By incident and environment, then by trace. */
  readonly #traces = new Map<string, Map<string, TraceShare>>();
  readonly #events: IncidentEventDraft[] = [];

  constructor(known: Known, rules: DecisionRules, newId: () => string) {
    this.#known = known;
    this.#rules = rules;
    this.#newId = newId;
    this.#aliases = new Map(known.aliases);
    this.#incidents = new Map(known.incidents);
    this.#openings = new Map(known.openings);
  }

  apply(fresh: FreshObservation): void {
    const before = this.#incidentFor(fresh);
    const after = growIncident(before, fresh);
    this.#put(after);
    const { fingerprints, isReduced } = fresh.observation;
    if (!after.isOverflow)
      for (const { alias } of fingerprints) if (!this.#aliases.has(alias)) this.#aliases.set(alias, after.id);
    if (after.severity !== before.severity)
      this.#tell(after.id, 'severity_raised', 'a failure was worse', {
        from: before.severity,
        to: after.severity,
      });
    // The releases an incident opens with are no news.
    if (after.releases.length > before.releases.length && before.failureCount > 0)
      this.#tell(after.id, 'release_appeared', 'a release that this incident never had', {
        releases: after.releases.slice(before.releases.length),
      });
    if (isReduced) this.#tell(after.id, 'reduced', 'only the counts of an observation could be stored', {});
    this.#addTraces(after.id, fresh);
  }

  finish(now: number): Decisions {
    const incidents = [...this.#changed].flatMap((id) => this.#incidents.get(id) ?? []);
    const requests = incidents.flatMap(
      (incident) =>
        decideAnalysis(incident, this.#known.requests.get(incident.id) ?? noRequests, {
          timing: this.#rules.timing,
          now,
          newId: this.#newId,
        }) ?? [],
    );
    for (const { incidentId, number, reason } of requests)
      this.#tell(incidentId, 'analysis_requested', reason, { number });
    return {
      incidents,
      aliases: this.#aliases,
      takeovers: this.#takeovers,
      traces: [...this.#traces.values()].flatMap((ofIncident) => [...ofIncident.values()]),
      requests,
      events: this.#events,
    };
  }

  #incidentFor(fresh: FreshObservation): Incident {
    const { fingerprints } = fresh.observation;
    const known = fingerprints.find(({ alias }) => this.#aliases.has(alias));
    const id = known && this.#aliases.get(known.alias);
    const incident = id === undefined ? undefined : this.#incidents.get(id);
    if (!incident) return this.#openFor(fresh);
    if (incident.status === 'closed' && fresh.lastAppendedAt > (incident.closedAt ?? 0))
      return this.#succeed(incident, fresh);
    return this.#regressIfAfter(incident, fresh);
  }

  #openFor(fresh: FreshObservation): Incident {
    const { environment, fingerprints } = fresh.observation;
    const origin = originName(environment, originOf(fresh.observation, fresh.firstAppendedAt));
    const opening = this.#openings.get(origin) ?? { count: 0, overflowId: undefined };
    if (opening.count >= this.#rules.maxNewIncidentsPerHour) return this.#overflowAt(origin, opening, fresh);
    this.#openings.set(origin, { ...opening, count: opening.count + 1 });
    const proposed = fingerprints[0] && this.#known.proposedIds.get(fingerprints[0].alias);
    const incident = openIncident(fresh, { id: proposed ?? this.#newId(), succeedsId: null });
    this.#tell(incident.id, 'opened', 'a problem that was not known', { fingerprint: incident.fingerprint });
    return incident;
  }

  #overflowAt(origin: string, opening: Opening, fresh: FreshObservation): Incident {
    const known = opening.overflowId === undefined ? undefined : this.#incidents.get(opening.overflowId);
    if (known) return this.#regressIfAfter(known, fresh);
    const incident = openOverflowIncident(fresh, this.#newId());
    this.#openings.set(origin, { ...opening, overflowId: incident.id });
    this.#tell(incident.id, 'opened', 'more new problems in one hour than are kept apart', {
      max: this.#rules.maxNewIncidentsPerHour,
    });
    return incident;
  }

  #succeed(closed: Incident, fresh: FreshObservation): Incident {
    if (closed.isOverflow) return this.#regressIfAfter(closed, fresh);
    const successor = openIncident(fresh, { id: this.#newId(), succeedsId: closed.id });
    this.#takeovers.push({ from: closed.id, to: successor.id });
    for (const [name, id] of this.#aliases) if (id === closed.id) this.#aliases.set(name, successor.id);
    this.#tell(closed.id, 'succeeded', 'it failed again after it was closed', { successor: successor.id });
    this.#tell(successor.id, 'opened', 'it failed again after its predecessor was closed', {
      predecessor: closed.id,
      fingerprint: successor.fingerprint,
    });
    return successor;
  }

  #regressIfAfter(incident: Incident, { lastAppendedAt }: FreshObservation): Incident {
    const quietSince = incident.closedAt ?? (incident.resolvedAt ?? 0) + this.#rules.regressionGrace;
    const isOver = incident.status === 'resolved' || (incident.status === 'closed' && incident.isOverflow);
    if (!isOver || lastAppendedAt <= quietSince) return incident;
    this.#tell(incident.id, 'regressed', 'it failed again after it was resolved', { from: incident.status });
    return { ...incident, status: 'open', resolvedAt: null, closedAt: null };
  }

  #put(incident: Incident): void {
    this.#incidents.set(incident.id, incident);
    this.#changed.add(incident.id);
  }

  #addTraces(incidentId: string, { observation, windows }: FreshObservation): void {
    const { environment } = observation;
    const name = `${incidentId}${environment}`;
    const shares = this.#traces.get(name) ?? new Map<string, TraceShare>();
    this.#traces.set(name, shares);
    for (const { traceId, failures, firstAppendedAt, lastAppendedAt } of windows) {
      if (traceId === '') continue;
      const before = shares.get(traceId);
      shares.set(traceId, {
        environment,
        traceId,
        incidentId,
        failures: failures + (before?.failures ?? 0),
        firstAppendedAt: Math.min(firstAppendedAt, before?.firstAppendedAt ?? Infinity),
        lastAppendedAt: Math.max(lastAppendedAt, before?.lastAppendedAt ?? 0),
      });
    }
  }

  #tell(
    incidentId: string,
    kind: IncidentEventDraft['kind'],
    reason: string,
    detail: IncidentEventDraft['detail'],
  ): void {
    this.#events.push({ incidentId, kind, actor: 'persister', reason, detail });
  }
}
