import type { SpanTiming } from './span-timing.ts';

/** A line that was logged inside a span and is no failure. */
export interface SpanLine {
  readonly service: string;
  readonly spanId: string;
  /** Masked and without secrets. */
  readonly template: string;
}

/** How many spans an operation had, and in how many of them each line was logged. */
export interface OperationLines {
  readonly service: string;
  /** Of the span. */
  readonly name: string;
  readonly spans: number;
  readonly lines: ReadonlyMap<string, number>;
}

interface Counts extends OperationLines {
  spans: number;
  readonly lines: Map<string, number>;
}

/** Lines of one operation that are counted; the further ones are taken for such as vary. */
const maxLines = 50;
/** Operations that are remembered, at most some 50 KB each; the one seen longest ago goes first. */
const maxOperations = 2_000;
/** Spans of an operation, at which what was counted of it weighs half: what it logs now decides. */
const maxSpans = 1_000;

/** What each operation of some spans logged. A span that was sent twice is one, and so is a line that it repeats. */
export function countLines(
  spans: readonly SpanTiming[],
  lines: readonly SpanLine[],
): ReadonlyMap<string, OperationLines> {
  const operations = new Map<string, Counts>();
  const ofSpan = new Map<string, { operation: Counts; seen: Set<string> }>();
  for (const { environment, service, name, spanId } of spans) {
    const id = `${service}\0${spanId}`;
    if (ofSpan.has(id)) continue;
    const key = `${environment}\0${service}\0${name}`;
    let operation = operations.get(key);
    if (!operation) operations.set(key, (operation = { service, name, spans: 0, lines: new Map() }));
    operation.spans += 1;
    ofSpan.set(id, { operation, seen: new Set() });
  }
  for (const { service, spanId, template } of lines) {
    const span = ofSpan.get(`${service}\0${spanId}`);
    if (!span || span.seen.has(template)) continue;
    span.seen.add(template);
    add(span.operation.lines, template, 1);
  }
  return operations;
}

/**
 * What operations usually log: for each (environment, service, span name) in what share of its spans each line is found.
 * Bounded, and fading; a process's own; it only ranks suspects.
 */
export class UsualLines {
  /** In the order of their last span. */
  readonly #operations = new Map<string, Counts>();

  learn(spans: readonly SpanTiming[], lines: readonly SpanLine[]): void {
    for (const [key, counted] of countLines(spans, lines)) this.#learnOne(key, counted);
  }

  /** @param key as in what `countLines` answers */
  of(key: string): OperationLines | undefined {
    return this.#operations.get(key);
  }

  #learnOne(key: string, counted: OperationLines): void {
    const { service, name } = counted;
    const known = this.#operations.get(key) ?? { service, name, spans: 0, lines: new Map<string, number>() };
    this.#operations.delete(key);
    if (this.#operations.size >= maxOperations) {
      const oldest = this.#operations.keys().next();
      if (!oldest.done) this.#operations.delete(oldest.value);
    }
    known.spans += counted.spans;
    for (const [template, count] of counted.lines) add(known.lines, template, count);
    if (known.spans > maxSpans) halve(known);
    this.#operations.set(key, known);
  }
}

function add(lines: Map<string, number>, template: string, count: number): void {
  const known = lines.get(template);
  if (known !== undefined) lines.set(template, known + count);
  else if (lines.size < maxLines) lines.set(template, count);
}

/** Lines that were seen once in a while make room. */
function halve(counts: Counts): void {
  counts.spans /= 2;
  for (const [template, count] of counts.lines) {
    if (count < 1) counts.lines.delete(template);
    else counts.lines.set(template, count / 2);
  }
}
