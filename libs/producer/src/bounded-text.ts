import { inspect } from 'node:util';

/** Any value as a text: bounded work however large it is, and no code of its own is run. */
export function toText(value: unknown, maxLength: number): string {
  return clip(typeof value === 'string' ? value : describeValue(value, maxLength), maxLength);
}

export function clip(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength)}…`;
}

/** What reading gives, or undefined: a getter of the host's object may throw. */
export function readSafely<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    // The record goes without it.
    return undefined;
  }
}

function describeValue(value: unknown, maxLength: number): string {
  const options = { depth: 3, maxArrayLength: 20, maxStringLength: maxLength, breakLength: Infinity };
  // A proxy can throw even then.
  return readSafely(() => inspect(value, { ...options, customInspect: false })) ?? typeof value;
}
