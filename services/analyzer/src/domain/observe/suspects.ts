import type { Suspect } from '@prodsentinel/contracts';
import type { IntakeSignal } from './intake-signal.ts';
import { limits } from './limits.ts';
import type { SignalBaseline } from './signal-baseline.ts';
import type { SignalGroup } from './signal-groups.ts';
import { servicesNamedIn } from './service-names.ts';
import { compareTexts, occurredAtMicros } from './signal-order.ts';

/**
 * The (service, template) pairs of a window by how likely each is the origin, with the reasons in words. A sum of weights
 * that anybody can check, not a probability: primary 0.5, nothing failing below it 0.15, blames nobody 0.1, tells more than
 * that a call failed 0.1, first in time 0.1, share of the failures 0.05. Against a baseline the sum is multiplied by how
 * unusual the failures are, between 0.05 (as usual) and 1 (the most unusual of the window).
 */
export function rankSuspects(
  groups: readonly SignalGroup[],
  primary: IntakeSignal,
  usual?: UsualFailures,
): RankedSuspect[] {
  const novelties = usual && toNovelties(groups, usual);
  const total = groups.reduce((sum, { count }) => sum + count, 0);
  const firstAt = groups.reduce(
    (first, { exemplar }) => Math.min(first, occurredAtMicros(exemplar)),
    Infinity,
  );
  return groups
    .map((group, i) => ({
      ...weigh(group, { primary, total, firstAt, novelty: novelties?.[i] ?? 1 }),
      exemplar: group.exemplar,
    }))
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

/** What a window is compared with. */
export interface UsualFailures {
  readonly baseline: SignalBaseline;
  /** Failures and context that were read with the window. */
  readonly records: number;
  /** Kafka's clock, milliseconds since 1970. */
  readonly atMs: number;
}

const leastNovelty = 0.05;
/** Nats: what happens by chance about once in twenty times is not news, however usual the rest of the window is. */
const tellingSurprise = 3;

/**
 * Each group's surprise, with that of its service, beside the greatest of the window. All are equally new while nothing is
 * known. A message that names another service counts half, for it tells of what that one did; so does one that only passes
 * on that a call failed.
 */
function toNovelties(groups: readonly SignalGroup[], { baseline, records, atMs }: UsualFailures): number[] {
  if (!baseline.knowsAnything(atMs)) return groups.map(() => 1);
  const total = groups.reduce((sum, { count }) => sum + count, 0);
  const ofService = new Map<string, number>();
  for (const { service, count } of groups) ofService.set(service, (ofService.get(service) ?? 0) + count);
  const read = { records: Math.max(records, total), atMs };
  const surprises = groups.map(({ service, template, count, isRelay, exemplar: { environment } }) => {
    const ofTemplate = baseline.surpriseOf({ environment, service, template }, { ...read, count });
    const all = { ...read, count: ofService.get(service) ?? count };
    const surprise = ofTemplate + baseline.surpriseOfService({ environment, service }, all);
    return surprise * (namesAnother(template, service) ? 0.5 : 1) * (isRelay ? 0.5 : 1);
  });
  const greatest = surprises.reduce((a, b) => Math.max(a, b), tellingSurprise);
  return surprises.map((each) => leastNovelty + (1 - leastNovelty) * (each / greatest));
}

function namesAnother(template: string, service: string): boolean {
  for (const named of servicesNamedIn(template, noServices)) if (named !== service) return true;
  return false;
}

const noServices: ReadonlySet<string> = new Set();

/** How many suspects an observation names. */
export const maxSuspects = limits.suspects;

function weigh(
  group: SignalGroup,
  window: { primary: IntakeSignal; total: number; firstAt: number; novelty: number },
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
  if (window.novelty < 1)
    reasons.push(`${Math.round(window.novelty * 100)} % as unusual as the most unusual`);
  return {
    suspect: {
      service: group.service,
      template: group.template,
      score: Math.round(Math.min(1, score * window.novelty) * 1000) / 1000,
      why: reasons.join('; '),
    },
  };
}

function depthWords({ depth }: SignalGroup): string {
  return depth > 0 ? `deepest failing span, ${depth} below the first` : '';
}
