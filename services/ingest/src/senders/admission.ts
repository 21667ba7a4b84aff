import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HttpProblem } from '../http/problem.ts';
import type { Sender } from './token-file.ts';

/** Decides who may send. */
export interface Admission {
  /** Whose token the header `Authorization` holds. */
  findSender(authorization: string | undefined): Sender | undefined;
  /** Counts a request; gives the milliseconds to wait when it is one too many, else undefined. */
  take(sender: Sender): Promise<number | undefined>;
}

const senders = new WeakMap<FastifyRequest, Sender>();

/** Who sent it; undefined: anyone may. */
export function senderOf(request: FastifyRequest): Sender | undefined {
  return senders.get(request);
}

/**
 * Lets nobody in without a token, before anything of the body is read; unknown paths are no exception.
 *
 * @param openPaths routes that need none
 */
export function addAdmission(
  app: FastifyInstance,
  admission: Admission,
  openPaths: ReadonlySet<string>,
): void {
  app.addHook('onRequest', async (request) => {
    if (openPaths.has(request.routeOptions.url ?? '')) return;
    const { authorization } = request.headers;
    const sender = admission.findSender(authorization);
    if (!sender) throw unauthorized(authorization !== undefined);
    const waitMs = await admission.take(sender);
    if (waitMs !== undefined) throw tooManyRequests(waitMs);
    senders.set(request, sender);
  });
}

function tooManyRequests(waitMs: number): HttpProblem {
  const message = 'more requests than this source may send (requestsPerSecond): nothing was sent, try again';
  return new HttpProblem(429, 'rate_exceeded', message, {
    headers: { 'retry-after': String(Math.max(1, Math.ceil(waitMs / 1000))) },
  });
}

/** RFC 6750: without a token there is no error to name. */
function unauthorized(hadToken: boolean): HttpProblem {
  const challenge = `Bearer realm="prodsentinel"${hadToken ? ', error="invalid_token"' : ''}`;
  const message = hadToken
    ? 'Authorization holds no token that is known here: nothing was sent'
    : 'expected the header Authorization: Bearer TOKEN: nothing was sent';
  return new HttpProblem(401, 'unauthorized', message, { headers: { 'www-authenticate': challenge } });
}
