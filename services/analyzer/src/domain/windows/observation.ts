import {
  worseSeverity,
  type AppendHourOffsets,
  type ObservedWindow,
  type TracesObserved,
} from '@prodsentinel/contracts';
import type { WindowSummary } from '../observe/summarise-window.ts';
import type { ClosedWindow } from './window.ts';

const hourMs = 60 * 60 * 1000;
const maxNames = 100;
const maxTemplates = 100;

export interface SummarisedWindow {
  readonly window: ClosedWindow;
  readonly summary: WindowSummary;
}

export interface ObservationLimits {
  /** Windows of one observation. */
  readonly maxWindows: number;
  /** Failure offsets of one observation, over all its windows. */
  readonly maxOffsets: number;
}

/** Windows of one environment and fingerprint (in both versions), in groups that fit one observation each, in order. */
export function groupWindows(
  windows: readonly SummarisedWindow[],
  limits: ObservationLimits,
): SummarisedWindow[][] {
  const groups: SummarisedWindow[][] = [];
  const open = new Map<string, { group: SummarisedWindow[]; offsets: number }>();
  for (const each of windows) {
    const key = `${observationKey(each.summary)}\0${each.summary.previousFingerprint ?? ''}`;
    const count = each.window.failures.length;
    const current = open.get(key);
    const fits =
      current && current.group.length < limits.maxWindows && current.offsets + count <= limits.maxOffsets;
    if (fits) {
      current.group.push(each);
      current.offsets += count;
    } else {
      const group = [each];
      groups.push(group);
      open.set(key, { group, offsets: count });
    }
  }
  return groups;
}

/** The key on `observations`: events of one problem stay in order. */
export function observationKey({
  environment,
  fingerprint,
}: {
  environment: string;
  fingerprint: string;
}): string {
  return `${environment}/${fingerprint}`;
}

/**
 * One observation out of a group of windows. What it shows is of the worst window, the earliest among equals, as it is the
 * one that an engineer should see.
 */
export function toObservation(group: readonly SummarisedWindow[]): TracesObserved {
  const summaries = group.map(({ summary }) => summary);
  const shown = summaries.reduce((a, b) => (worseSeverity(a.severity, b.severity) === a.severity ? a : b));
  return {
    environment: shown.environment,
    fingerprint: shown.fingerprint,
    previousFingerprint: shown.previousFingerprint,
    fingerprintParts: [...shown.fingerprintParts],
    title: shown.title,
    signature: sumTemplates(summaries),
    services: distinct(summaries.flatMap(({ services }) => services)),
    releases: distinct(summaries.flatMap(({ releases }) => releases)),
    severity: shown.severity,
    suspects: [...shown.suspects],
    evidence: [...shown.evidence],
    evidenceOmitted: shown.evidenceOmitted,
    windows: group.map(({ window }) => toObservedWindow(window)),
  };
}

/** The last resort when an observation is too large for Kafka: counts only. */
export function withoutExtras(observation: TracesObserved): TracesObserved {
  return {
    ...observation,
    signature: [],
    suspects: [],
    evidence: [],
    fingerprintParts: [],
    evidenceOmitted: 0,
  };
}

function toObservedWindow(window: ClosedWindow): ObservedWindow {
  return {
    traceId: window.traceId,
    partition: window.partition,
    firstAppendedAt: window.firstAppendedAtMs * 1000,
    lastAppendedAt: window.lastAppendedAtMs * 1000,
    offsets: byAppendHour(window),
  };
}

function byAppendHour({ failures }: ClosedWindow): AppendHourOffsets[] {
  const hours = new Map<number, number[]>();
  for (const { offset, appendedAtMs } of failures) {
    const appendHour = Math.floor(appendedAtMs / hourMs);
    const offsets = hours.get(appendHour);
    if (offsets) offsets.push(offset);
    else hours.set(appendHour, [offset]);
  }
  return [...hours].map(([appendHour, offsets]) => ({
    appendHour,
    offsets: offsets.toSorted((a, b) => a - b),
  }));
}

function sumTemplates(summaries: readonly WindowSummary[]): TracesObserved['signature'] {
  const counts = new Map<string, TracesObserved['signature'][number]>();
  for (const { service, template, count } of summaries.flatMap(({ signature }) => signature)) {
    const key = JSON.stringify([service, template]);
    counts.set(key, { service, template, count: (counts.get(key)?.count ?? 0) + count });
  }
  return [...counts.values()].toSorted((a, b) => b.count - a.count).slice(0, maxTemplates);
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)].slice(0, maxNames);
}
