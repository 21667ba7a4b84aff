import { createHash } from 'node:crypto';
import {
  analysisSources,
  severities,
  verdicts,
  type AnalysisCompleted,
  type AnalysisSource,
  type Severity,
  type Verdict,
} from '@prodsentinel/contracts';
import { capped, storable, storableMicros } from './storable.ts';

/** An `AnalysisCompleted` that was made storable. Times in microseconds since 1970. */
export interface Result extends Omit<AnalysisCompleted, 'source' | 'verdict' | 'severity'> {
  readonly source: AnalysisSource;
  readonly verdict: Verdict;
  readonly severity: Severity;
  /** Equal for repetitions of one answer: everything but what a repetition may say anew. */
  readonly contentSha256: string;
}

export function parseResult(event: AnalysisCompleted): Result {
  const clean = storable(event);
  // Answering again the same way takes another time, and may ask again at another time, for another reason.
  const { askAgainAt, latencyMs, withoutModel, ...content } = clean;
  const source = analysisSources.read(clean.source);
  return {
    ...clean,
    source,
    verdict: verdicts.read(clean.verdict),
    severity: severities.read(clean.severity),
    rootCause: capped(clean.rootCause, 20_000),
    latencyMs,
    withoutModel: withoutModel === null ? null : capped(withoutModel, 1_000),
    askAgainAt: askAgainAt === null ? null : storableMicros(askAgainAt),
    contentSha256: createHash('sha256')
      .update(JSON.stringify(sorted(source === 'rules' ? { ...content, ...nothingSpent } : content)))
      .digest('hex'),
  };
}

/** What was spent in vain before the rules answered is not part of what they say. */
const nothingSpent = {
  modelCalls: 0,
  dollars: null,
  inputTokens: null,
  outputTokens: null,
  model: null,
  promptVersion: null,
};

/** Independent of the order in which a decoder names the fields. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, each]) => [name, sorted(each)]),
  );
}
