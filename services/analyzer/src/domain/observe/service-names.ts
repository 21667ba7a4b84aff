import { isDigitCode, isLowerCode } from './character-classes.ts';
import { remembering } from './text-memory.ts';

/**
 * Whether a token is shaped like the name of a service: kebab-case words, each with at most two digits at its end, the last
 * one of a known kind (`ts-travel2-service`, `orders-db`, `payment-gateway`).
 */
export function isServiceShaped(token: string): boolean {
  const dash = token.lastIndexOf('-');
  if (dash <= 0 || token.length > maxNameChars || !serviceEndings.has(token.slice(dash + 1))) return false;
  let letters = 0;
  let digits = 0;
  for (let i = 0; i < dash; i++) {
    const code = token.charCodeAt(i);
    if (isLowerCode(code)) {
      if (digits > 0) return false;
      letters++;
    } else if (isDigitCode(code)) {
      if (letters === 0 || ++digits > 2) return false;
    } else if (code === 45) {
      if (letters === 0) return false;
      letters = digits = 0;
    } else return false;
  }
  return letters > 0;
}

/**
 * Every service that a masked message names: known ones and tokens shaped like one. A host name counts for its first label
 * (`inventory.prod.svc`).
 */
export function servicesNamedIn(text: string, knownServices: ReadonlySet<string>): Set<string> {
  const named = new Set<string>();
  for (const { name, isShaped } of namesIn(text)) if (isShaped || knownServices.has(name)) named.add(name);
  return named;
}

interface Name {
  readonly name: string;
  /** Like the name of a service, known or not. */
  readonly isShaped: boolean;
}

/** Everything in a text that a service could be called. */
const namesIn = remembering((text): readonly Name[] => {
  const names = new Map<string, Name>();
  let start = -1;
  for (let i = 0; i <= text.length; i++) {
    if (i < text.length && isNameCode(text.charCodeAt(i))) {
      if (start < 0) start = i;
      continue;
    }
    if (start >= 0) addNames(names, text.slice(start, i));
    start = -1;
  }
  return [...names.values()];
}, 1_000_000);

const maxNameChars = 64;

const serviceEndings = new Set(
  `service services svc api db database gateway worker workers server cache queue proxy broker frontend backend store
  consumer producer scheduler processor engine app bff cluster redis postgres mysql kafka mongo rabbitmq`.split(
    /\s+/,
  ),
);

function addNames(names: Map<string, Name>, token: string): void {
  let end = token.length;
  while (end > 0 && (token.charCodeAt(end - 1) === 46 || token.charCodeAt(end - 1) === 45)) end--;
  const whole = token.slice(0, end);
  const dot = whole.indexOf('.');
  for (const name of dot > 0 ? [whole, whole.slice(0, dot)] : [whole])
    if (!names.has(name)) names.set(name, { name, isShaped: isServiceShaped(name) });
}

/** Letters, digits, `_ - .` and everything beyond ASCII. */
function isNameCode(code: number): boolean {
  return (
    isLowerCode(code | 32) || isDigitCode(code) || code === 45 || code === 46 || code === 95 || code >= 128
  );
}
