import { worseSeverity, type TemplateCount } from '@prodsentinel/contracts';
import type { FreshObservation } from './fresh-observation.ts';
import { incidentBounds, type Incident } from './incident.ts';

/** An incident without a failure yet, named after the observation that opens it. */
export function openIncident(
  { observation, firstAppendedAt, lastAppendedAt }: FreshObservation,
  { id, succeedsId }: { id: string; succeedsId: string | null },
): Incident {
  return {
    id,
    environment: observation.environment,
    title: observation.title || (observation.fingerprints[0]?.fingerprint ?? ''),
    severity: observation.severity,
    observedSeverity: observation.severity,
    status: 'open',
    services: [],
    releases: [],
    signature: [],
    fingerprint: observation.fingerprints[0]?.fingerprint ?? '',
    fingerprintParts: observation.fingerprintParts(),
    exemplarSeverity: observation.severity,
    exemplarTemplates: 0,
    failureCount: 0,
    traceCount: 0,
    firstSeenAt: firstAppendedAt,
    lastSeenAt: lastAppendedAt,
    resolvedAt: null,
    closedAt: null,
    succeedsId,
    ...originOf(observation, firstAppendedAt),
    isOverflow: false,
  };
}

/** Stands for the problems of one service and hour beyond the cap on new incidents. */
export function openOverflowIncident(fresh: FreshObservation, id: string): Incident {
  const incident = openIncident(fresh, { id, succeedsId: null });
  return {
    ...incident,
    title: `More new problems of ${incident.originService} within one hour than are kept apart`,
    fingerprint: '',
    fingerprintParts: [],
    isOverflow: true,
  };
}

/** What the cap on new incidents counts by. */
export function originOf(
  { services }: { readonly services: readonly string[] },
  firstAppendedAt: number,
): { originService: string; openedHour: number } {
  return {
    originService: services[0] ?? 'unknown_service',
    openedHour: Math.floor(firstAppendedAt / 3_600_000_000),
  };
}

/** The incident with what an observation showed. Status is not touched; severity only rises. */
export function growIncident(incident: Incident, fresh: FreshObservation): Incident {
  const { observation } = fresh;
  const observedSeverity = worseSeverity(incident.observedSeverity, observation.severity);
  const grown: Incident = {
    ...incident,
    severity: worseSeverity(incident.severity, observation.severity),
    observedSeverity,
    services: union(incident.services, observation.services, incidentBounds.services),
    releases: union(incident.releases, observation.releases, incidentBounds.releases),
    signature: addTemplates(incident.signature, observation.signature),
    failureCount: incident.failureCount + fresh.failures,
    firstSeenAt: Math.min(incident.firstSeenAt, fresh.firstAppendedAt),
    lastSeenAt: Math.max(incident.lastSeenAt, fresh.lastAppendedAt),
  };
  return withExemplar(grown, fresh);
}

/** The first observation with evidence shows the incident, until one comes when severity or templates have grown. */
function withExemplar(incident: Incident, { observation }: FreshObservation): Incident {
  const isBetter =
    incident.exemplarTemplates === 0 ||
    incident.signature.length > incident.exemplarTemplates ||
    worseSeverity(incident.exemplarSeverity, observation.severity) !== incident.exemplarSeverity;
  const exemplar = isBetter ? observation.exemplar() : undefined;
  if (!exemplar) return incident;
  return {
    ...incident,
    exemplar,
    exemplarSeverity: worseSeverity(incident.exemplarSeverity, observation.severity),
    exemplarTemplates: Math.max(1, incident.signature.length),
  };
}

function union(known: readonly string[], more: readonly string[], max: number): readonly string[] {
  // Nearly always nothing is new, and then nothing is made.
  if (more.every((each) => known.includes(each))) return known;
  return [...new Set([...known, ...more])].slice(0, max);
}

function addTemplates(
  known: readonly TemplateCount[],
  more: readonly TemplateCount[],
): readonly TemplateCount[] {
  return addToKnown(known, more) ?? addToAny(known, more);
}

const fewComparisons = 64;

/** As it nearly always is, few and all of them known: dearer means are not needed. */
function addToKnown(
  known: readonly TemplateCount[],
  more: readonly TemplateCount[],
): readonly TemplateCount[] | undefined {
  if (known.length * more.length > fewComparisons) return undefined;
  const grown = [...known];
  for (const { service, template, count } of more) {
    const place = grown.findIndex((each) => each.template === template && each.service === service);
    const before = grown[place];
    if (!before) return undefined;
    grown[place] = { service, template, count: before.count + count };
  }
  return grown;
}

function addToAny(known: readonly TemplateCount[], more: readonly TemplateCount[]): readonly TemplateCount[] {
  const counts = new Map(known.map((each) => [nameOf(each), each]));
  for (const { service, template, count } of more) {
    const name = nameOf({ service, template });
    const before = counts.get(name);
    if (before || counts.size < incidentBounds.templates)
      counts.set(name, { service, template, count: (before?.count ?? 0) + count });
  }
  return [...counts.values()];
}

/** Neither text holds a NUL. */
function nameOf({ service, template }: Pick<TemplateCount, 'service' | 'template'>): string {
  return `${service}\0${template}`;
}
