import { validateHeaderValue } from 'node:http';

/** What a reporter is made with. Only `url` and `service` are needed. */
export interface ReporterOptions {
  /** Where ingest listens, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** `service.name` of the application. */
  readonly service: string;
  /** `deployment.environment.name`; default: none, ingest decides. */
  readonly environment?: string;
  /** `service.version`. */
  readonly release?: string;
  /** Bearer token, sent as `Authorization`. */
  readonly token?: string;
  /** Records held at once, waiting or in flight; default 10,000. */
  readonly maxQueuedRecords?: number;
  /** Bytes of JSON held at once; default 8 MiB. */
  readonly maxQueuedBytes?: number;
  /** Largest record in bytes of JSON, larger ones are dropped and counted; default 256 KiB. */
  readonly maxRecordBytes?: number;
  /** Most records of one request; default 500. */
  readonly maxBatchRecords?: number;
  /** Most bytes of one request; default 1 MiB. */
  readonly maxBatchBytes?: number;
  /** Which record is dropped when the queue is full; default `drop-newest`: the first failures of a storm tell most. */
  readonly whenFull?: 'drop-newest' | 'drop-oldest';
  /** Milliseconds that a record waits for company; default 200. */
  readonly lingerMs?: number;
  /** Milliseconds until a request without an answer counts as failed; default 10,000. */
  readonly requestTimeoutMs?: number;
  /**
   * Milliseconds until a connection must stand; default 2,000. Longer than that, too, nothing here holds up the end of a
   * process that has nothing left to do (Node cannot give up a connection in the making by itself).
   */
  readonly connectTimeoutMs?: number;
  /** First wait after a failed request in milliseconds, doubled each time; default 500. */
  readonly minBackoffMs?: number;
  /** Longest wait between two attempts in milliseconds; default 30,000. */
  readonly maxBackoffMs?: number;
  /**
   * Milliseconds from its first attempt after which a batch is given up; default 45 minutes. An id that is sent again is
   * recognised for an hour, so a longer value can count a failure twice.
   */
  readonly maxRetryMs?: number;
  /**
   * Told what went wrong while sending, in words; default: nobody, `stats()` counts. Must not block; what it throws, or
   * rejects with, is counted as `handlerErrors`.
   */
  readonly onProblem?: (problem: string) => void;
}

type Optional = 'environment' | 'release' | 'token' | 'onProblem';
export type ResolvedOptions = Required<Omit<ReporterOptions, Optional>> & Pick<ReporterOptions, Optional>;

const defaults = {
  maxQueuedRecords: 10_000,
  maxQueuedBytes: 8 * 1024 * 1024,
  maxRecordBytes: 256 * 1024,
  maxBatchRecords: 500,
  maxBatchBytes: 1024 * 1024,
  whenFull: 'drop-newest',
  lingerMs: 200,
  requestTimeoutMs: 10_000,
  connectTimeoutMs: 2_000,
  minBackoffMs: 500,
  maxBackoffMs: 30_000,
  maxRetryMs: 45 * 60_000,
} as const;

/** Longer timers fire at once. */
const maxTimerMs = 2 ** 31 - 1;

/**
 * Adds the defaults.
 *
 * @throws TypeError when a setting cannot be used; it names the setting
 */
export function resolveOptions(options: ReporterOptions): ResolvedOptions {
  if (!options.service) throw new TypeError('service must not be empty');
  // Node 20 has no `URL.parse`.
  const protocol = URL.canParse(options.url) ? new URL(options.url).protocol : undefined;
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new TypeError('url must be an address that begins with http:// or https://');
  }
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const resolved = { ...defaults, ...given } as ResolvedOptions;
  for (const [name, value] of Object.entries(resolved)) {
    if (name in defaults && name !== 'whenFull') requireWholeNumber(name, value);
  }
  if (resolved.whenFull !== 'drop-newest' && resolved.whenFull !== 'drop-oldest') {
    throw new TypeError('whenFull must be drop-newest or drop-oldest');
  }
  requireToken(resolved.token);
  return resolved;
}

function requireWholeNumber(name: string, value: unknown): void {
  const max = name.endsWith('Ms') ? maxTimerMs : Number.MAX_SAFE_INTEGER;
  if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= max) return;
  throw new TypeError(`${name} must be a whole number from 1 to ${max}`);
}

/** Its value is no part of the message: that could be logged. */
function requireToken(token: string | undefined): void {
  try {
    validateHeaderValue('authorization', `Bearer ${token ?? ''}`);
  } catch {
    throw new TypeError('token holds characters that an HTTP header cannot');
  }
}
