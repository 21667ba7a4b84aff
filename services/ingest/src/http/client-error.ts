import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { HttpProblem, problemBody, problemMediaType } from './problem.ts';

export interface WrittenProblem {
  readonly mediaType: string;
  readonly body: Buffer;
}

type WriteProblem = (problem: HttpProblem) => WrittenProblem;

const writers = new WeakMap<Socket, WriteProblem>();

/** Faults of the connection while this request is being read are written so; else as problem details. */
export function writeClientErrorsAs(request: IncomingMessage, write: WriteProblem): void {
  writers.set(request.socket, write);
}

/** The request is over: the next one on its connection may be of another kind. */
export function forgetClientErrors(request: IncomingMessage): void {
  writers.delete(request.socket);
}

/** Answers what is not HTTP, or came too slowly, which no route can; then hangs up. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = problems.get(error.code ?? '') ?? new HttpProblem(400, 'bad_request', 'this is not HTTP');
  const { mediaType, body } = (writers.get(socket) ?? asProblemDetails)(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    `content-type: ${mediaType}`,
    `content-length: ${body.length}`,
    'connection: close',
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  socket.end(body, () => socket.destroySoon());
}

function asProblemDetails(problem: HttpProblem): WrittenProblem {
  return { mediaType: problemMediaType, body: Buffer.from(JSON.stringify(problemBody(problem))) };
}

const problems = new Map([
  [
    'ERR_HTTP_REQUEST_TIMEOUT',
    new HttpProblem(
      408,
      'request_timeout',
      'the request did not arrive in time (REQUEST_TIMEOUT_MS): nothing was sent',
    ),
  ],
  ['HPE_HEADER_OVERFLOW', new HttpProblem(431, 'headers_too_large', 'the headers are too large')],
]);
