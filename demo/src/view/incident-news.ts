import { printable, wrapText } from '@prodsentinel/cli';
import type { DemoIncident } from '../demo-incident.ts';

/** The root cause last told of each incident, by id. */
export type SeenIncidents = Map<string, string | null>;

/** Plain lines about what is new since the last look: incidents that appeared, analyses that came. */
export function newsOf(incidents: readonly DemoIncident[], seen: SeenIncidents, columns: number): string[] {
  const lines: string[] = [];
  for (const incident of incidents) {
    if (!seen.has(incident.id)) lines.push(...wrapText(appearanceOf(incident), columns, 3));
    if (incident.rootCause !== null && incident.rootCause !== seen.get(incident.id)) {
      lines.push(...analysisOf(incident, columns));
    }
    seen.set(incident.id, incident.rootCause);
  }
  return lines;
}

function appearanceOf({ severity, status, title, services, failureCount, traceCount }: DemoIncident): string {
  const where = services.map(printable).join(', ');
  return `INCIDENT ${severity}, ${status}: ${printable(title)} (${where}; ${failureCount} failures, ${traceCount} traces)`;
}

function analysisOf(incident: DemoIncident, columns: number): string[] {
  const { title, rootCause, verdict, source, suspectedService, evidence } = incident;
  const indented = (text: string, maxLines: number) =>
    wrapText(printable(text), columns - indent.length, maxLines).map((line) => indent + line);
  return [
    ...wrapText(`ANALYSIS ${printable(title)}`, columns, 2),
    ...indented(`why: ${rootCause} (${verdict}, by ${source})`, 4),
    ...(suspectedService ? indented(`suspect: ${suspectedService}`, 1) : []),
    ...(evidence ? indented(`shows: ${evidence.service}: ${evidence.message}`, 2) : []),
  ];
}

const indent = '         ';
