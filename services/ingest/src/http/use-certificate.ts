import type { Server } from 'node:https';
import type { FastifyInstance } from 'fastify';
import { AppError, describeError } from '@prodsentinel/kernel';

/**
 * Lets new connections see this certificate; open ones keep theirs.
 *
 * @throws AppError `configuration` when the two are no certificate with its key
 */
export function useCertificate(app: FastifyInstance, [cert, key]: readonly string[]): void {
  try {
    (app.server as unknown as Server).setSecureContext({ cert, key });
  } catch (cause) {
    const reason = describeError(cause);
    throw new AppError('configuration', `they are no certificate with its key: ${reason}`, { cause });
  }
}
