import { isDigitCode } from './character-classes.ts';
import { limits } from './limits.ts';
import { findCardNumber } from './secret-card-numbers.ts';
import { findNamedSecret } from './secret-named-values.ts';
import { findPrefixedSecret, isPrefixStart, mayBegin } from './secret-prefixes.ts';
import { findFlagValue, findPrivateKey, findUrlCredentials } from './secret-shapes.ts';
import type { SecretKind, SecretSpan } from './secret-span.ts';
import { TextMemory } from './text-memory.ts';

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
  if (text === last.text) return last.redacted;
  const redacted = (text.length >= minRememberedChars && redactInParts(text)) || redactWhole(text);
  last = { text, redacted };
  return redacted;
}

/** In one scan; exported for the test that compares it with what is put together. */
export function redactWhole(text: string): RedactedText {
  const { text: clean, counts } = scan(text);
  return { text: clean, counts };
}

/** Producers write one text twice, as the message and as the exception's. */
let last: { text: string; redacted: RedactedText } = {
  text: '',
  redacted: { text: '', counts: {} },
};

export interface RedactedText {
  readonly text: string;
  readonly counts: Readonly<Record<string, number>>;
}

const noCounts: Readonly<Record<string, number>> = Object.freeze({});

/** Shorter texts are scanned sooner than they are remembered. */
const minRememberedChars = 200;
/** Of some 16 KB at most each: the frames of the stack traces that are seen again and again. */
const middles = new TextMemory<Scanned>(4_000_000);

/**
 * The same as one scan, for texts of three lines and more: of a stack trace only the first and the last line vary, what
 * stands between is looked up. Nothing that `scan` looks at reaches over the end of a line, but for a private key, the name
 * that a value field is waiting for, and a `%` that begins an encoded character: undefined where there is one.
 */
function redactInParts(text: string): RedactedText | undefined {
  const first = text.indexOf('\n');
  const second = text.lastIndexOf('\n');
  if (first <= 0 || second - first < minRememberedChars) return undefined;
  const head = scan(text.slice(0, first));
  if (!head.isClosed) return undefined;
  const between = text.slice(first + 1, second);
  let middle = middles.get(between);
  // The slice keeps the whole text alive.
  if (middle === undefined) middles.set(between, (middle = scan(between)), text.length);
  if (!middle.isClosed) return undefined;
  const tail = scan(text.slice(second + 1));
  if (head.counts === noCounts && middle.counts === noCounts && tail.counts === noCounts)
    return { text, counts: noCounts };
  const counts: Record<string, number> = {};
  for (const part of [head, middle, tail])
    for (const kind in part.counts) counts[kind] = (counts[kind] ?? 0) + part.counts[kind]!;
  return { text: `${head.text}\n${middle.text}\n${tail.text}`, counts };
}

interface Scanned extends RedactedText {
  /** Whether what follows on a further line can be scanned by itself. */
  readonly isClosed: boolean;
}

function scan(text: string): Scanned {
  let pieces: string[] | undefined;
  let counts: Partial<Record<SecretKind, number>> | undefined;
  let copiedTo = 0;
  let name = '';
  const { length } = text;
  const low = lowBytesOf(text);
  for (let i = 0; i < length; i++) {
    const trigger = triggers[low[i]!]!;
    if (trigger === Trigger.none) continue;
    if (trigger === Trigger.prefix && !mayBegin(low[i]!, low[i + 1]!)) continue;
    if (trigger === Trigger.digit && !isDigitCode(low[i + 1]!)) continue;
    if (text.charCodeAt(i) !== low[i]) continue;
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
  const isClosed =
    name === '' && text.charCodeAt(text.length - 1) !== percent && !text.includes('-----BEGIN ');
  if (pieces === undefined) return { text, counts: noCounts, isClosed };
  pieces.push(text.slice(copiedTo));
  return { text: pieces.join(''), counts: counts ?? noCounts, isClosed };
}

const percent = 37;

/**
 * The low bytes of a text's characters, and one byte 0 behind them: walking bytes is several times faster than asking a
 * string for its characters. Beyond ASCII they are not the characters: whoever finds one looks again.
 *
 * @returns valid until the next call
 */
function lowBytesOf(text: string): Uint8Array {
  const { length } = text;
  const bytes = length < scratch.length ? scratch : Buffer.allocUnsafe(length + 1);
  bytes.write(text, 'latin1');
  bytes[length] = 0;
  return bytes;
}

/** As long as the texts that are looked at. */
const scratch = Buffer.allocUnsafe(limits.scannedMessageChars + 1);

const Trigger = { none: 0, named: 1, prefix: 2, digit: 3, dash: 4 } as const;

const triggers = new Uint8Array(256);
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
