import { connect } from 'node:net';
import { AppError, delay, describeError } from '@prodsentinel/kernel';
import { workouts } from './probes.ts';
import { serverVariables, type ServerName, type StackEnvironment } from './stack.ts';

/** A server that was started, in a process or in a container. */
export interface StartedServer {
  readonly name: ServerName;
  readonly url: string;
  /** On loopback. */
  readonly port: number;
  /** Resolves when it is gone, with how it ended. */
  readonly ended: Promise<string>;
  /** The end of its log, one line. */
  readonly logTail: () => string | Promise<string>;
  /** Something to do when it first accepts connections. */
  readonly afterStart: () => Promise<void>;
  /** How long it may take to its first answer. */
  readonly timeoutMs: number;
}

const pauseMs = 50;
/** The engine accepts connections for a container that does not listen yet: each costs a client that fails. */
const pauseAfterFailureMs = 250;

/**
 * Resolves when the server has done its work once.
 *
 * @throws AppError `unavailable` with the end of its log when it ends or stays silent, `aborted`
 */
export async function untilReady(server: StartedServer, signal: AbortSignal): Promise<void> {
  const { name, timeoutMs } = server;
  let ended: string | undefined;
  void server.ended.then((how) => (ended = how));
  let lastError: unknown;
  const pause = () => (lastError === undefined ? pauseMs : pauseAfterFailureMs);
  const endAtMs = performance.now() + timeoutMs;
  while (performance.now() < endAtMs) {
    if (ended) {
      throw new AppError('unavailable', `${name} ended at its start (${ended}): ${await server.logTail()}`);
    }
    try {
      if (await acceptsConnections(server.port)) {
        await server.afterStart();
        await workouts[name]({ ...emptyEnvironment, [serverVariables[name]]: server.url });
        return;
      }
    } catch (error) {
      lastError = error;
    }
    await delay(pause(), signal);
  }
  throw new AppError(
    'unavailable',
    `${name} did not answer within ${timeoutMs} ms: ${describeError(lastError ?? 'no connection')}; its log ends: ${await server.logTail()}`,
  );
}

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
