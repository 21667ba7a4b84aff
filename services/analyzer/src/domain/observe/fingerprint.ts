import { hash } from 'node:crypto';
import type { FingerprintPart } from '@prodsentinel/contracts';
import type { Level } from './failure-level.ts';
import { limits } from './limits.ts';
import type { ParsedException } from './parse-stack.ts';
import { cutAt } from './storable-text.ts';

/** What a fingerprint is made of. All text is free of secrets. */
export interface FingerprintInput {
  readonly service: string;
  readonly level: Level;
  readonly message: string;
  /** The message, masked as the version masks. */
  readonly template: string;
  /** Outermost first. */
  readonly exceptions: readonly ParsedException[];
  /** An error or status code that the producer gave as such. */
  readonly code: string | null;
  /** The caller's own fingerprint; `{{ default }}` stands for the parts that would have been chosen without it. */
  readonly caller: readonly string[] | null;
  readonly knownServices: ReadonlySet<string>;
}

export interface Fingerprint {
  /** The version, a colon and 32 hex digits. */
  readonly fingerprint: string;
  readonly parts: readonly FingerprintPart[];
}

/** One version of the algorithm, for failures to which the caller gave no fingerprint. */
export interface FingerprintVersion {
  /** `v` and a number, larger than that of the version before; hashed too, so that no two versions share a fingerprint. */
  readonly version: string;
  /** Makes the template. */
  readonly mask: (message: string, knownServices: ReadonlySet<string>) => string;
  /** Pure. The parts are what is hashed, no more and no less. */
  readonly fingerprintOf: (input: FingerprintInput) => Fingerprint;
}

/**
 * "The same problem", as a pure function of one failure: by the caller's own parts, else by the algorithm. The caller's own
 * fingerprint is the same in all versions, but for what the algorithm puts into it: `{{ default }}`, a masked message.
 */
export function fingerprintOf(input: FingerprintInput, algorithm: FingerprintVersion): Fingerprint {
  const caller = input.caller?.filter((part) => part.trim() !== '') ?? [];
  return caller.length > 0 ? callerFingerprint(caller, input, algorithm) : algorithm.fingerprintOf(input);
}

/** The fingerprint of these parts. */
export function toFingerprint(parts: readonly FingerprintPart[], version: string): Fingerprint {
  // JSON keeps parts apart whatever they hold.
  const canonical = JSON.stringify([version, ...parts.map(({ kind, value }) => [kind, value])]);
  return { fingerprint: `${version}:${hash('sha256', canonical, 'hex').slice(0, 32)}`, parts };
}

/** Of callers' own fingerprints, and of no algorithm: it never changes, as incidents are found by them. */
const callerVersion = 'v1';

function callerFingerprint(
  caller: readonly string[],
  input: FingerprintInput,
  algorithm: FingerprintVersion,
): Fingerprint {
  const parts: FingerprintPart[] = [];
  let version = callerVersion;
  for (const [i, value] of caller.entries()) {
    if (i === limits.callerParts) {
      const rest = hash('sha256', JSON.stringify(caller.slice(i)), 'hex');
      parts.push({ kind: 'caller', value: rest, why: 'hash of the further parts that the caller gave' });
      break;
    }
    if (isDefault(value)) {
      parts.push(...algorithm.fingerprintOf(input).parts);
      version = algorithm.version;
    } else if (value === input.message) {
      // Callers that give the message itself mean its template.
      parts.push(toPart('caller', input.template, 'the caller gave the message, masked'));
    } else parts.push(toPart('caller', value, 'the caller gave it'));
  }
  return toFingerprint(parts, version);
}

const isDefault = (value: string): boolean => value.length <= 32 && /^\s*\{\{ *default *\}\}\s*$/.test(value);

/** Long values are cut, and what was cut counts by its hash. */
export function toPart(kind: string, value: string, why: string): FingerprintPart {
  if (value.length <= limits.partChars) return { kind, value, why };
  const whole = hash('sha256', value, 'hex').slice(0, 16);
  return { kind, value: `${cutAt(value, limits.partChars)}…${whole}`, why };
}
