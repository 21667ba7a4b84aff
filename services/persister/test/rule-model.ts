import { severities, type IncidentStatus, type Severity } from '@prodsentinel/contracts';

// The whole rule again, from its description alone and one failure after the other: nothing here is shared with the code
// that it judges. Times in minutes.

export interface Shown {
  readonly aliases: readonly string[];
  readonly service: string;
  readonly severity: Severity;
  readonly template: string;
  readonly release: string;
  /** Empty: none. */
  readonly trace: string;
  readonly at: number;
  readonly offsets: readonly number[];
}

export interface ModelRules {
  readonly grace: number;
  readonly firstDelay: number;
  readonly nextDelay: number;
  readonly maxNewPerHour: number;
}

interface Request {
  readonly reason: string;
  readonly due: number;
  state: 'pending' | 'published' | 'superseded';
  asked?: { readonly templates: number; readonly releases: number; readonly failures: number; at: number };
}

export class ModelIncident {
  status: IncidentStatus = 'open';
  severity: Severity;
  failures = 0;
  resolvedAt: number | undefined;
  closedAt: number | undefined;
  first = Infinity;
  last = -Infinity;
  readonly service: string;
  readonly hour: number;
  readonly isOverflow: boolean;
  readonly predecessor: ModelIncident | undefined;
  readonly traces = new Map<string, number>();
  readonly templates = new Set<string>();
  readonly releases = new Set<string>();
  readonly requests: Request[] = [];
  readonly events: string[] = ['opened'];

  constructor(
    { service, severity, at }: Shown,
    { isOverflow = false, predecessor }: { isOverflow?: boolean; predecessor?: ModelIncident } = {},
  ) {
    this.service = service;
    this.severity = severity;
    this.hour = Math.floor(at / 60);
    this.isOverflow = isOverflow;
    this.predecessor = predecessor;
  }
}

export class RuleModel {
  readonly incidents: ModelIncident[] = [];
  readonly aliases = new Map<string, ModelIncident>();
  readonly #counted = new Set<number>();
  readonly #rules: ModelRules;

  constructor(rules: ModelRules) {
    this.#rules = rules;
  }

  persist(batch: readonly Shown[], now: number): void {
    const touched = new Set<ModelIncident>();
    for (const shown of batch) {
      const fresh = shown.offsets.filter((offset) => !this.#counted.has(offset));
      if (fresh.length === 0) continue;
      for (const offset of fresh) this.#counted.add(offset);
      const incident = this.#incidentOf(shown);
      add(incident, shown, fresh.length);
      if (!incident.isOverflow)
        for (const alias of shown.aliases) if (!this.aliases.has(alias)) this.aliases.set(alias, incident);
      touched.add(incident);
    }
    for (const incident of touched) this.#ask(incident, now);
  }

  change(incident: ModelIncident, to: 'investigating' | 'resolved' | 'closed', at: number): void {
    incident.status = to;
    if (to === 'resolved') incident.resolvedAt = at;
    if (to === 'closed') incident.closedAt = at;
    incident.events.push('status_changed');
  }

  sweep(now: number): void {
    for (const incident of this.incidents)
      for (const request of incident.requests) {
        if (request.state !== 'pending' || request.due > now) continue;
        if (incident.status === 'closed') {
          request.state = 'superseded';
          continue;
        }
        for (const earlier of incident.requests)
          if (earlier.state === 'published') earlier.state = 'superseded';
        request.state = 'published';
        const { templates, releases, failures } = incident;
        request.asked = { templates: templates.size, releases: releases.size, failures, at: now };
      }
  }

  overflows(): ModelIncident[] {
    return this.incidents.filter(({ isOverflow }) => isOverflow);
  }

  #incidentOf(shown: Shown): ModelIncident {
    const known = shown.aliases.map((alias) => this.aliases.get(alias)).find(Boolean);
    if (!known) return this.#open(shown);
    if (known.status !== 'closed' || shown.at <= (known.closedAt as number))
      return this.#reopenIfOver(known, shown);
    const successor = new ModelIncident(shown, { predecessor: known });
    this.incidents.push(successor);
    for (const [alias, incident] of this.aliases) if (incident === known) this.aliases.set(alias, successor);
    known.events.push('succeeded');
    return successor;
  }

  #open(shown: Shown): ModelIncident {
    const hour = Math.floor(shown.at / 60);
    const here = this.incidents.filter((each) => each.service === shown.service && each.hour === hour);
    const opened = here.filter(({ isOverflow, predecessor }) => !isOverflow && !predecessor).length;
    const isOverflow = opened >= this.#rules.maxNewPerHour;
    const overflow = here.find((each) => each.isOverflow);
    if (isOverflow && overflow) return this.#reopenIfOver(overflow, shown);
    const incident = new ModelIncident(shown, { isOverflow });
    this.incidents.push(incident);
    return incident;
  }

  #reopenIfOver(incident: ModelIncident, { at }: Shown): ModelIncident {
    const isAfterResolved =
      incident.status === 'resolved' && at > (incident.resolvedAt as number) + this.#rules.grace;
    // A closed incident with fingerprints has a successor instead.
    const isAfterClosed =
      incident.isOverflow && incident.status === 'closed' && at > (incident.closedAt as number);
    if (isAfterResolved || isAfterClosed) {
      incident.status = 'open';
      incident.resolvedAt = undefined;
      incident.closedAt = undefined;
      incident.events.push('regressed');
    }
    return incident;
  }

  #ask(incident: ModelIncident, now: number): void {
    if (incident.isOverflow || !['open', 'investigating'].includes(incident.status)) return;
    if (incident.requests.some(({ state }) => state === 'pending')) return;
    const asked = incident.requests.findLast((request) => request.asked)?.asked;
    const reason = reasonFor(incident, asked);
    if (!reason) return;
    const due = asked ? Math.max(now, asked.at + this.#rules.nextDelay) : now + this.#rules.firstDelay;
    incident.requests.push({ reason, due, state: 'pending' });
    incident.events.push('analysis_requested');
  }
}

function reasonFor(incident: ModelIncident, asked: Request['asked']): string | undefined {
  if (!asked) return 'first';
  if (incident.templates.size >= 2 * asked.templates) return 'templates_doubled';
  if (incident.releases.size > asked.releases) return 'new_release';
  if (incident.failures >= 10 * asked.failures) return 'failures_tenfold';
  return undefined;
}

function add(incident: ModelIncident, shown: Shown, failures: number): void {
  const { severity, template, release, trace, at } = shown;
  if (severities.values.indexOf(severity) > severities.values.indexOf(incident.severity)) {
    incident.severity = severity;
    incident.events.push('severity_raised');
  }
  if (!incident.releases.has(release) && incident.failures > 0) incident.events.push('release_appeared');
  incident.releases.add(release);
  incident.templates.add(`${shown.service} ${template}`);
  incident.failures += failures;
  incident.first = Math.min(incident.first, at);
  incident.last = Math.max(incident.last, at);
  if (trace !== '') incident.traces.set(trace, (incident.traces.get(trace) ?? 0) + failures);
}
