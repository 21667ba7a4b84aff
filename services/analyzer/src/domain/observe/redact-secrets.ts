import { findCardNumber } from './secret-card-numbers.ts';
import { findNamedSecret } from './secret-named-values.ts';
import { findPrefixedSecret, isPrefixStart } from './secret-prefixes.ts';
import { findFlagValue, findPrivateKey, findUrlCredentials } from './secret-shapes.ts';
import type { SecretKind, SecretSpan } from './secret-span.ts';

/**
 * Replaces every secret it recognises by `[redacted:KIND]`, irreversibly. One pass over the character codes, linear in the
 * length; text without a candidate character costs a table look-up each and is handed back as it is. A replacement is
 * never taken for a secret again. Never throws.
 *
 * Recognised: JSON Web Tokens; authorization headers, bearer and basic credentials; private key PEM blocks; the values of
 * names such as password, secret, token, api key, session and cookie (`key=value`, `key: value`, JSON also when escaped,
 * URL queries, XML elements, `--flag value`, `{"name": …, "value": …}`); passwords in URLs and connection strings; AWS
 * keys; tokens of known makers by their prefix; card numbers that pass Luhn. Not recognised: a secret that neither a name
 * nor a shape gives away.
 *
 * @returns the text and how many of each kind were removed; only kinds that occurred are present
 */
export function redactSecrets(text: string): RedactedText {
  let pieces: string[] | undefined;
  let counts: Partial<Record<SecretKind, number>> | undefined;
  let copiedTo = 0;
  let name = '';
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const trigger = code < 128 ? triggers[code]! : Trigger.none;
    if (trigger === Trigger.none) continue;
    const found = findSecret(text, i, { trigger, from: copiedTo, name });
    if (found === undefined) continue;
    if ('name' in found) {
      name = found.name;
      continue;
    }
    pieces ??= [];
    counts ??= {};
    pieces.push(text.slice(copiedTo, found.start), `[redacted:${found.kind}]`);
    counts[found.kind] = (counts[found.kind] ?? 0) + 1;
    copiedTo = found.end;
    i = found.end - 1;
  }
  if (pieces === undefined) return { text, counts: noCounts };
  pieces.push(text.slice(copiedTo));
  return { text: pieces.join(''), counts: counts ?? noCounts };
}

export interface RedactedText {
  readonly text: string;
  readonly counts: Readonly<Record<string, number>>;
}

const noCounts: Readonly<Record<string, number>> = Object.freeze({});

const Trigger = { none: 0, named: 1, prefix: 2, digit: 3, dash: 4 } as const;

const triggers = new Uint8Array(128);
for (let code = 0; code < 128; code++) {
  if (isPrefixStart(code)) triggers[code] = Trigger.prefix;
  else if (code >= 50 && code <= 54) triggers[code] = Trigger.digit;
}
triggers['='.charCodeAt(0)] = Trigger.named;
triggers[':'.charCodeAt(0)] = Trigger.named;
triggers['>'.charCodeAt(0)] = Trigger.named;
triggers['-'.charCodeAt(0)] = Trigger.dash;

function findSecret(
  text: string,
  at: number,
  { trigger, from, name }: { trigger: number; from: number; name: string },
): SecretSpan | { name: string } | undefined {
  if (trigger === Trigger.prefix) return findPrefixedSecret(text, at);
  if (trigger === Trigger.digit) return findCardNumber(text, at);
  if (trigger === Trigger.dash) {
    if (text.charCodeAt(at + 1) !== 45) return undefined;
    return findPrivateKey(text, at) ?? findFlagValue(text, at);
  }
  return findUrlCredentials(text, at) ?? findNamedSecret(text, at, { from, name });
}
