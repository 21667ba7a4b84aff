import { describeError, isAppError } from '@prodsentinel/kernel';
import type { AnalysisCompleted, AnalysisRequested } from '@prodsentinel/contracts';
import { done, type Outcome, type Producer, type RecordHandler } from '@prodsentinel/messaging';
import type { Logger } from '@prodsentinel/process';
import type { DiagnoseMetrics } from './diagnose-metrics.ts';
import type { RequestClaims } from './request-claims.ts';

export interface DiagnoseStepDependencies {
  readonly claims: RequestClaims;
  readonly diagnose: (request: AnalysisRequested) => AnalysisCompleted;
  readonly producer: Producer;
  readonly metrics: DiagnoseMetrics;
  readonly logger: Logger;
  readonly newToken: () => string;
  readonly concurrency: number;
  /** Told of a reason while claims cannot be checked. */
  readonly onClaimsAvailability: (reason: string | undefined) => void;
}

/**
 * From a request to its analysis: claim, work, publish, and only then give the claim back. Without Redis the rules go on:
 * they cost nothing, answer the same every time, and the database keeps one result for each request and source.
 */
export function createDiagnoseStep(
  dependencies: DiagnoseStepDependencies,
): RecordHandler<'analysis-requests'> {
  const { diagnose, producer, metrics, newToken, concurrency } = dependencies;
  return {
    mode: 'record',
    concurrency,
    async handle({ value: request }): Promise<Outcome> {
      if (!request.requestId || !request.incidentId) {
        return { kind: 'deadLetter', code: 'invalid_input', reason: 'requestId or incidentId is empty' };
      }
      const token = newToken();
      const claim = await acquire(dependencies, request.requestId, token);
      metrics.claim(claim);
      if (claim === 'taken') return { kind: 'retry', reason: 'another process works on this request' };
      const value = diagnose(request);
      await producer.send([{ topic: 'analyses', key: request.incidentId, value }]);
      metrics.analysis(value.source, value.verdict);
      if (claim === 'acquired') await release(dependencies, request.requestId, token);
      return done;
    },
  };
}

async function acquire(
  { claims, onClaimsAvailability }: DiagnoseStepDependencies,
  requestId: string,
  token: string,
): Promise<'acquired' | 'taken' | 'unknown'> {
  try {
    const isAcquired = await claims.acquire(requestId, token);
    onClaimsAvailability(undefined);
    return isAcquired ? 'acquired' : 'taken';
  } catch (error) {
    if (!isAppError(error) || error.code !== 'unavailable') throw error;
    onClaimsAvailability(`requests are answered by rules without a claim: ${describeError(error)}`);
    return 'unknown';
  }
}

/** A lease that cannot be given back runs out by itself. */
async function release(
  { claims, logger }: DiagnoseStepDependencies,
  requestId: string,
  token: string,
): Promise<void> {
  try {
    await claims.release(requestId, token);
  } catch (error) {
    logger.warn({ event: 'lease_kept', requestId }, `the lease runs out by itself: ${describeError(error)}`);
  }
}
