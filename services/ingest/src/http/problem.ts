import { STATUS_CODES } from 'node:http';
import type { FastifyReply } from 'fastify';

/** Why a request as a whole was not done. Thrown by what reads it, answered as RFC 9457 problem details. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly status: number;
  /** For programs; the message is for people. */
  readonly code: string;
  readonly details: ProblemDetails;

  constructor(status: number, code: string, message: string, details: ProblemDetails = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

interface ProblemDetails {
  /** Further members of the answer. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

export const problemMediaType = 'application/problem+json';

/** The members of a problem, `about:blank` typed: `code` says which one it is. */
export function problemBody({ status, code, message, details }: HttpProblem): Record<string, unknown> {
  const title = STATUS_CODES[status] ?? 'Problem';
  return { type: 'about:blank', title, status, code, detail: message, ...details.members };
}

export function sendProblem(reply: FastifyReply, problem: HttpProblem): FastifyReply {
  return hangUpUnlessRead(reply)
    .code(problem.status)
    .headers({ ...problem.details.headers })
    .type(problemMediaType)
    .send(JSON.stringify(problemBody(problem)));
}

/** What the client still sends must not be taken for its next request. */
export function hangUpUnlessRead(reply: FastifyReply): FastifyReply {
  return reply.request.raw.readableEnded ? reply : reply.header('connection', 'close');
}
