import type { IntakeSignal } from './intake-signal.ts';
import { limits } from './limits.ts';
import { cutAt, toStorableText } from './storable-text.ts';

/** One line of at most 120 characters that names the problem: `inventory: PoolExhaustedError: timed out waiting for a connection`. */
export function titleOf({ service, problem, template }: IntakeSignal): string {
  const words = (headlineOf(problem) || template || 'failure without a message')
    .replaceAll(/\s+/g, ' ')
    .trim();
  const line = `${service.replaceAll(/\s+/g, ' ')}: ${words}`;
  return line.length <= limits.titleChars ? line : `${cutAt(line, limits.titleChars - 1)}…`;
}

/** The first line of the problem. */
export function headlineOf({ type, message }: IntakeSignal['problem']): string {
  const text = type === '' ? message : `${simpleNameOf(type)}${message ? `: ${message}` : ''}`;
  return toStorableText(firstLineOf(text), limits.headlineChars);
}

function simpleNameOf(type: string): string {
  return type.slice(Math.max(type.lastIndexOf('.'), type.lastIndexOf('\\')) + 1) || type;
}

function firstLineOf(text: string): string {
  const trimmed = text.trimStart();
  const newline = trimmed.indexOf('\n');
  return (newline < 0 ? trimmed : trimmed.slice(0, newline)).trimEnd();
}
