import { readSignal, type FingerprintVersions } from '@prodsentinel/analyzer';
import { parseFailureSignal, type FailureSignal, type FingerprintPart } from '@prodsentinel/contracts';
import { toSignal } from '@prodsentinel/demo';
import { describeError } from '@prodsentinel/kernel';
import { maxLineBytes, type InputLine } from './read-input.ts';

/** What the product makes of one record, or why it makes nothing of it. */
export type Explanation =
  | {
      readonly line: number;
      readonly fingerprint: string;
      /** Only where there is another one by the version of the algorithm before. */
      readonly previousFingerprint?: string;
      /** Of the algorithm. */
      readonly version: string;
      readonly parts: readonly FingerprintPart[];
      /** The masked message. */
      readonly template: string;
      /** Without secrets. */
      readonly message: string;
      readonly redactions: readonly { readonly kind: string; readonly count: number }[];
    }
  | { readonly line: number; readonly error: string };

/**
 * Explains one line: a log line in the form of the data sets (it has `timeUnixNano`, `level` or `pod`), else a
 * `FailureSignal` as JSON. Context is explained as if it were a failure. Errors never quote the line.
 *
 * @param knownServices names that masking keeps, as in the setting KNOWN_SERVICES
 * @param versions of the fingerprint; by default those that the product uses
 */
export function explainLine(
  { number, bytes }: InputLine,
  knownServices: ReadonlySet<string>,
  versions?: FingerprintVersions,
): Explanation {
  if (!bytes) return { line: number, error: `longer than ${maxLineBytes} bytes` };
  let value: FailureSignal;
  try {
    value = readRecord(bytes, number);
  } catch (error) {
    return { line: number, error: error instanceof SyntaxError ? 'not JSON' : describeError(error) };
  }
  const position = { partition: 0, offset: number, appendedAtMs: 0 };
  const signal = readSignal(value, position, { knownServices, ...(versions && { versions }) });
  const { previousFingerprint } = signal;
  return {
    line: number,
    fingerprint: signal.fingerprint,
    ...(previousFingerprint !== null && { previousFingerprint }),
    version: signal.fingerprint.slice(0, signal.fingerprint.indexOf(':')),
    parts: signal.fingerprintParts,
    template: signal.template,
    message: signal.message,
    redactions: Object.entries(signal.redactions).map(([kind, count]) => ({ kind, count })),
  };
}

/** Names of the data sets' form that a `FailureSignal` does not have. */
const logLineNames = ['timeUnixNano', 'level', 'pod'];

function readRecord(bytes: Buffer, number: number): FailureSignal {
  const json: unknown = JSON.parse(bytes.toString('utf8'));
  const isLogLine =
    typeof json === 'object' && json !== null && logLineNames.some((name) => Object.hasOwn(json, name));
  const asLogLine = isLogLine ? toSignal(bytes, { fileHash: '', lineNumber: number }) : undefined;
  return asLogLine ?? parseFailureSignal(json);
}
