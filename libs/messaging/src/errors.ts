import { AppError, describeError, isAppError } from '@prodsentinel/kernel';

/** What to do about an error: try again, set the record aside, stop because we were told to, or wonder. */
export type ErrorClass = 'transient' | 'permanent' | 'aborted' | 'unexpected';

/** Total: every error has a class, by code and never by `instanceof`. */
export function classifyError(error: unknown): ErrorClass {
  if (isAppError(error)) {
    switch (error.code) {
      case 'unavailable':
      case 'unknown_outcome':
        return 'transient';
      case 'invalid_input':
      case 'undecodable':
      case 'conflict':
        return 'permanent';
      case 'aborted':
        return 'aborted';
      case 'configuration':
      case 'contract_mismatch':
      case 'bug':
        return 'unexpected';
    }
  }
  return transportCodes.has(codeOf(error)) ? 'transient' : 'unexpected';
}

const transportCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ERR_SOCKET_CLOSED',
]);

function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}

/** Turns what an admin or connect call of kafkajs threw into our codes. */
export function fromKafkaError(what: string, error: unknown): AppError {
  if (isAppError(error)) return error;
  const type = kafkaTypeOf(error);
  if (type === 'UNKNOWN_TOPIC_OR_PARTITION') {
    return new AppError('contract_mismatch', `${what}: ${describeError(error)}`, { cause: error });
  }
  return new AppError('unavailable', `${what}: ${describeError(error)}`, { cause: error });
}

/** The protocol error's name, from the error itself or its causes; empty when it is none. */
export function kafkaTypeOf(error: unknown): string {
  for (let current = error, depth = 0; current && depth < 5; depth++) {
    const { type, cause } = current as { type?: unknown; cause?: unknown };
    if (typeof type === 'string') return type;
    current = cause;
  }
  return '';
}
