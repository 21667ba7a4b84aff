import type { IncidentRow } from './incident-row.ts';
import { createPainter, printable, wrapText } from './terminal-text.ts';

export interface TableOptions {
  /** No line is longer (counted in characters of ordinary width). At least 80. */
  readonly columns: number;
  readonly isColourful: boolean;
  /** Whether ids are shown: needed to ask for one, of no interest in a live view. Default true. */
  readonly hasIds?: boolean;
  /** Whether the most telling message is shown below the cause. Default false. */
  readonly hasEvidence?: boolean;
  /** Whether causes and messages are cut to what shows more incidents at once. Default false. */
  readonly isCompact?: boolean;
}

/**
 * A table of incidents: severity, status, failures, traces and what happened: the title, the services, the root cause and,
 * on request, the most telling message and the id.
 */
export function renderIncidentTable(incidents: readonly IncidentRow[], options: TableOptions): string {
  if (incidents.length === 0) return 'no incidents';
  const paint = createPainter(options.isColourful);
  const statusWidth = Math.max(
    ...['STATUS', ...incidents.map(({ status }) => status)].map((each) => each.length),
  );
  const toCells = ({ severity, status, failures, traces }: Cells) =>
    [
      severity.padEnd(widths.severity),
      status.padEnd(statusWidth),
      failures.padStart(widths.failures),
      traces.padStart(widths.traces),
    ] as const;
  const head = toCells({ severity: 'SEVERITY', status: 'STATUS', failures: 'FAILURES', traces: 'TRACES' });
  const indent = head.join(gap).length + gap.length;
  const lines = [paint('dim', [...head, 'INCIDENT'].join(gap))];
  for (const incident of incidents) {
    const { severity, status, failureCount, traceCount } = incident;
    const cells = toCells({ severity, status, failures: String(failureCount), traces: String(traceCount) });
    const [first = '', ...rest] = storyOf(incident, options, options.columns - indent);
    lines.push([paint(severity, cells[0]), ...cells.slice(1), first].join(gap));
    lines.push(...rest.map((line) => ' '.repeat(indent) + line));
  }
  return lines.join('\n');
}

type Cells = Record<'severity' | 'status' | 'failures' | 'traces', string>;

const gap = '  ';
const widths = { severity: 8, failures: 8, traces: 6 };

function storyOf(incident: IncidentRow, options: TableOptions, width: number): string[] {
  const paint = createPainter(options.isColourful);
  const { rootCause, verdict, source, evidence } = incident;
  const cause =
    rootCause === null ? 'why: not analysed yet' : `why: ${printable(rootCause)} (${verdict}, by ${source})`;
  const lines = [
    ...wrapText(printable(incident.title), width, 2).map((line) => paint('bold', line)),
    ...wrapText(`in: ${incident.services.map(printable).join(', ')}`, width, 2),
    ...wrapText(cause, width, options.isCompact ? 2 : 5),
  ];
  if (options.hasEvidence && evidence) {
    const shown = `shows: ${printable(evidence.service)}: ${printable(evidence.message)}`;
    lines.push(...wrapText(shown, width, options.isCompact ? 1 : 3).map((line) => paint('dim', line)));
  }
  if (options.hasIds ?? true) lines.push(paint('dim', incident.id));
  return lines;
}
