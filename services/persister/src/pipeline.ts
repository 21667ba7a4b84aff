import { describeError, isAppError } from '@prodsentinel/kernel';
import type { Database } from '@prodsentinel/database';
import { done, type AnyRecord, type BatchHandler, type Outcome } from '@prodsentinel/messaging';
import type { DecisionRules } from './domain/decide-observations.ts';
import { parseObservation, reduceToCounts, type Observation } from './domain/observation.ts';
import { parseResult, type Result } from './domain/result.ts';
import type { PersisterMetrics } from './metrics.ts';
import { persistObservations } from './steps/persist-observations.ts';
import { shareOut } from './domain/share-out.ts';
import { persistResults, type ResultFate } from './steps/persist-results.ts';
import { retryConflicts } from './steps/retry-conflicts.ts';

export type PersistedTopic = 'observations' | 'analyses';

export interface PipelineDependencies {
  readonly database: Database;
  readonly rules: DecisionRules;
  readonly metrics: PersisterMetrics;
  readonly maxRecords: number;
  /** Most windows that one transaction counts; an observation that holds more is counted alone. */
  readonly maxWindows: number;
  /** Most batches at once, each of partitions of its own. */
  readonly concurrency: number;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  readonly newId: () => string;
}

/**
 * What happens to a batch: observations are counted and decided in one transaction (in several when they hold many
 * windows), results stored in another. All recognise repetitions, so that a batch may come again after any of them.
 */
export function createPersistPipeline(dependencies: PipelineDependencies): BatchHandler<PersistedTopic> {
  return {
    mode: 'batch',
    maxRecords: dependencies.maxRecords,
    concurrency: dependencies.concurrency,
    // Half of the bytes; an observation that shows nothing new is asked for none of them.
    lateFields: { observations: ['fingerprintParts', 'suspects', 'evidence'] },
    async handle(records) {
      const startedMs = dependencies.nowMs();
      const outcomes: Outcome[] = records.map(() => done);
      await persistObservationsOf(records, outcomes, dependencies);
      await persistResultsOf(records, outcomes, dependencies);
      dependencies.metrics.observeBatch((dependencies.nowMs() - startedMs) / 1000);
      countRecords(records, outcomes, dependencies.metrics);
      return outcomes;
    },
  };
}

/** Once for all that are alike: telling a metric costs more than handling a record. */
function countRecords(
  records: readonly AnyRecord<PersistedTopic>[],
  outcomes: readonly Outcome[],
  metrics: PersisterMetrics,
): void {
  for (const topic of ['observations', 'analyses'] as const) {
    const ofTopic = outcomes.filter((_, place) => records[place]?.topic === topic);
    const doneCount = ofTopic.filter((outcome) => outcome === done).length;
    if (doneCount > 0) metrics.countRecords(topic, 'done', doneCount);
    if (doneCount < ofTopic.length) metrics.countRecords(topic, 'dead_letter', ofTopic.length - doneCount);
  }
}

async function persistObservationsOf(
  records: readonly AnyRecord<PersistedTopic>[],
  outcomes: Outcome[],
  dependencies: PipelineDependencies,
): Promise<void> {
  const observations: Observation[] = [];
  for (const [index, record] of records.entries()) {
    if (record.topic !== 'observations') continue;
    try {
      observations.push(parseObservation(record.value));
    } catch (error) {
      outcomes[index] = toDeadLetter(error);
    }
  }
  for (const share of shareOut(observations, dependencies.maxWindows)) await countShare(share, dependencies);
}

async function countShare(
  observations: readonly Observation[],
  dependencies: PipelineDependencies,
): Promise<void> {
  try {
    dependencies.metrics.countFailures(await count(observations, dependencies));
  } catch (error) {
    // Alone and refused for its data: what happened counts all the same, what it looked like is lost.
    if (observations.length > 1 || !isAppError(error) || error.code !== 'invalid_input') throw error;
    dependencies.metrics.countFailures(await count(observations.map(reduceToCounts), dependencies));
  }
}

function count(
  observations: readonly Observation[],
  { database, rules, nowMs, newId }: PipelineDependencies,
) {
  return retryConflicts(() =>
    database.transaction((session) =>
      persistObservations(session, observations, { rules, now: nowMs() * 1000, newId }),
    ),
  );
}

async function persistResultsOf(
  records: readonly AnyRecord<PersistedTopic>[],
  outcomes: Outcome[],
  { database, nowMs, newId }: PipelineDependencies,
): Promise<void> {
  const places: number[] = [];
  const results: Result[] = [];
  for (const [index, record] of records.entries()) {
    if (record.topic !== 'analyses') continue;
    places.push(index);
    results.push(parseResult(record.value));
  }
  if (results.length === 0) return;
  const fates = await retryConflicts(() =>
    database.transaction((session) => persistResults(session, results, { now: nowMs() * 1000, newId })),
  );
  for (const [index, fate] of fates.entries()) outcomes[places[index] ?? -1] = outcomeOf(fate);
}

function outcomeOf(fate: ResultFate): Outcome {
  if (fate === 'stored') return done;
  return {
    kind: 'deadLetter',
    code: 'invalid_input',
    reason:
      fate === 'unknown_request'
        ? 'requestId: no such request'
        : 'incidentId: not the incident of this request',
  };
}

/** Only what the record is at fault for: everything else goes on to whoever can retry it. */
function toDeadLetter(error: unknown): Outcome {
  if (!isAppError(error) || error.code !== 'invalid_input') throw error;
  return { kind: 'deadLetter', code: error.code, reason: describeError(error) };
}
