import { AppError, describeError, isAppError, type ErrorCode } from '@prodsentinel/kernel';

/**
 * What an error of PostgreSQL or of the connection to it means for us. By SQLSTATE and Node's codes, never by class.
 *
 * - `unavailable` it may work later: connection lost, deadlock, serialisation, time-outs, out of connections, memory or
 *   disk, starting up, shutting down, accepting no connections, read-only
 * - `invalid_input` the data can never be stored: data exceptions, constraint violations, limits
 * - `configuration` the database or the role that the URL names is not there, or the password is wrong
 * - `bug` everything else, a wrong statement above all
 */
export function toDatabaseError(error: unknown): AppError {
  if (isAppError(error)) return error;
  const code = meaningOf(error);
  return new AppError(code, `${sentences[code]}: ${describeError(error)}`, { cause: error });
}

/**
 * The same for a database that has let us in: a database or a role that is gone, a password that is wrong no more mean
 * that somebody is moving, failing over or changing passwords. That ends, and nobody has to restart us for it.
 */
export function toRunningDatabaseError(error: unknown): AppError {
  const known = toDatabaseError(error);
  if (isAppError(error) || known.code !== 'configuration') return known;
  return new AppError('unavailable', `PostgreSQL lets us in no more: ${describeError(error)}`, {
    cause: error,
  });
}

const sentences = {
  unavailable: 'PostgreSQL is not available',
  invalid_input: 'PostgreSQL refuses the data',
  configuration: 'PostgreSQL does not let us in, see DATABASE_URL',
  bug: 'PostgreSQL refuses the statement',
} as const;

// 57P0: shut down, crashed, starting up (57P03), dropped, idle for too long. Class 25: 25P03 idle in transaction, 25006 read-only (a standby that was promoted or not yet).
const transientStates = /^(08|53|57P0|58|40001|40P01|40003|55P03|57014|25P0[34]|25006)/;
const permanentStates = /^(22|23|54|21)/;
const accessStates = /^(28|3D000)/;
const transientNodeCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
// pg throws these without a code; of PostgreSQL, 55000 says this and much else.
const transientMessages =
  /not (?:currently |yet )?accepting connections|connection terminated|timeout exceeded when trying to connect|query read timeout|timeout expired|connection error and is not queryable/i;

function meaningOf(error: unknown): ErrorCode & keyof typeof sentences {
  const { code, message, errors } = (error ?? {}) as { code?: unknown; message?: unknown; errors?: unknown };
  if (typeof code === 'string') {
    if (transientNodeCodes.has(code) || transientStates.test(code)) return 'unavailable';
    if (permanentStates.test(code)) return 'invalid_input';
    if (accessStates.test(code)) return 'configuration';
  }
  // An AggregateError of connection attempts (IPv4 and IPv6).
  if (Array.isArray(errors) && errors.length > 0) return meaningOf(errors[0]);
  return typeof message === 'string' && transientMessages.test(message) ? 'unavailable' : 'bug';
}
