import type {
  EvidenceSignal,
  FingerprintPart,
  Severity,
  Suspect,
  TemplateCount,
} from '@prodsentinel/contracts';
import { chooseEvidence } from './evidence.ts';
import { toFingerprint } from './fingerprint.ts';
import { fingerprintVersions } from './fingerprint-versions.ts';
import type { IntakeSignal } from './intake-signal.ts';
import { limits } from './limits.ts';
import { primaryOf } from './primary-fingerprint.ts';
import { severityOf } from './severity.ts';
import { groupSignals, type SignalGroup } from './signal-groups.ts';
import { compareTexts } from './signal-order.ts';
import { silentSuspects } from './silent-suspects.ts';
import { slowSuspects } from './slow-suspects.ts';
import { linesOf } from './span-lines.ts';
import { maxSuspects, rankSuspects, type RankedSuspect } from './suspects.ts';
import type { Surroundings } from './surroundings.ts';
import { titleOf } from './title.ts';
import { isCut, spansOf } from '../windows/context-ring.ts';

/** What one window showed: everything of an observation but its offsets. */
export interface WindowSummary {
  readonly environment: string;
  /** The primary signal's. */
  readonly fingerprint: string;
  readonly previousFingerprint: string | null;
  readonly fingerprintParts: readonly FingerprintPart[];
  readonly title: string;
  /** The most frequent templates first, at most 100. */
  readonly signature: TemplateCount[];
  readonly services: string[];
  /** As `service@release`. */
  readonly releases: string[];
  readonly severity: Severity;
  readonly suspects: Suspect[];
  readonly evidence: EvidenceSignal[];
  readonly evidenceOmitted: number;
}

/**
 * Sums up the failures of one window. A pure function of the set of signals, whatever their order; it cannot fail: a window
 * without signals gives a summary that says so. What is known beside the window changes the ranking of suspects and which
 * signals are shown, and nothing else. Title, suspects and evidence are made when they are asked for: of many windows of one
 * problem one is shown.
 *
 * @param beside is looked at as it is when suspects or evidence are asked for
 */
export function summariseWindow(
  signals: readonly IntakeSignal[],
  beside?: () => Surroundings,
): WindowSummary {
  if (signals.length === 0) return emptyWindow();
  const groups = groupSignals(signals);
  const primary = primaryOf(groups);
  let title: string | undefined;
  let details: WindowDetails | undefined;
  const toDetails = () => (details ??= detailsOf(signals, { groups, primary, beside: beside?.() }));
  return {
    environment: primary.environment,
    fingerprint: primary.fingerprint,
    previousFingerprint: primary.previousFingerprint,
    fingerprintParts: primary.fingerprintParts,
    get title() {
      return (title ??= titleOf(primary));
    },
    signature: groups
      .map(({ service, template, count }) => ({ service, template, count }))
      .toSorted((a, b) => b.count - a.count)
      .slice(0, limits.signatureTemplates),
    services: namesOf(new Set(signals.map(({ service }) => service))),
    releases: namesOf(releasesOf(signals)),
    severity: severityOf(signals),
    get suspects() {
      return toDetails().suspects;
    },
    get evidence() {
      return toDetails().evidence;
    },
    get evidenceOmitted() {
      return toDetails().evidenceOmitted;
    },
  };
}

type WindowDetails = Pick<WindowSummary, 'suspects' | 'evidence' | 'evidenceOmitted'>;

function detailsOf(
  signals: readonly IntakeSignal[],
  from: {
    groups: readonly SignalGroup[];
    primary: IntakeSignal;
    beside: Surroundings | undefined;
  },
): WindowDetails {
  const { groups, primary, beside } = from;
  const ranked = rankSuspects(groups, primary, beside && toUsual(signals, beside));
  const evidence = chooseEvidence(signals, {
    primary,
    exemplars: ranked.map(({ exemplar }) => exemplar),
    context: beside?.context ?? [],
  });
  return { suspects: withOthers(ranked, beside), ...evidence };
}

function toUsual(signals: readonly IntakeSignal[], { failures, context }: Surroundings) {
  const atMs = signals.reduce((latest, { appendedAtMs }) => Math.max(latest, appendedAtMs), 0);
  return { baseline: failures, records: signals.length + context.length, atMs };
}

function withOthers(ranked: readonly RankedSuspect[], beside: Surroundings | undefined): Suspect[] {
  const failing = ranked.map(({ suspect }) => suspect);
  const others = beside ? othersBeside(beside) : [];
  if (others.length === 0) return failing.slice(0, maxSuspects);
  return [...failing, ...others].toSorted((a, b) => b.score - a.score).slice(0, maxSuspects);
}

/** Those that did not fail, and were slow or silent. */
function othersBeside({ context, latencies, lines, knownServices }: Surroundings): Suspect[] {
  const spans = spansOf(context);
  if (spans.length === 0) return [];
  const silent = isCut(context) ? [] : silentSuspects(spans, linesOf(context, knownServices), lines);
  return [...slowSuspects(spans, latencies), ...silent];
}

function namesOf(names: ReadonlySet<string>): string[] {
  return [...names]
    .filter((name) => name !== '')
    .toSorted(compareTexts)
    .slice(0, limits.windowNames);
}

/** Put together once for each release of a service, not once for each signal. */
function releasesOf(signals: readonly IntakeSignal[]): Set<string> {
  const seen = new Map<string, Set<string>>();
  const releases = new Set<string>();
  for (const { service, release } of signals) {
    if (release === null) continue;
    let ofService = seen.get(service);
    if (ofService === undefined) seen.set(service, (ofService = new Set()));
    if (ofService.has(release)) continue;
    ofService.add(release);
    releases.add(`${service}@${release}`);
  }
  return releases;
}

function emptyWindow(): WindowSummary {
  const { fingerprint, parts } = toFingerprint(
    [{ kind: 'message', value: 'a window without failures', why: 'there is nothing else to go by' }],
    fingerprintVersions.current.version,
  );
  return {
    environment: 'default',
    fingerprint,
    previousFingerprint: null,
    fingerprintParts: [...parts],
    title: 'a window without failures',
    signature: [],
    services: [],
    releases: [],
    severity: 'low',
    suspects: [],
    evidence: [],
    evidenceOmitted: 0,
  };
}
