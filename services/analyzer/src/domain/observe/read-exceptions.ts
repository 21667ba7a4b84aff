import type { ExceptionInfo } from '@prodsentinel/contracts';
import { limits } from './limits.ts';
import { parseStack, type ParsedException } from './parse-stack.ts';

/**
 * The chain of exceptions of one failure, outermost first: what the producer gave as such, completed from its stack traces;
 * where it gave none, what the message tells.
 *
 * @param exception cut and free of secrets, as is the message
 */
export function readExceptions(exception: ExceptionInfo | null, message: string): ParsedException[] {
  if (exception === null) return parseStack(message);
  const fromStack = parseStack(exception.stack ?? '');
  const told =
    fromStack.length > 0 || exception.type || exception.causes.length > 0
      ? fromStack
      : parseStack(exception.message ?? '');
  const chain = exception.causes.length > 0 ? fromCauses(exception, told) : told;
  const first = chain[0] ?? { type: '', message: '', frames: [] };
  return [
    { type: exception.type || first.type, message: exception.message || first.message, frames: first.frames },
    ...chain.slice(1),
  ].filter(({ type, message: text, frames }) => type !== '' || text !== '' || frames.length > 0);
}

function fromCauses(exception: ExceptionInfo, told: readonly ParsedException[]): ParsedException[] {
  const outer = told[0] ?? { type: '', message: '', frames: [] };
  const causes = exception.causes.map((cause, i): ParsedException => {
    const own = cause.stack === null ? undefined : parseStack(cause.stack)[0];
    const found = own ?? told[i + 1];
    return {
      type: cause.type || found?.type || '',
      message: cause.message || found?.message || '',
      frames: found?.frames ?? [],
    };
  });
  const chain = [outer, ...causes];
  return chain.length <= limits.chainLength
    ? chain
    : [...chain.slice(0, limits.chainLength - 1), chain.at(-1)!];
}
