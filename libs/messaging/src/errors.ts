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
  const refused = refusalOf(error);
  if (refused) return new AppError('configuration', `${what}: ${refused}`, { cause: error });
  return new AppError('unavailable', `${what}: ${describeError(error)}`, { cause: error });
}

/** What waiting does not mend: brokers that do not believe us, or that we do not believe. */
function refusalOf(error: unknown): string | undefined {
  for (const { name, type, code, message } of chainOf(error)) {
    if (name === 'KafkaJSSASLAuthenticationError' || type === 'UNSUPPORTED_SASL_MECHANISM')
      return `${String(message)}: check KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD`;
    if (typeof code === 'string' && untrusted.has(code))
      return `${String(message)}: check KAFKA_SSL_CA_FILE and the names in KAFKA_BROKERS`;
    if (typeof code === 'string' && refusedCertificate.test(code))
      return `${String(message)}: check KAFKA_SSL_CERT_FILE and KAFKA_SSL_KEY_FILE`;
  }
  return undefined;
}

/** What brokers say, as Node.js passes it on, of a certificate of ours that they miss or do not take. */
const refusedCertificate =
  /^ERR_SSL_[\w/]*ALERT_(BAD_CERTIFICATE|CERTIFICATE_(REQUIRED|UNKNOWN|EXPIRED|REVOKED)|UNSUPPORTED_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE)$/;

/** What Node.js says of a certificate that it does not trust. One that expired may be renewed: that is waited for. */
const untrusted = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** The protocol error's name, from the error itself or its causes; empty when it is none. */
export function kafkaTypeOf(error: unknown): string {
  for (const { type } of chainOf(error)) if (typeof type === 'string') return type;
  return '';
}

interface AnyError {
  readonly type?: unknown;
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
}

function* chainOf(error: unknown): Generator<AnyError> {
  let current = error as AnyError | undefined;
  for (let depth = 0; current && depth < 5; depth++) {
    yield current;
    current = current.cause as AnyError | undefined;
  }
}
