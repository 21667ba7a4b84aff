import Table from 'cli-table3';
import type { IncidentRow } from './incident-row.ts';
import { createPainter, printable, wrapText } from './terminal-text.ts';

export interface TableOptions {
  /** No line is longer. At least 80. */
  readonly columns: number;
  readonly isColourful: boolean;
  /** Whether ids are shown: needed to ask for one, of no interest in a live view. Default true. */
  readonly hasIds?: boolean;
  /** Whether the most telling message is shown below the cause. Default false. */
  readonly hasEvidence?: boolean;
}

/**
 * A table of incidents: severity, status, what happened and why, services, failures, traces. What happened is the title,
 * below it the root cause, and on request the most telling message and the id.
 */
export function renderIncidentTable(incidents: readonly IncidentRow[], options: TableOptions): string {
  if (incidents.length === 0) return 'no incidents';
  const paint = createPainter(options.isColourful);
  const storyWidth = options.columns - fixedWidth;
  const table = new Table({
    head: ['SEVERITY', 'STATUS', 'INCIDENT', 'SERVICES', 'FAILURES', 'TRACES'].map((each) =>
      paint('dim', each),
    ),
    colWidths: [widths.severity, widths.status, storyWidth, widths.services, widths.failures, widths.traces],
    colAligns: ['left', 'left', 'left', 'left', 'right', 'right'],
    chars: noBorders,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': gap },
  });
  for (const incident of incidents) {
    table.push([
      paint(incident.severity, incident.severity),
      incident.status,
      storyOf(incident, options, storyWidth - gap).join('\n'),
      servicesOf(incident.services).join('\n'),
      String(incident.failureCount),
      String(incident.traceCount),
    ]);
  }
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

const gap = 2;
const widths = { severity: 10, status: 15, services: 16, failures: 10, traces: 8 };
const fixedWidth = Object.values(widths).reduce((sum, each) => sum + each, 0);
const maxServices = 4;

function storyOf(incident: IncidentRow, options: TableOptions, width: number): string[] {
  const paint = createPainter(options.isColourful);
  const { rootCause, verdict, source, evidence } = incident;
  const title = wrapText(printable(incident.title), width, 2).map((line) => paint('bold', line));
  const cause =
    rootCause === null ? 'why: not analysed yet' : `why: ${printable(rootCause)} (${verdict}, by ${source})`;
  const lines = [...title, ...wrapText(cause, width, 4)];
  if (options.hasEvidence && evidence) {
    const shown = `shows: ${printable(evidence.service)}: ${printable(evidence.message)}`;
    lines.push(...wrapText(shown, width, 2).map((line) => paint('dim', line)));
  }
  if (options.hasIds ?? true) lines.push(paint('dim', incident.id));
  return lines;
}

function servicesOf(services: readonly string[]): string[] {
  const width = widths.services - gap;
  const shown = services.slice(0, maxServices).map((each) => wrapText(printable(each), width, 1)[0] ?? '');
  return services.length > maxServices ? [...shown, `and ${services.length - maxServices} more`] : shown;
}

const noBorders = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
};
