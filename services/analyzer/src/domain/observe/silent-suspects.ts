import type { Suspect } from '@prodsentinel/contracts';
import { redactSecrets } from './redact-secrets.ts';
import type { SpanTiming } from './span-timing.ts';
import { countLines, type OperationLines, type SpanLine, type UsualLines } from './usual-lines.ts';

/** Spans of an operation, before which nothing is usual for it. */
const leastSpans = 4;
/** Of its usual share of spans, a line is missing from half of them or more. */
const greatestShare = 0.5;
/** Nats of the likelihood ratio: less than this happens by chance in one of some hundred lines. */
const leastEvidence = 4;
/** More than this is as sure as it gets. */
const fullEvidence = 20;

/**
 * Services that went silent: their spans are there, and lines are not that these operations usually log. It is how a fault
 * shows that throws inside of a service and is logged by its callers, if by anybody. The score is the share of the spans
 * that the line vanished from, less where there is little evidence.
 */
export function silentSuspects(
  spans: readonly SpanTiming[],
  lines: readonly SpanLine[],
  usual: UsualLines,
): Suspect[] {
  const worst = new Map<string, Suspect>();
  for (const [key, now] of countLines(spans, lines)) {
    const before = usual.of(key);
    if (before === undefined || before.spans < leastSpans) continue;
    for (const template of before.lines.keys()) {
      const suspect = missing(template, before, now);
      const known = worst.get(now.service);
      if (suspect && (known === undefined || suspect.score > known.score)) worst.set(now.service, suspect);
    }
  }
  return [...worst.values()];
}

function missing(template: string, before: OperationLines, now: OperationLines): Suspect | undefined {
  const usual = before.lines.get(template) ?? 0;
  const found = now.lines.get(template) ?? 0;
  const share = found / now.spans / (usual / before.spans);
  if (share > greatestShare) return undefined;
  const evidence = likelihoodRatio({ hits: usual, of: before.spans }, { hits: found, of: now.spans });
  if (evidence < leastEvidence) return undefined;
  const score = (1 - share) * Math.min(1, evidence / fullEvidence);
  const percent = Math.round((100 * usual) / before.spans);
  return {
    service: now.service,
    template: `silent: ${template}`,
    score: Math.round(score * 1000) / 1000,
    why: `logged in ${found} of ${now.spans} spans of ${redactSecrets(now.name).text}, usually in ${percent} %`,
  };
}

interface Share {
  readonly hits: number;
  readonly of: number;
}

/** How much likelier both shares are as two than as one, in nats. */
function likelihoodRatio(a: Share, b: Share): number {
  return fit(a) + fit(b) - fit({ hits: a.hits + b.hits, of: a.of + b.of });
}

function fit({ hits, of }: Share): number {
  if (hits <= 0 || hits >= of) return 0;
  return hits * Math.log(hits / of) + (of - hits) * Math.log(1 - hits / of);
}
