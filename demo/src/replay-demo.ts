import { renderIncidentTable, type ConsoleContext } from '@prodsentinel/cli';
import { createIncidentReader } from './demo-incident.ts';
import { readSystemTotals, type SystemTotals } from './read-system-totals.ts';
import { replayFiles } from './replay/replay-files.ts';
import { describePipeline, waitUntilSettled } from './settle/wait-until-settled.ts';
import type { Everything } from './start-everything.ts';
import { createProgressLine } from './view/progress-line.ts';

export interface ReplayDemoOptions {
  readonly everything: Everything;
  readonly context: ConsoleContext;
  readonly files: readonly string[];
  readonly isJson: boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What `--json` prints. */
export interface ReplayReport extends SystemTotals {
  /** Lines that were read; all of them were produced. */
  readonly records: number;
  /** From the first send to the last analysis; to the end of the catching up when none came after it. */
  readonly seconds: number;
}

/**
 * Replays log files, waits until the pipeline has caught up and prints the incidents and the totals.
 *
 * @throws AppError as `replayFiles` does; `unavailable` with the last lines of a service that ended
 */
export async function runReplayDemo(options: ReplayDemoOptions): Promise<void> {
  const { everything, context, isJson } = options;
  const { database, system } = everything;
  const report = await Promise.race([replay(options), system.failed]);
  const incidents = await createIncidentReader(database)();
  context.out(renderIncidentTable(incidents, { ...context, hasEvidence: true }));
  context.out('');
  for (const line of describeReport(report)) context.out(line);
  if (isJson) context.out(JSON.stringify(report));
}

async function replay({ everything, context, files, now }: ReplayDemoOptions): Promise<ReplayReport> {
  const { connection, registryUrl, database } = everything;
  const { signal, say } = context;
  const progress = createProgressLine(say, now);
  const sent = await replayFiles({
    connection,
    registryUrl,
    files,
    signal,
    now,
    onProgress: (lines, file) => progress(`${lines} lines sent (${file})`),
  });
  const firstSentAtMs = sent.firstSentAtMs ?? now();
  say(
    `${sent.records} lines sent in ${toSeconds(now() - firstSentAtMs)} s, ${sent.unparsable} of them no JSON object`,
  );
  await waitUntilSettled({
    connection,
    database,
    signal,
    onProgress: (state) => progress(describePipeline(state)),
  });
  const settledAtMs = now();
  const lastAnalysisAtMs = await readLastAnalysis(everything);
  const isAfterStart = lastAnalysisAtMs !== undefined && lastAnalysisAtMs > firstSentAtMs;
  return {
    records: sent.records,
    ...(await readSystemTotals(connection, database)),
    seconds: toSeconds((isAfterStart ? lastAnalysisAtMs : settledAtMs) - firstSentAtMs),
  };
}

/** Milliseconds since 1970, by the database's clock. */
async function readLastAnalysis({ database }: Everything): Promise<number | undefined> {
  const [row] = await database.query<{ at: number | null }>(
    'select (extract(epoch from max(created_at)) * 1000)::float8 as at from analysis_results',
  );
  return row?.at ?? undefined;
}

function describeReport(report: ReplayReport): string[] {
  return [
    `records     ${report.records} lines sent`,
    `failures    ${report.failures} in ${report.traces} traces`,
    `incidents   ${report.incidents}`,
    `analyses    ${report.analyses} (${report.doubleAnalyses} double, ${report.modelCalls} model calls)`,
    `malformed   ${report.deadLetters} dead letters`,
    `seconds     ${report.seconds} from the first send to the last analysis`,
  ];
}

function toSeconds(ms: number): number {
  return Math.round(ms / 10) / 100;
}
