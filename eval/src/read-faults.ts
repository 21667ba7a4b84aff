import { readFile } from 'node:fs/promises';
import { AppError, describeError } from '@prodsentinel/kernel';

/** What was injected where: the truth. */
export interface Fault {
  readonly injectedAt: string;
  readonly service: string;
  readonly type: string;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** `code` when the type is `return` or `exception`, else `infrastructure`. */
  readonly kind: 'code' | 'infrastructure';
}

/**
 * Reads faults from a JSON array of `{injectedAt, service, type}`.
 *
 * @throws AppError `invalid_input` naming the file, and the entry at fault
 */
export async function readFaults(file: string): Promise<Fault[]> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new AppError('invalid_input', `cannot read ${file}: ${describeError(error)}`, { cause: error });
  }
  if (!Array.isArray(json)) throw new AppError('invalid_input', `${file}: expected a JSON array of faults`);
  return json.map((entry: unknown, i) => toFault(entry, `${file}, fault ${i + 1}`));
}

const codeTypes = new Set(['return', 'exception']);

function toFault(entry: unknown, where: string): Fault {
  const { injectedAt, service, type } = (entry ?? {}) as Record<string, unknown>;
  if (typeof injectedAt !== 'string' || typeof service !== 'string' || typeof type !== 'string') {
    throw new AppError('invalid_input', `${where}: expected injectedAt, service and type as text`);
  }
  const atMs = Date.parse(injectedAt);
  if (Number.isNaN(atMs)) throw new AppError('invalid_input', `${where}: injectedAt is no RFC 3339 time`);
  return { injectedAt, service, type, atMs, kind: codeTypes.has(type) ? 'code' : 'infrastructure' };
}
