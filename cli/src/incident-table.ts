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
 * A table of incidents: severity, status, failures, traces and what happened: the title, the services, the root cause and,
 * on request, the most telling message and the id.
 */
export function renderIncidentTable(incidents: readonly IncidentRow[], options: TableOptions): string {
  if (incidents.length === 0) return 'no incidents';
  const paint = createPainter(options.isColourful);
  const statusWidth =
    gap + Math.max(...['STATUS', ...incidents.map(({ status }) => status)].map((each) => each.length));
  const storyWidth = options.columns - widths.severity - statusWidth - widths.failures - widths.traces;
  const table = new Table({
    head: ['SEVERITY', 'STATUS', 'FAILURES', 'TRACES', 'INCIDENT'].map((each) => paint('dim', each)),
    colWidths: [widths.severity, statusWidth, widths.failures, widths.traces, storyWidth],
    colAligns: ['left', 'left', 'right', 'right', 'left'],
    chars: noBorders,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': gap },
  });
  for (const incident of incidents) {
    table.push([
      paint(incident.severity, incident.severity),
      incident.status,
      String(incident.failureCount),
      String(incident.traceCount),
      storyOf(incident, options, storyWidth - gap).join('\n'),
    ]);
  }
  const lines = table.toString().split('\n');
  return lines.map((line) => line.trimEnd()).join('\n');
}

const gap = 2;
const widths = { severity: 10, failures: 10, traces: 8 };

function storyOf(incident: IncidentRow, options: TableOptions, width: number): string[] {
  const paint = createPainter(options.isColourful);
  const { rootCause, verdict, source, evidence } = incident;
  const cause =
    rootCause === null ? 'why: not analysed yet' : `why: ${printable(rootCause)} (${verdict}, by ${source})`;
  const lines = [
    ...wrapText(printable(incident.title), width, 2).map((line) => paint('bold', line)),
    ...wrapText(`in: ${incident.services.map(printable).join(', ')}`, width, 2),
    ...wrapText(cause, width, 5),
  ];
  if (options.hasEvidence && evidence) {
    const shown = `shows: ${printable(evidence.service)}: ${printable(evidence.message)}`;
    lines.push(...wrapText(shown, width, 3).map((line) => paint('dim', line)));
  }
  if (options.hasIds ?? true) lines.push(paint('dim', incident.id));
  return lines;
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
