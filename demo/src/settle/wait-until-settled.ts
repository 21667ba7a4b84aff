import type { Database } from '@prodsentinel/database';
import { AppError, backoffMs, delay, isAppError } from '@prodsentinel/kernel';
import { readLag, type KafkaConnection } from '@prodsentinel/messaging';

export interface SettleOptions {
  readonly connection: KafkaConnection;
  readonly database: Database;
  readonly signal: AbortSignal;
  /** Told of every look. */
  readonly onProgress?: (state: PipelineState) => void;
  /** Milliseconds between two looks. Default 500. */
  readonly pollMs?: number;
}

/** What is still under way. */
export interface PipelineState {
  /** Records that each group has not finished. */
  readonly lag: Readonly<Record<'observe' | 'persist' | 'diagnose', number>>;
  /** Analyses that were asked for, or are about to be, and have no result. */
  readonly awaitedAnalyses: number;
}

/**
 * Waits until the pipeline has caught up: no group has lag, and every analysis that was asked for, or is due, has its
 * result. A follow-up analysis that is due later (ten minutes after the one before) is not waited for.
 *
 * @throws AppError `aborted` when the signal says so; a dependency that is away is waited for
 */
export async function waitUntilSettled(options: SettleOptions): Promise<void> {
  const { signal, onProgress, pollMs = 500 } = options;
  for (let retry = 0; ;) {
    try {
      const state = await readPipelineState(options);
      retry = 0;
      onProgress?.(state);
      if (isSettled(state)) return;
      await delay(pollMs, signal);
    } catch (error) {
      if (signal.aborted)
        throw new AppError('aborted', 'aborted before the pipeline had caught up', { cause: error });
      if (!isAppError(error) || error.code !== 'unavailable') throw error;
      await delay(backoffMs(++retry, { maxMs: 2_000 }), signal);
    }
  }
}

/**
 * Looks in the direction of the flow, one after the other: what has left a stage when that stage was looked at is seen by
 * the looks that follow, so that nothing slips through between two of them.
 */
export async function readPipelineState({
  connection,
  database,
}: Pick<SettleOptions, 'connection' | 'database'>): Promise<PipelineState> {
  const observe = await readLag(connection, 'prodsentinel-observe', ['failures']);
  const observations = await readLag(connection, 'prodsentinel-persist', ['observations']);
  const awaitedAnalyses = await countAwaitedAnalyses(database);
  const diagnose = await readLag(connection, 'prodsentinel-diagnose', ['analysis-requests']);
  const analyses = await readLag(connection, 'prodsentinel-persist', ['analyses']);
  return { lag: { observe, persist: observations + analyses, diagnose }, awaitedAnalyses };
}

function isSettled({ lag, awaitedAnalyses }: PipelineState): boolean {
  return lag.observe + lag.persist + lag.diagnose + awaitedAnalyses === 0;
}

/** The first analysis of an incident is always near; a later one only once it is due. */
async function countAwaitedAnalyses(database: Database): Promise<number> {
  const [row] = await database.query<{ awaited: string }>(
    `select count(*) as awaited from analysis_requests
    where state in ('frozen', 'published') or (state = 'pending' and (number = 1 or due_at <= clock_timestamp()))`,
  );
  return Number(row?.awaited ?? 0);
}

/** The state in words. */
export function describePipeline({ lag, awaitedAnalyses }: PipelineState): string {
  const { observe, persist, diagnose } = lag;
  return `catching up: ${observe} records to observe, ${persist} to persist, ${diagnose} to diagnose; ${awaitedAnalyses} analyses awaited`;
}
