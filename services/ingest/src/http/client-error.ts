import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { HttpProblem, problemBody, problemMediaType } from './problem.ts';

/** Answers what is not HTTP, or came too slowly, before any route saw it; then hangs up. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = problems.get(error.code ?? '') ?? new HttpProblem(400, 'bad_request', 'this is not HTTP');
  const body = JSON.stringify(problemBody(problem));
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    `content-type: ${problemMediaType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroySoon());
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
