/**
 * What went wrong in us, by a closed list of codes. What a record turned out to be is never thrown: that is an outcome.
 *
 * - `configuration` settings are missing or malformed: exit 78 after naming every one
 * - `contract_mismatch` a topic, schema or migration is not what this build expects: exit 78, the message names the mend
 * - `unavailable` a dependency does not answer (transport, time-out, overload): wait and try again
 * - `unknown_outcome` the effect may or may not have happened: repeat only what recognises repetitions
 * - `invalid_input` the input can never be processed: set it aside, tell the sender
 * - `undecodable` bytes that are no record of ours: set them aside
 * - `conflict` somebody else did it first, or the state forbids it
 * - `aborted` we were asked to stop
 * - `bug` none of the above: our own unexpected error
 */
export const errorCodes = [
  'configuration',
  'contract_mismatch',
  'unavailable',
  'unknown_outcome',
  'invalid_input',
  'undecodable',
  'conflict',
  'aborted',
  'bug',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  /** Where in the input the fault is, as a dotted path, when there is an input. */
  readonly path: string | undefined;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; path?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.path = options.path;
  }
}

/** By brand, not `instanceof`: errors cross realms (Jest) and package copies. */
export function isAppError(error: unknown): error is AppError {
  return typeof error === 'object' && error !== null && (error as { name?: unknown }).name === 'AppError';
}

/** The sentence of an error with those of its causes, one line, at most 500 characters. */
export function describeError(error: unknown): string {
  const sentences: string[] = [];
  for (let current = error, depth = 0; current !== undefined && current !== null && depth < 5; depth++) {
    const { message, code, errors, cause } = current as {
      message?: unknown;
      code?: unknown;
      errors?: unknown;
      cause?: unknown;
    };
    const inner = Array.isArray(errors) ? errors.map((each) => describeError(each)).join('; ') : '';
    const sentence = [typeof message === 'string' ? message : JSON.stringify(current), inner]
      .filter(Boolean)
      .join(': ');
    if (sentence && !sentences.some((each) => each.includes(sentence))) sentences.push(sentence);
    else if (!sentence && typeof code === 'string') sentences.push(code);
    current = cause;
  }
  return sentences.join(', because ').replaceAll(/\s+/g, ' ').slice(0, 500);
}

/** For the default branch of a switch over a union: compiles only while every case is handled. */
export function assertNever(value: never): never {
  throw new AppError('bug', `unhandled case: ${JSON.stringify(value)}`);
}
