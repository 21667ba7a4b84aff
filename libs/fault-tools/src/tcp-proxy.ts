import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { AppError, delay } from '@prodsentinel/kernel';

/**
 * What a proxy does to what passes.
 *
 * - `none` bytes pass as they come
 * - `refuse` connections are reset, those that are open and those to come: a server that is down
 * - `hang` connections are accepted and stay open, nothing passes in either direction: a half-open connection
 * - `delay` each chunk waits this long, in each direction
 * - `throttle` so many bytes a second pass, for each connection and direction
 */
export type Fault =
  | { readonly kind: 'none' }
  | { readonly kind: 'refuse' }
  | { readonly kind: 'hang' }
  | { readonly kind: 'delay'; readonly delayMs: number }
  | { readonly kind: 'throttle'; readonly bytesPerSecond: number };

/** One connection, seen by someone who understands its protocol. Pieces that are not answered do not travel on. */
export interface Conversation {
  fromClient(chunk: Buffer): readonly Buffer[];
  /** `cut` resets the connection at this point, so that what the server did stays unknown to the client. */
  fromServer(chunk: Buffer): readonly (Buffer | 'cut')[];
}

export interface TcpProxyOptions {
  readonly host: string;
  readonly port: number;
  /** Called for each connection. Default: bytes pass as they are. */
  readonly converse?: () => Conversation;
}

/** Stands between a client and a real server and breaks the line between them. Listens on 127.0.0.1. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  readonly connectionCount: number;
  /**
   * The fault from now on, for open connections as well.
   *
   * @throws AppError `configuration` for a delay below 0 or a rate that is not above 0
   */
  set(fault: Fault): void;
  /** Connections from now on go to another server: a failover. Those that are open stay where they are. */
  switchTo(server: { readonly host: string; readonly port: number }): void;
  /** Resets the connections that are open now; new ones are accepted. Answers how many there were. */
  cut(): number;
  /** Resets all connections and stops listening. */
  close(): Promise<void>;
}

/** Starts on a free port; rejects when it cannot listen. */
export async function startTcpProxy(options: TcpProxyOptions): Promise<TcpProxy> {
  const line = new FaultyLine(options);
  await line.listen();
  return line;
}

const plain: Conversation = { fromClient: (chunk) => [chunk], fromServer: (chunk) => [chunk] };

class FaultyLine implements TcpProxy {
  readonly #options: TcpProxyOptions;
  #target: { readonly host: string; readonly port: number };
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #fault: Fault = { kind: 'none' };
  /** Settled whenever the fault changes: what hangs looks again. */
  #changed = Promise.withResolvers<void>();

  constructor(options: TcpProxyOptions) {
    this.#options = options;
    this.#target = options;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get connectionCount(): number {
    return this.#pairs.size;
  }

  set(fault: Fault): void {
    if (fault.kind === 'delay' && !(fault.delayMs >= 0)) throw new AppError('configuration', 'delayMs < 0');
    if (fault.kind === 'throttle' && !(fault.bytesPerSecond > 0))
      throw new AppError('configuration', 'bytesPerSecond must be above 0');
    this.#fault = fault;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
    if (fault.kind === 'refuse') this.cut();
  }

  switchTo(server: { readonly host: string; readonly port: number }): void {
    this.#target = server;
  }

  cut(): number {
    const open = [...this.#pairs];
    for (const pair of open) this.#reset(pair);
    return open.length;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.set({ kind: 'refuse' });
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #accept(client: Socket): void {
    if (this.#fault.kind === 'refuse') {
      client.once('error', ignoreReset);
      client.resetAndDestroy();
      return;
    }
    const { converse } = this.#options;
    const { host, port } = this.#target;
    const server = connect({ host, port, allowHalfOpen: true, noDelay: true });
    const pair = [client, server] as const;
    const conversation = converse?.() ?? plain;
    this.#pairs.add(pair);
    const isOpen = () => this.#pairs.has(pair);
    const both = [
      pipeline(
        client,
        (source) => this.#pass(source, (chunk) => conversation.fromClient(chunk), isOpen),
        server,
      ),
      pipeline(
        server,
        (source) => this.#pass(source, (chunk) => conversation.fromServer(chunk), isOpen),
        client,
      ),
    ];
    // However one direction fails (a reset by either side, a cut of ours), the connection is over for both.
    for (const each of both) each.catch(() => this.#reset(pair));
    void Promise.allSettled(both).then(() => this.#pairs.delete(pair));
  }

  async *#pass(
    source: AsyncIterable<Buffer>,
    translate: (chunk: Buffer) => readonly (Buffer | 'cut')[],
    isOpen: () => boolean,
  ): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      for (const piece of translate(chunk)) {
        if (piece === 'cut') throw new AppError('aborted', 'cut before the response');
        await this.#wait(piece.length, isOpen);
        yield piece;
      }
    }
  }

  async #wait(bytes: number, isOpen: () => boolean): Promise<void> {
    while (this.#fault.kind === 'hang' && isOpen()) await this.#changed.promise;
    if (this.#fault.kind === 'delay') await delay(this.#fault.delayMs);
    if (this.#fault.kind === 'throttle') await delay((bytes / this.#fault.bytesPerSecond) * 1_000);
  }

  #reset(pair: readonly [Socket, Socket]): void {
    this.#pairs.delete(pair);
    for (const socket of pair) {
      socket.once('error', ignoreReset);
      if (!socket.destroyed) socket.resetAndDestroy();
    }
  }
}

/** A reset is what we are here for. */
function ignoreReset(): void {
  return undefined;
}
