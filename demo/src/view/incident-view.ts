import { createLogUpdate } from 'log-update';
import { renderIncidentTable, type ConsoleContext } from '@prodsentinel/cli';
import type { DemoIncident } from '../demo-incident.ts';
import { newsOf, type SeenIncidents } from './incident-news.ts';

/** Shows incidents as they come and grow. */
export interface IncidentView {
  /** What is known now, and a line about what is going on. */
  show(incidents: readonly DemoIncident[], status: string): void;
  /** Leaves the last picture standing. */
  end(): void;
}

/** A live table on a terminal; elsewhere a few lines when an incident appears and when its analysis comes. */
export function createIncidentView(
  context: Pick<ConsoleContext, 'columns' | 'isColourful' | 'out' | 'say'>,
  terminal: NodeJS.WriteStream | undefined,
): IncidentView {
  return terminal ? createLiveTable(context, terminal) : createPlainView(context);
}

function createLiveTable(
  { columns, isColourful }: Pick<ConsoleContext, 'columns' | 'isColourful'>,
  terminal: NodeJS.WriteStream,
): IncidentView {
  const update = createLogUpdate(terminal);
  return {
    show(incidents, status) {
      update(`\n${status}\n\n${fitTable(incidents, { columns, isColourful }, terminal.rows - headLines)}`);
    },
    end: () => update.done(),
  };
}

/**
 * What does not fit on the screen cannot be overwritten: stories are cut first, then the worst incidents come first and
 * the others are counted.
 */
function fitTable(
  incidents: readonly DemoIncident[],
  console: Pick<ConsoleContext, 'columns' | 'isColourful'>,
  rows: number,
): string {
  const options = { ...console, hasIds: false, hasEvidence: true };
  const full = renderIncidentTable(incidents, options);
  if (countLines(full) <= rows) return full;
  for (let shown = incidents.length; ; shown--) {
    const table = renderIncidentTable(incidents.slice(0, shown), { ...options, isCompact: true });
    if (countLines(table) > rows && shown > 1) continue;
    return shown < incidents.length ? `${table}\n… and ${incidents.length - shown} more` : table;
  }
}

function countLines(text: string): number {
  return text.split('\n').length;
}

/** The status, the empty lines around it and the line that counts what is not shown. */
const headLines = 5;

function createPlainView({
  columns,
  out,
  say,
}: Pick<ConsoleContext, 'columns' | 'out' | 'say'>): IncidentView {
  const seen: SeenIncidents = new Map();
  let looks = 0;
  return {
    show(incidents, status) {
      for (const line of newsOf(incidents, seen, columns)) out(line);
      if (looks++ % looksBetweenStatus === 0) say(status);
    },
    end: () => undefined,
  };
}

/** A log that repeats itself every second is no longer read. */
const looksBetweenStatus = 10;
