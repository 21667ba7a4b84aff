import type { AnalysisRequested } from '@prodsentinel/contracts';
import { oneLine } from './bounded-text.ts';
import { limits } from './limits.ts';

/** "412 failures in 97 traces in production since 2026-11-24 10:15:03 UTC": what is known without any guess. */
export function countsInWords({
  failureCount,
  traceCount,
  environment,
  firstSeenAt,
}: AnalysisRequested): string {
  const failures = failureCount === 1 ? '1 failure' : `${Math.max(0, failureCount)} failures`;
  const traces =
    traceCount > 0 ? ` in ${traceCount === 1 ? '1 trace' : `${traceCount} traces`}` : ' outside any trace';
  const since = timeInWords(firstSeenAt);
  const when = since === undefined ? '' : `${failureCount === 1 ? ', at' : ', since'} ${since}`;
  return `${failures}${traces} (environment ${name(environment)})${when}`;
}

/** Microseconds since 1970 as "2026-11-24 10:15:03 UTC"; nothing when absent or beyond any calendar. */
export function timeInWords(micros: number | null): string | undefined {
  if (micros === null) return undefined;
  const date = new Date(Math.floor(micros / 1000));
  if (Number.isNaN(date.getTime())) return undefined;
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** "a", "a and b", "a, b and 3 more". */
export function listInWords(names: readonly string[]): string {
  const shown = names.slice(0, names.length > 3 ? 2 : 3).map(name);
  const more = names.length - shown.length;
  if (more > 0) return `${shown.join(', ')} and ${more} more`;
  const last = shown.pop() ?? '';
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`;
}

/** A producer's name as it may stand in a sentence. */
export function name(text: string): string {
  return oneLine(text, limits.nameCharacters) || '(no name)';
}

/** The releases seen of these services, in the order of the request. */
export function releasesOf({ releases, evidence }: AnalysisRequested, services: readonly string[]): string[] {
  const ofEvidence = evidence.filter(({ service, release }) => services.includes(service) && release);
  const ofRequest = releases.flatMap((entry) => {
    const at = entry.lastIndexOf('@');
    return at > 0 && services.includes(entry.slice(0, at)) ? [entry.slice(at + 1)] : [];
  });
  return [...new Set([...ofEvidence.map(({ release }) => release ?? ''), ...ofRequest])].filter(Boolean);
}
