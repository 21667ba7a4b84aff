import type { AnalysisRequested, EvidenceSignal, TimelineEntry } from '@prodsentinel/contracts';
import { oneLine } from './bounded-text.ts';
import { name } from './facts-in-words.ts';
import { limits } from './limits.ts';

/**
 * What happened when, in order: the first and last failure by Kafka's clock, and the signals by their producers'
 * clocks, where they have one. Equal messages of one service are listed once, at the earliest.
 */
export function timelineOf(request: AnalysisRequested, evidence: readonly EvidenceSignal[]): TimelineEntry[] {
  const { firstSeenAt, lastSeenAt, failureCount } = request;
  const first =
    firstSeenAt === null
      ? []
      : [{ at: firstSeenAt, what: 'The first failure of this incident was received.' }];
  const isOver = lastSeenAt === null || lastSeenAt === firstSeenAt;
  const last = isOver
    ? []
    : [{ at: lastSeenAt, what: `The last failure so far was received, ${failureCount} in all.` }];
  const signals = signalEntries(evidence).slice(0, limits.timelineEntries - first.length - last.length);
  return [...first, ...signals, ...last].toSorted((a, b) => a.at - b.at);
}

function signalEntries(evidence: readonly EvidenceSignal[]): { at: number; what: string }[] {
  const seen = new Set<string>();
  return evidence
    .flatMap(({ occurredAt, service, message, exceptionType }) =>
      occurredAt === null
        ? []
        : [
            {
              at: occurredAt,
              what: `${name(service)}: ${oneLine(message || (exceptionType ?? ''), limits.excerptCharacters)}`,
            },
          ],
    )
    .toSorted((a, b) => a.at - b.at)
    .filter(({ what }) => !seen.has(what) && seen.add(what));
}
