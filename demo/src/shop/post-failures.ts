import { AppError, describeError } from '@prodsentinel/kernel';

/** What ingest answers: see DECISIONS, "Answers". */
export interface IngestAnswer {
  readonly status: number;
  readonly body: unknown;
}

const deadlineMs = 15_000;

/**
 * Posts a JSON body to ingest.
 *
 * @throws AppError `unavailable` when it does not answer or answers 5xx or 429
 */
export async function postFailures(ingestUrl: string, body: string): Promise<IngestAnswer> {
  const request = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    signal: AbortSignal.timeout(deadlineMs),
  };
  try {
    const response = await fetch(`${ingestUrl}/v1/failures`, request);
    const text = await response.text();
    if (response.status >= 500 || response.status === 429) {
      throw new AppError('unavailable', `ingest answered ${response.status}: ${text.slice(0, 300)}`);
    }
    return { status: response.status, body: JSON.parse(text) as unknown };
  } catch (error) {
    throw new AppError('unavailable', `ingest at ${ingestUrl}: ${describeError(error)}`, { cause: error });
  }
}
