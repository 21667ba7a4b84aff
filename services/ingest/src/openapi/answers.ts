/** What ingest says no with: the statuses, their codes, and when. The answers of every path are made of these. */
export interface ProblemAnswer {
  readonly status: number;
  readonly codes: readonly string[];
  readonly when: string;
  /** Headers that are always there. */
  readonly headers?: Readonly<Record<string, string>>;
}

const retryAfter = { 'Retry-After': 'Seconds until it makes sense to try again' };

/** Of requests that a route looked at. */
export const routeProblems: readonly ProblemAnswer[] = [
  {
    status: 400,
    codes: ['malformed_body', 'empty_body', 'bad_encoding', 'incomplete_body', 'bad_request'],
    when: 'The request is malformed: nothing was sent',
  },
  {
    status: 401,
    codes: ['unauthorized'],
    when: 'A token is needed, and there is none or none that is known: nothing was sent',
    headers: { 'WWW-Authenticate': 'The challenge (RFC 6750)' },
  },
  {
    status: 408,
    codes: ['request_timeout'],
    when: 'The request did not arrive in time: nothing was sent',
  },
  {
    status: 413,
    codes: ['body_too_large', 'too_many_items'],
    when: 'More than is taken at once: nothing was sent',
  },
  {
    status: 415,
    codes: ['unsupported_media_type', 'unsupported_encoding'],
    when: 'Content-Type or Content-Encoding is none of those that are taken: nothing was sent',
  },
  {
    status: 429,
    codes: ['rate_exceeded'],
    when: 'More requests than the token may send in a second: nothing was sent',
    headers: retryAfter,
  },
  {
    status: 500,
    codes: ['unexpected_error'],
    when: 'A bug of ours, never for bad input; the outcome is unknown',
  },
  {
    status: 503,
    codes: ['kafka_unavailable', 'overloaded', 'unknown_outcome'],
    when: 'Nothing was sent (kafka_unavailable, overloaded), or Kafka did not acknowledge in time and it may have been taken (unknown_outcome): try again, best with the same Idempotency-Key',
    headers: retryAfter,
  },
];

/** Of what arrived so broken or so slowly that no route has seen it: problem details on every path. */
export const unroutedProblems: readonly ProblemAnswer[] = [
  { status: 400, codes: ['bad_request'], when: 'This is not HTTP' },
  { status: 408, codes: ['request_timeout'], when: 'The headers did not arrive in time' },
  { status: 431, codes: ['headers_too_large'], when: 'The headers are too large' },
];

export const allRefused: ProblemAnswer = {
  status: 422,
  codes: ['all_refused'],
  when: 'Every item was refused: nothing was sent',
};
