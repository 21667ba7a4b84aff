import type { IncidentRow, ShownEvidence } from '@prodsentinel/cli';
import { severities } from '@prodsentinel/contracts';
import { listIncidents, showIncident, type Database, type IncidentDetails } from '@prodsentinel/database';

/** An incident as the demo shows and judges it. */
export interface DemoIncident extends IncidentRow {
  /** Of the current analysis; null while there is none, or when it names nobody. */
  readonly suspectedService: string | null;
}

/** More than the demo can make: a replay of a whole day stays below 60. */
const maxIncidents = 1_000;

/**
 * Reads all incidents, worst first, then in the order they were opened. What an analysis cites is read once for each
 * analysis, not at every look.
 */
export function createIncidentReader(database: Database): () => Promise<DemoIncident[]> {
  const cited = new Map<
    string,
    { rootCause: string; evidence?: ShownEvidence; suspectedService: string | null }
  >();
  return async () => {
    const { incidents } = await listIncidents(database, { limit: maxIncidents });
    const rows: DemoIncident[] = [];
    for (const incident of incidents) {
      let known = cited.get(incident.id);
      if (incident.rootCause !== null && known?.rootCause !== incident.rootCause) {
        const details = await showIncident(database, incident.id);
        if (details?.analysis) cited.set(incident.id, (known = toCited(details, details.analysis)));
      }
      rows.push({
        ...incident,
        evidence: known?.evidence,
        suspectedService: known?.suspectedService ?? null,
      });
    }
    return rows.toSorted((a, b) => rankOf(b) - rankOf(a) || (a.id < b.id ? -1 : 1));
  };
}

function rankOf({ severity }: DemoIncident): number {
  return severities.values.indexOf(severity);
}

type Analysis = NonNullable<IncidentDetails['analysis']>;

/** What the first claim quotes, else the first signal that was shown to whoever analysed. */
function toCited(incident: IncidentDetails, { rootCause, suspectedService, claims, evidence }: Analysis) {
  const claim = claims.find((each) => each.quotes.length > 0);
  const signal =
    evidence.find(({ evidenceId }) => claim?.evidenceIds.includes(evidenceId)) ?? incident.evidence[0];
  const message = claim?.quotes[0] ?? signal?.message;
  return {
    rootCause,
    suspectedService,
    ...(signal && message ? { evidence: { service: signal.service, message } } : {}),
  };
}
