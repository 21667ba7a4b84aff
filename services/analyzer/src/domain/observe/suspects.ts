import type { Suspect } from '@prodsentinel/contracts';
import type { IntakeSignal } from './intake-signal.ts';
import { limits } from './limits.ts';
import type { SignalGroup } from './signal-groups.ts';
import { compareTexts, occurredAtMicros } from './signal-order.ts';

/**
 * The (service, template) pairs of a window by how likely each is the origin, with the reasons in words. A sum of weights
 * that anybody can check, not a probability: primary 0.5, nothing failing below it 0.15, blames nobody 0.1, tells more than
 * that a call failed 0.1, first in time 0.1, share of the failures 0.05.
 */
export function rankSuspects(groups: readonly SignalGroup[], primary: IntakeSignal): RankedSuspect[] {
  const total = groups.reduce((sum, { count }) => sum + count, 0);
  const firstAt = groups.reduce(
    (first, { exemplar }) => Math.min(first, occurredAtMicros(exemplar)),
    Infinity,
  );
  return groups
    .map((group) => ({ ...weigh(group, { primary, total, firstAt }), exemplar: group.exemplar }))
    .toSorted(
      (a, b) =>
        b.suspect.score - a.suspect.score ||
        compareTexts(a.suspect.service, b.suspect.service) ||
        compareTexts(a.suspect.template, b.suspect.template),
    );
}

export interface RankedSuspect {
  readonly suspect: Suspect;
  readonly exemplar: IntakeSignal;
}

/** How many suspects an observation names. */
export const maxSuspects = limits.suspects;

function weigh(
  group: SignalGroup,
  window: { primary: IntakeSignal; total: number; firstAt: number },
): { suspect: Suspect } {
  const isPrimary = group.service === window.primary.service && group.template === window.primary.template;
  const isFirst = occurredAtMicros(group.exemplar) === window.firstAt;
  const weights: (readonly [boolean, number, string, string])[] = [
    [isPrimary, 0.5, 'the most likely origin of the window', ''],
    [!group.hasFailureBelow, 0.15, depthWords(group), 'another failing span lies below it'],
    [!group.isCleared, 0.1, '', `puts the fault on ${group.blames.join(', ')}, which failed too`],
    [!group.isRelay, 0.1, '', 'only passes on that a call failed'],
    [isFirst, 0.1, 'first in time', ''],
  ];
  const score = weights.reduce(
    (sum, [holds, weight]) => sum + (holds ? weight : 0),
    0.05 * (group.count / window.total),
  );
  const reasons = weights.map(([holds, , yes, no]) => (holds ? yes : no)).filter((words) => words !== '');
  reasons.push(`${group.count} of ${window.total} failures`);
  return {
    suspect: {
      service: group.service,
      template: group.template,
      score: Math.round(Math.min(1, score) * 1000) / 1000,
      why: reasons.join('; '),
    },
  };
}

function depthWords({ depth }: SignalGroup): string {
  return depth > 0 ? `deepest failing span, ${depth} below the first` : '';
}
