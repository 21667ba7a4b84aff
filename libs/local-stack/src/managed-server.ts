import { AppError, delay, withDeadline } from '@prodsentinel/kernel';
import { RunningProgram, type ChildRegister } from './child-process.ts';
import { findFreePorts, isPortFree } from './free-ports.ts';
import type { PreparedServer } from './server.ts';
import type { ServerName } from './stack.ts';
import { untilReady } from './until-ready.ts';

/** How long a server may take from its start to its first answer. */
const readyTimeoutMs = 90_000;
const gracefulEndMs = 20_000;

/** Signals that do not end a server. */
const harmless: readonly NodeJS.Signals[] = [
  'SIGSTOP',
  'SIGCONT',
  'SIGHUP',
  'SIGUSR1',
  'SIGUSR2',
  'SIGWINCH',
];

export interface ServerEvents {
  /** The number of the process that runs now; undefined when it ended. */
  running(server: ServerName, pid: number | undefined): void;
  endedUnasked(server: ServerName, how: string, logTail: string): void;
}

/** One server of a stack: down, or running on the ports it got at its first start. */
export class ManagedServer {
  readonly #prepared: PreparedServer;
  readonly #register: ChildRegister;
  readonly #events: ServerEvents;
  #ports: readonly number[] | undefined;
  #running: RunningProgram | undefined;
  #isAskedToEnd = false;

  constructor(prepared: PreparedServer, register: ChildRegister, events: ServerEvents) {
    this.#prepared = prepared;
    this.#register = register;
    this.#events = events;
  }

  get name(): ServerName {
    return this.#prepared.name;
  }

  get url(): string {
    if (!this.#ports) throw new AppError('bug', `${this.name} has not been started`);
    return this.#prepared.url(this.#ports);
  }

  /**
   * Starts it, or starts it again on its ports; resolves when it answers.
   *
   * @throws AppError `unavailable` with the end of its log
   */
  async start(signal: AbortSignal): Promise<void> {
    const isFirst = this.#ports === undefined;
    for (let attempt = 1; ; attempt++) {
      this.#ports = isFirst ? await findFreePorts(this.#prepared.portCount) : this.#ports!;
      const running = await this.#launch(this.#ports);
      try {
        await this.#untilReady(running, this.#ports, signal);
        return;
      } catch (error) {
        if (running.isRunning || signal.aborted || attempt === 5) throw error;
        // It ended by itself. Another took a port at the first start; a killed one's remains at a restart: both pass.
        if (isFirst && (await areFree(this.#ports))) throw error;
        await delay(200, signal);
      }
    }
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    const running = this.#running;
    if (!running)
      throw new AppError('conflict', `${this.name} is down: there is nothing to send ${signal} to`);
    this.#isAskedToEnd = !harmless.includes(signal);
    running.signal(signal);
    if (this.#isAskedToEnd) await withDeadline(`the end of ${this.name} on ${signal}`, 30_000, running.ended);
  }

  /** Returns how it ended: `exit code N` or `signal NAME`; undefined when it was down. */
  async stop(how: 'gracefully' | 'atOnce'): Promise<string | undefined> {
    this.#isAskedToEnd = true;
    return this.#running?.end(this.#prepared.signals[how], gracefulEndMs);
  }

  async #launch(ports: readonly number[]): Promise<RunningProgram> {
    const running = await RunningProgram.start(this.#prepared.program(ports), this.#register);
    this.#isAskedToEnd = false;
    this.#running = running;
    this.#events.running(this.name, running.pid);
    void running.ended.then((how) => this.#noteEnd(how, running.logTail()));
    return running;
  }

  #noteEnd(how: string, logTail: string): void {
    this.#running = undefined;
    this.#events.running(this.name, undefined);
    if (!this.#isAskedToEnd) this.#events.endedUnasked(this.name, how, logTail);
  }

  async #untilReady(running: RunningProgram, ports: readonly number[], signal: AbortSignal): Promise<void> {
    await untilReady(
      {
        name: this.name,
        url: this.#prepared.url(ports),
        port: ports[0]!,
        ended: running.ended,
        logTail: () => running.logTail(),
        timeoutMs: readyTimeoutMs,
        afterStart: () => this.#prepared.afterStart?.(ports) ?? Promise.resolve(),
      },
      signal,
    );
  }
}

async function areFree(ports: readonly number[]): Promise<boolean> {
  return (await Promise.all(ports.map((port) => isPortFree(port)))).every(Boolean);
}
