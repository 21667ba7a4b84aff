import type { ConsoleContext } from '@prodsentinel/cli';
import { readFaults } from './read-faults.ts';
import { readLogs, readSpans } from './read-telemetry.ts';
import {
  faultWindowMs,
  learnUsual,
  scoreFault,
  toShares,
  type FaultResult,
  type Shares,
} from './score-suspects.ts';

export interface SuspectsArguments {
  readonly logs: string;
  readonly spans: string;
  readonly historyLogs: string;
  readonly historySpans: string;
  readonly faults: string;
  readonly json: boolean;
}

/** Suspects shown for each fault. */
const shownSuspects = 10;

/**
 * Prints the ranking for each fault, and last the shares of faults whose service is ranked first, within three and within
 * five, for all, the code faults and the infrastructure faults.
 *
 * @throws AppError `invalid_input` naming the file, line or entry at fault
 */
export async function runSuspects(
  args: SuspectsArguments,
  { out }: Pick<ConsoleContext, 'out'>,
): Promise<void> {
  const faults = await readFaults(args.faults);
  const isWanted = (atMs: number) =>
    faults.some((fault) => atMs >= fault.atMs && atMs < fault.atMs + faultWindowMs);
  const usual = learnUsual(
    await readLogs(args.historyLogs, () => true),
    await readSpans(args.historySpans, () => true),
  );
  const telemetry = {
    logs: await readLogs(args.logs, isWanted),
    spans: await readSpans(args.spans, isWanted),
  };
  const results = faults.map((fault) => scoreFault(fault, telemetry, usual));
  for (const result of results) out(args.json ? JSON.stringify(toLine(result)) : inWords(result));
  const summary = {
    all: toShares(results),
    code: toShares(results.filter(({ kind }) => kind === 'code')),
    infrastructure: toShares(results.filter(({ kind }) => kind === 'infrastructure')),
  };
  if (args.json) return out(JSON.stringify(summary));
  for (const [kind, shares] of Object.entries(summary)) out(`${kind.padEnd(15)} ${sharesInWords(shares)}`);
}

function toLine({ injectedAt, service, type, rank, services, suspects }: FaultResult) {
  return { injectedAt, service, type, rank, services, suspects: suspects.slice(0, shownSuspects) };
}

function inWords({ injectedAt, service, type, rank, services }: FaultResult): string {
  const place = rank === null ? '-' : String(rank);
  return `${injectedAt}  ${type.padEnd(14)} ${service.padEnd(30)} ${place.padStart(2)}  ${services.slice(0, 3).join(', ')}`;
}

function sharesInWords({ faults, at1, at3, at5 }: Shares): string {
  return `${faults} faults: first ${percent(at1)}, within three ${percent(at3)}, within five ${percent(at5)}`;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
