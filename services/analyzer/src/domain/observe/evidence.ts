import type { EvidenceSignal } from '@prodsentinel/contracts';
import type { IntakeSignal } from './intake-signal.ts';
import { compareSignals } from './signal-order.ts';
import { cutToBytes, toStorableText } from './storable-text.ts';
import { redactSecrets } from './redact-secrets.ts';
import type { ContextSignal } from '../windows/context-ring.ts';

export interface Evidence {
  /** Most telling first, with the ids e1, e2, … */
  readonly evidence: EvidenceSignal[];
  /** Failure signals that are not shown. */
  readonly evidenceOmitted: number;
}

/**
 * The most telling signals of a window: the primary one, then one of each further (service, template) in the order given,
 * then repetitions by time, inside both bounds; last, where there is room, the latest warnings of the trace. Where room runs out, stacks are cut before messages. Secrets are gone since intake, and from
 * context now.
 *
 * @param options `exemplars`: one signal of each template, the most suspicious first; `maxBytes`: of all signals as JSON
 */
export function chooseEvidence(
  signals: readonly IntakeSignal[],
  options: {
    primary: IntakeSignal;
    exemplars: readonly IntakeSignal[];
    context?: readonly ContextSignal[];
    maxSignals?: number;
    maxBytes?: number;
  },
): Evidence {
  const { primary, exemplars, context = [], maxSignals = 12, maxBytes = 48 * 1024 } = options;
  const candidates = new Set<IntakeSignal>([primary, ...exemplars]);
  if (candidates.size < maxSignals)
    for (const signal of signals.toSorted(compareSignals)) candidates.add(signal);
  const evidence: EvidenceSignal[] = [];
  let bytesLeft = maxBytes;
  for (const signal of candidates) {
    if (evidence.length === maxSignals) break;
    const shown = fitted(toEvidence(signal, `e${evidence.length + 1}`), bytesLeft);
    if (shown === undefined) continue;
    bytesLeft -= bytesOf(shown);
    evidence.push(shown);
  }
  const evidenceOmitted = signals.length - evidence.length;
  for (const each of tellingContext(context)) {
    if (evidence.length >= maxSignals) break;
    const shown = fitted(contextEvidence(each, primary.traceId, `e${evidence.length + 1}`), bytesLeft);
    if (shown === undefined) continue;
    bytesLeft -= bytesOf(shown);
    evidence.push(shown);
  }
  return { evidence, evidenceOmitted };
}

/** Context that one observation shows. */
const shownContext = 3;

/** The latest warnings: other lines say too little to be taken for a cause, and whoever reads evidence may take them so. */
function tellingContext(context: readonly ContextSignal[]): ContextSignal[] {
  return context.filter(isWarning).slice(-shownContext).toReversed();
}

const isWarning = ({ message, severityText }: ContextSignal): boolean =>
  message !== '' && severityText.toUpperCase().startsWith('WARN');

function contextEvidence(signal: ContextSignal, traceId: string, evidenceId: string): EvidenceSignal {
  return {
    evidenceId,
    service: withoutSecrets(signal.service),
    traceId,
    spanId: signal.spanId || null,
    kind: signal.kind,
    severityText: withoutSecrets(signal.severityText),
    message: withoutSecrets(signal.message),
    exceptionType: null,
    stack: null,
    release: signal.release === null ? null : withoutSecrets(signal.release),
    partition: signal.partition,
    offset: signal.offset,
    occurredAt:
      signal.occurredAt !== null && Number.isSafeInteger(signal.occurredAt) ? signal.occurredAt : null,
  };
}

const withoutSecrets = (text: string): string =>
  toStorableText(redactSecrets(text).text, 2 * text.length + 64);

function toEvidence(signal: IntakeSignal, evidenceId: string): EvidenceSignal {
  return {
    evidenceId,
    service: signal.service,
    traceId: signal.traceId || null,
    spanId: signal.spanId || null,
    kind: signal.kind,
    severityText: signal.severityText,
    message: signal.message,
    exceptionType: signal.exceptionType,
    stack: signal.stack,
    release: signal.release,
    partition: signal.partition,
    offset: signal.offset,
    occurredAt: signal.occurredAt,
  };
}

/** The signal, cut to the room there is; undefined when not even its message has any. */
function fitted(signal: EvidenceSignal, maxBytes: number): EvidenceSignal | undefined {
  const bytes = bytesOf(signal);
  if (bytes <= maxBytes) return signal;
  // JSON may take two bytes for a character and six for a control character: cutting is measured on what JSON makes of it.
  const withoutStack = { ...signal, stack: null };
  const room = maxBytes - bytesOf(withoutStack);
  if (room >= minShownBytes && signal.stack !== null) {
    const cut = { ...signal, stack: cutToBytes(signal.stack, Math.floor(room / 2)) };
    if (bytesOf(cut) <= maxBytes) return cut;
  }
  if (room >= 0) return withoutStack;
  const bare = bytesOf({ ...withoutStack, message: '' });
  const messageRoom = Math.floor((maxBytes - bare) / 2);
  if (messageRoom < minShownBytes) return undefined;
  const cut = { ...withoutStack, message: cutToBytes(signal.message, messageRoom) };
  return bytesOf(cut) <= maxBytes ? cut : undefined;
}

const minShownBytes = 64;

const bytesOf = (signal: EvidenceSignal): number => Buffer.byteLength(JSON.stringify(signal));
