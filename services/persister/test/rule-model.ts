import type { IncidentStatus, Severity } from '@prodsentinel/contracts';

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
  /** Without a failure until it counts as resolved, and resolved until it counts as closed. */
  readonly quiet: number;
  readonly closeAfter: number;
}

export interface ModelRequest {
  readonly number: number;
  reason: string;
  due: number;
  state: 'pending' | 'published' | 'superseded' | 'answered';
  asked?: { readonly templates: number; readonly releases: number; readonly failures: number; at: number };
}

/** One answer; `askAgain`: when the rules stood in for a model that was away. */
export interface ModelAnswer {
  readonly source: 'model' | 'rules';
  readonly severity: Severity;
  readonly askAgain: number | undefined;
}

interface ModelResult {
  readonly number: number;
  readonly source: 'model' | 'rules';
  /** Everything that was answered for this request by this source; the first was stored. */
  readonly contents: Set<string>;
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
  readonly requests: ModelRequest[] = [];
  readonly results: ModelResult[] = [];
  current: string | undefined;
  /** What failures alone make of it. */
  observed: Severity;
  readonly events: string[] = ['opened'];

  constructor(
    { service, severity, at }: Shown,
    { isOverflow = false, predecessor }: { isOverflow?: boolean; predecessor?: ModelIncident } = {},
  ) {
    this.service = service;
    this.severity = severity;
    this.observed = severity;
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

  /** A person asks. */
  askFor(incident: ModelIncident, now: number): void {
    const pending = incident.requests.find(({ state }) => state === 'pending');
    if (pending) Object.assign(pending, { reason: 'human', due: Math.min(pending.due, now) });
    else addRequest(incident, 'human', now);
    incident.events.push('analysis_requested');
  }

  answer(incident: ModelIncident, request: ModelRequest, answer: ModelAnswer, now: number): void {
    const isStored = store(incident, request, answer);
    if (incident.status === 'closed') return;
    if (isStored) {
      incident.events.push('analysed');
      if (answer.source === 'model') raise(incident, least(answer.severity, worse(incident.observed)));
      this.#askAgain(incident, request, answer, now);
    }
    const byModel = incident.results.filter(({ source }) => source === 'model');
    const best = (byModel.length > 0 ? byModel : incident.results).toSorted((a, b) => b.number - a.number)[0];
    incident.current = best && `${best.source} ${best.number}`;
  }

  /** Everything up to `watermark` has been counted. */
  keepHouse(watermark: number, now: number): void {
    for (const incident of this.incidents) {
      if (
        ['open', 'investigating'].includes(incident.status) &&
        incident.last <= watermark - this.#rules.quiet
      )
        this.change(incident, 'resolved', incident.last + this.#rules.quiet);
      const { status, resolvedAt = Infinity } = incident;
      if (status === 'resolved' && resolvedAt <= now - this.#rules.closeAfter)
        this.change(incident, 'closed', resolvedAt + this.#rules.grace);
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
    const pending = incident.requests.find(({ state }) => state === 'pending');
    // Whatever is asked will say all that is known by then; only waiting for the model may be cut short.
    if (pending && pending.reason !== 'model_back') return;
    const asked = incident.requests.findLast((request) => request.asked)?.asked;
    const reason = reasonFor(incident, asked);
    if (!reason) return;
    const due = asked ? Math.max(now, asked.at + this.#rules.nextDelay) : now + this.#rules.firstDelay;
    if (pending) Object.assign(pending, { reason, due: Math.min(pending.due, due) });
    else addRequest(incident, reason, due);
    incident.events.push('analysis_requested');
  }

  #askAgain(
    incident: ModelIncident,
    { number }: ModelRequest,
    { source, askAgain }: ModelAnswer,
    now: number,
  ): void {
    if (source !== 'rules' || askAgain === undefined || incident.status === 'resolved') return;
    // Something newer was asked already.
    if (number < incident.requests.length) return;
    addRequest(incident, 'model_back', Math.max(now, askAgain));
    incident.events.push('analysis_requested');
  }
}

function addRequest({ requests }: ModelIncident, reason: string, due: number): void {
  requests.push({ number: requests.length + 1, reason, due, state: 'pending' });
}

/** Keeps the first answer of a source to a request; says of each other one once that it differs. */
function store(incident: ModelIncident, request: ModelRequest, { source, severity }: ModelAnswer): boolean {
  const known = incident.results.find((each) => each.number === request.number && each.source === source);
  if (!known) {
    incident.results.push({ number: request.number, source, contents: new Set([severity]) });
    request.state = 'answered';
    return true;
  }
  if (!known.contents.has(severity)) incident.events.push('analysis_differs');
  known.contents.add(severity);
  return false;
}

const order = ['low', 'medium', 'high', 'critical'] as const;

function worse(severity: Severity): Severity {
  return order[order.indexOf(severity) + 1] ?? 'critical';
}

function least(one: Severity, other: Severity): Severity {
  return order.indexOf(one) < order.indexOf(other) ? one : other;
}

function raise(incident: ModelIncident, to: Severity): void {
  if (order.indexOf(to) <= order.indexOf(incident.severity)) return;
  incident.severity = to;
  incident.events.push('severity_raised');
}

function reasonFor(incident: ModelIncident, asked: ModelRequest['asked']): string | undefined {
  if (!asked) return 'first';
  if (incident.templates.size >= 2 * asked.templates) return 'templates_doubled';
  if (incident.releases.size > asked.releases) return 'new_release';
  if (incident.failures >= 10 * asked.failures) return 'failures_tenfold';
  return undefined;
}

function add(incident: ModelIncident, shown: Shown, failures: number): void {
  const { severity, template, release, trace, at } = shown;
  raise(incident, severity);
  if (order.indexOf(severity) > order.indexOf(incident.observed)) incident.observed = severity;
  if (!incident.releases.has(release) && incident.failures > 0) incident.events.push('release_appeared');
  incident.releases.add(release);
  incident.templates.add(`${shown.service} ${template}`);
  incident.failures += failures;
  incident.first = Math.min(incident.first, at);
  incident.last = Math.max(incident.last, at);
  if (trace !== '') incident.traces.set(trace, (incident.traces.get(trace) ?? 0) + failures);
}
