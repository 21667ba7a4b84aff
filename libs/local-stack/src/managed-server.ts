import { connect } from 'node:net';
import { AppError, delay, describeError, withDeadline } from '@prodsentinel/kernel';
import { RunningProgram, type ChildRegister } from './child-process.ts';
import { findFreePorts, isPortFree } from './free-ports.ts';
import { workouts } from './probes.ts';
import type { PreparedServer } from './server.ts';
import type { ServerName, StackEnvironment } from './stack.ts';

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

export const variables: Readonly<Record<ServerName, keyof StackEnvironment>> = {
  kafka: 'KAFKA_BROKERS',
  registry: 'SCHEMA_REGISTRY_URL',
  redis: 'REDIS_URL',
  postgres: 'DATABASE_URL',
};

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
    const url = this.#prepared.url(ports);
    const env = { ...emptyEnvironment, [variables[this.name]]: url };
    let ended: string | undefined;
    void running.ended.then((how) => (ended = how));
    let lastError: unknown;
    for (let waitedMs = 0; waitedMs < readyTimeoutMs; waitedMs += pollMs) {
      if (ended) {
        throw new AppError('unavailable', `${this.name} ended at its start (${ended}): ${running.logTail()}`);
      }
      try {
        if (await acceptsConnections(ports[0]!)) {
          await this.#prepared.afterStart?.(ports);
          await workouts[this.name](env);
          return;
        }
      } catch (error) {
        lastError = error;
      }
      await delay(pollMs, signal);
    }
    throw new AppError(
      'unavailable',
      `${this.name} did not answer within ${readyTimeoutMs} ms: ${describeError(lastError ?? 'no connection')}; its log ends: ${running.logTail()}`,
    );
  }
}

const pollMs = 50;
const emptyEnvironment: StackEnvironment = {
  KAFKA_BROKERS: '',
  SCHEMA_REGISTRY_URL: '',
  REDIS_URL: '',
  DATABASE_URL: '',
};

/** Cheaper than a client that fails. */
function acceptsConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const answer = (accepted: boolean) => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}

async function areFree(ports: readonly number[]): Promise<boolean> {
  return (await Promise.all(ports.map((port) => isPortFree(port)))).every(Boolean);
}
