import type { ContextSignal } from '../windows/context-ring.ts';
import { maskMessage } from './mask-message.ts';
import { redactSecrets } from './redact-secrets.ts';
import type { SpanLine } from './usual-lines.ts';

/** The lines of a trace's context that were logged inside of a span. */
export function linesOf(context: readonly ContextSignal[], knownServices: ReadonlySet<string>): SpanLine[] {
  return context.flatMap(({ kind, service, spanId, message }) => {
    if (kind !== 'log' || spanId === '' || message === '') return [];
    return { service, spanId, template: maskMessage(redactSecrets(message).text, knownServices) };
  });
}
