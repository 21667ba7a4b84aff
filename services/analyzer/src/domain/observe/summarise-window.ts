import type {
  EvidenceSignal,
  FingerprintPart,
  Severity,
  Suspect,
  TemplateCount,
} from '@prodsentinel/contracts';
import { chooseEvidence } from './evidence.ts';
import { toFingerprint } from './fingerprint.ts';
import type { IntakeSignal } from './intake-signal.ts';
import { limits } from './limits.ts';
import { primaryOf } from './primary-fingerprint.ts';
import { severityOf } from './severity.ts';
import { groupSignals } from './signal-groups.ts';
import { compareTexts } from './signal-order.ts';
import { maxSuspects, rankSuspects } from './suspects.ts';
import { titleOf } from './title.ts';

/** What one window showed: everything of an observation but its offsets. */
export interface WindowSummary {
  readonly environment: string;
  /** The primary signal's. */
  readonly fingerprint: string;
  readonly fingerprintParts: FingerprintPart[];
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
 * without signals gives a summary that says so.
 */
export function summariseWindow(signals: readonly IntakeSignal[]): WindowSummary {
  if (signals.length === 0) return emptyWindow();
  const groups = groupSignals(signals);
  const primary = primaryOf(groups);
  const ranked = rankSuspects(groups, primary);
  const { evidence, evidenceOmitted } = chooseEvidence(signals, {
    primary,
    exemplars: ranked.map(({ exemplar }) => exemplar),
  });
  return {
    environment: primary.environment,
    fingerprint: primary.fingerprint,
    fingerprintParts: [...primary.fingerprintParts],
    title: titleOf(primary),
    signature: groups
      .map(({ service, template, count }) => ({ service, template, count }))
      .toSorted((a, b) => b.count - a.count)
      .slice(0, limits.signatureTemplates),
    services: namesOf(signals.map(({ service }) => service)),
    releases: namesOf(
      signals.map(({ service, release }) => (release === null ? '' : `${service}@${release}`)),
    ),
    severity: severityOf(signals),
    suspects: ranked.slice(0, maxSuspects).map(({ suspect }) => suspect),
    evidence,
    evidenceOmitted,
  };
}

function namesOf(names: readonly string[]): string[] {
  return [...new Set(names)]
    .filter((name) => name !== '')
    .toSorted(compareTexts)
    .slice(0, limits.windowNames);
}

function emptyWindow(): WindowSummary {
  const { fingerprint, parts } = toFingerprint([
    { kind: 'message', value: 'a window without failures', why: 'there is nothing else to go by' },
  ]);
  return {
    environment: 'default',
    fingerprint,
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
