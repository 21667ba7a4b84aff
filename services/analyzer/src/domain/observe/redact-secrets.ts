import { isAsciiWordCode, isDigitCode, isWordCode } from './character-classes.ts';
import { findCardNumber } from './secret-card-numbers.ts';
import { findNamedSecret, isGlue, maxGlue } from './secret-named-values.ts';
import { mayEndKnownName } from './secret-names.ts';
import { findPrefixedSecret, mayBegin, mayBeginWith } from './secret-prefixes.ts';
import {
  findBotToken,
  findByMiddle,
  findCurlPassword,
  findFlagValue,
  findPrivateKey,
  findUrlCredentials,
} from './secret-shapes.ts';
import type { SecretKind, SecretSpan } from './secret-span.ts';
import { bytesOf } from './text-bytes.ts';
import { TextMemory } from './text-memory.ts';

/**
 * Replaces every secret it recognises by `[redacted:KIND]`, irreversibly. One pass over the character codes, linear in the
 * length; text without a candidate costs a table look-up a character and is handed back as it is. A replacement is
 * never taken for a secret again. Never throws.
 *
 * Recognised: JSON Web Tokens; authorization headers, bearer and basic credentials; private key PEM blocks; the values of
 * names such as password, secret, token, api key, session and cookie (`key=value`, `key: value`, JSON also when escaped,
 * URL queries, XML elements, `--flag value`, `curl -u`, `{"name": …, "value": …}`); passwords in URLs and connection strings; AWS
 * keys; tokens of known makers by their prefix; card numbers that pass Luhn. Not recognised: a secret that neither a name
 * nor a shape gives away.
 *
 * @returns the text and how many of each kind were removed; only kinds that occurred are present
 */
export function redactSecrets(text: string): RedactedText {
  if (text === last.text) return last.redacted;
  if (text === beforeLast.text) return beforeLast.redacted;
  const redacted = (text.length >= minRememberedChars && redactInParts(text)) || redactWhole(text);
  beforeLast = last;
  last = { text, redacted };
  return redacted;
}

/** In one scan; exported for the test that compares it with what is put together. */
export function redactWhole(text: string): RedactedText {
  const { text: clean, counts } = scan(text);
  return { text: clean, counts };
}

/** Producers write one text twice, as the message and as the exception's, whose type stands between. */
let last: { readonly text: string; readonly redacted: RedactedText } = {
  text: '',
  redacted: { text: '', counts: {} },
};
let beforeLast = last;

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
  const bytes = bytesOf(text);
  for (let i = 0; i < length; i++) {
    const trigger = triggers[(bytes[i]! << 8) | bytes[i + 1]!]!;
    if (trigger === Trigger.none || !isCandidate(bytes, i, trigger)) continue;
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
const dash = 45;
const slash = 47;
const colon = 58;
const space = 32;
const capitalA = 65;
const capitalJ = 74;

const Trigger = { none: 0, named: 1, prefix: 2, digit: 3, dash: 4, middle: 5 } as const;

/** By two characters in a row: nearly all of a text is turned away here. */
const triggers = new Uint8Array(256 * 256);
for (let second = 0; second < 256; second++) {
  for (const sign of '=:>') triggers[(sign.charCodeAt(0) << 8) | second] = Trigger.named;
  for (let first = 0; first < 128; first++)
    if (mayBegin(first, second)) triggers[(first << 8) | second] = Trigger.prefix;
  for (const first of '23456')
    if (isDigitCode(second)) triggers[(first.charCodeAt(0) << 8) | second] = Trigger.digit;
}
triggers[(dash << 8) | dash] = Trigger.dash;
for (const middle of ['Q~', '-u'])
  triggers[(middle.charCodeAt(0) << 8) | middle.charCodeAt(1)] = Trigger.middle;

/** What can be told from the characters around without asking the text for any of them. */
function isCandidate(bytes: Uint8Array, at: number, trigger: number): boolean {
  if (trigger === Trigger.named) return announces(bytes, at);
  if (trigger === Trigger.dash) return true;
  if (trigger === Trigger.middle) {
    const isWithin = at > 0 && isWordCode(bytes[at - 1]!);
    return isWithin ? bytes[at + 2]! > space : bytes[at] === dash && bytes[at + 2] === space;
  }
  const isInside = at > 0 && isAsciiWordCode(bytes[at - 1]!);
  if (trigger === Trigger.digit)
    return !isInside && isDigitCode(bytes[at + 2]!) && isDigitCode(bytes[at + 3]!);
  if (!mayBeginWith(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!)) return false;
  return !isInside || bytes[at + 2] === capitalJ || (at >= 3 && bytes[at - 3] === percent);
}

/** Whether the sign at `at` opens an address, or what stands before it can be a name that announces a secret. */
function announces(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] === colon && bytes[at + 1] === slash && bytes[at + 2] === slash) return true;
  if (bytes[at] === colon && bytes[at + 1] === capitalA && at > 0 && isDigitCode(bytes[at - 1]!)) return true;
  let end = at;
  for (let skipped = 0; end > 0 && skipped < maxGlue && isGlue(bytes[end - 1]!); skipped++) end--;
  return end >= 2 && mayEndKnownName(bytes[end - 2]!, bytes[end - 1]!);
}

function findSecret(
  text: string,
  at: number,
  { trigger, from, name }: { trigger: number; from: number; name: string },
): SecretSpan | { name: string } | undefined {
  if (trigger === Trigger.prefix) return findPrefixedSecret(text, at);
  if (trigger === Trigger.digit) return findCardNumber(text, at);
  if (trigger === Trigger.dash)
    return findPrivateKey(text, at) ?? findFlagValue(text, at) ?? findCurlPassword(text, at);
  if (trigger === Trigger.middle) return findByMiddle(text, at, from) ?? findCurlPassword(text, at);
  return findUrlCredentials(text, at) ?? findNamedSecret(text, at, { from, name }) ?? findBotToken(text, at);
}
