import {
  Agent as HttpAgent,
  request as requestHttp,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';

/** What became of one request. */
export type Outcome =
  /** Every record is settled: Kafka has it, it was filtered, or it was refused. */
  | {
      readonly kind: 'settled';
      readonly accepted: number;
      readonly filtered: number;
      readonly refused: number;
    }
  /** Ingest will never take this body. */
  | { readonly kind: 'rejected'; readonly isTooLarge: boolean; readonly reason: string }
  /** Not taken, or unknown: the same records can be sent again. */
  | { readonly kind: 'failed'; readonly retryAfterMs: number; readonly reason: string };

export interface SenderOptions {
  readonly url: string;
  readonly token?: string;
  readonly requestTimeoutMs: number;
  readonly connectTimeoutMs: number;
}

/** Answers are small; more than this is not ingest. */
const maxAnswerBytes = 4 * 1024 * 1024;

/** Posts bodies to ingest, one connection kept open that does not keep the process alive. */
export class HttpSender {
  readonly #options: SenderOptions;
  readonly #url: URL;
  readonly #agent: HttpAgent;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#url = new URL('v1/failures', options.url.endsWith('/') ? options.url : `${options.url}/`);
    const settings = { keepAlive: true, maxSockets: 1 };
    this.#agent = this.#url.protocol === 'https:' ? new HttpsAgent(settings) : new HttpAgent(settings);
  }

  /** Sends one JSON array. Never rejects: what went wrong is an outcome. */
  async post(body: string): Promise<Outcome> {
    try {
      const response = await this.#exchange(body);
      return toOutcome(response, await readText(response));
    } catch (error) {
      return { kind: 'failed', retryAfterMs: 0, reason: describe(error) };
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #exchange(body: string): Promise<IncomingMessage> {
    const { token, requestTimeoutMs, connectTimeoutMs } = this.#options;
    const options: RequestOptions = {
      method: 'POST',
      agent: this.#agent,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
    };
    const send = this.#url.protocol === 'https:' ? requestHttps : requestHttp;
    return new Promise((resolve, reject) => {
      const request = send(this.#url, options, (response) => {
        response.once('close', () => clearTimeout(timer));
        resolve(response);
      });
      const timer = setTimeout(
        () => request.destroy(new Error(`no answer within ${requestTimeoutMs} ms`)),
        requestTimeoutMs,
      ).unref();
      request.once('socket', (socket) => {
        socket.unref();
        destroyUnlessConnected(socket, connectTimeoutMs);
      });
      // Not once: an error without a listener ends the host.
      request.on('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
      request.end(body);
    });
  }
}

function destroyUnlessConnected(socket: Socket, timeoutMs: number): void {
  if (!socket.connecting) return;
  const timer = setTimeout(
    () => socket.destroy(new Error(`no connection within ${timeoutMs} ms`)),
    timeoutMs,
  ).unref();
  for (const event of ['connect', 'close']) socket.once(event, () => clearTimeout(timer));
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) throw new Error(`an answer of more than ${maxAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function toOutcome(response: IncomingMessage, text: string): Outcome {
  const status = response.statusCode ?? 0;
  if (status === 202 || status === 207 || status === 422) {
    const { accepted, filtered, refused } = JSON.parse(text) as Record<string, unknown>;
    if (typeof accepted !== 'number' || typeof filtered !== 'number' || !Array.isArray(refused)) {
      throw new Error(`an answer ${status} that is not ingest's: is the url right?`);
    }
    return { kind: 'settled', accepted, filtered, refused: refused.length };
  }
  const reason = `answered ${status}: ${text.slice(0, 500)}`;
  if (status === 413) return { kind: 'rejected', isTooLarge: true, reason };
  if (status === 400 || status === 415) return { kind: 'rejected', isTooLarge: false, reason };
  // The rest is an outage, or a setting that someone will mend (token, address): the queue's bounds end the wait.
  return { kind: 'failed', retryAfterMs: readRetryAfterMs(response.headers['retry-after']), reason };
}

function readRetryAfterMs(header: string | undefined): number {
  const seconds = Number(header);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return error.message || code || error.name;
}
