import type { IntakeSignal } from './intake-signal.ts';
import { compareTexts } from './signal-order.ts';

/** How the failing spans of a window hang together. Spans that did not fail are not known here: a gap ends a chain. */
export interface SpanTree {
  /** How many failing spans lie above this one; 0 when unknown. */
  depthOf(spanId: string): number;
  /** Whether a failing span lies below this one. */
  hasFailureBelow(spanId: string): boolean;
}

/** Ids that contradict each other (cycles, two parents) give some tree, the same whatever the order of the signals. */
export function readSpanTree(signals: readonly IntakeSignal[]): SpanTree {
  const parents = new Map<string, string>();
  for (const { spanId, parentSpanId } of signals) {
    if (spanId === '' || spanId === parentSpanId) continue;
    const known = parents.get(spanId);
    if (
      known === undefined ||
      known === '' ||
      (parentSpanId !== '' && compareTexts(parentSpanId, known) < 0)
    ) {
      parents.set(spanId, parentSpanId);
    }
  }
  const withFailureBelow = new Set<string>();
  for (const [spanId, parent] of parents)
    if (parents.has(parent) && parent !== spanId) withFailureBelow.add(parent);
  return {
    depthOf: (spanId) => depthIn(parents, spanId),
    hasFailureBelow: (spanId) => withFailureBelow.has(spanId),
  };
}

const maxDepth = 64;

function depthIn(parents: ReadonlyMap<string, string>, spanId: string): number {
  let depth = 0;
  let current = parents.get(spanId);
  while (depth < maxDepth && current !== undefined && parents.has(current)) {
    depth++;
    current = parents.get(current);
  }
  return depth;
}
