import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { killVariable } from '@prodsentinel/fault-tools';

const fixture = fileURLToPath(
  new URL('../../services/analyzer/test/fixtures/dying-observer.ts', import.meta.url),
);

export interface Observer {
  readonly child: ChildProcess;
  /** Asks whether it is live. Answers why it is not; undefined when it is. */
  whyNotLive(): Promise<string | undefined>;
  /** The value of a metric, its series summed up. */
  metric(name: string): Promise<number>;
  /** Waits until it holds records that it has read and not finished. */
  holdsRecords(): Promise<void>;
}

/**
 * Starts an observer as a process of its own and waits until it is ready.
 *
 * @param killAt `POINT:VISIT` at which it dies; empty: it lives
 */
export async function startObserver(settings: object, killAt = ''): Promise<Observer> {
  const child = fork(fixture, {
    env: {
      PATH: process.env['PATH'],
      ANALYZER_STAGES: 'observe',
      HEALTH_PORT: '0',
      LOG_LEVEL: 'error',
      OBSERVE_THREADS: '1',
      SESSION_TIMEOUT_MS: '2000',
      WINDOW_QUIET_MS: '1000',
      WINDOW_MAX_AGE_MS: '3000',
      ...settings,
      [killVariable]: killAt,
    },
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ready = once(child, 'message') as Promise<[{ addresses: Record<string, string> }]>;
  const [message] = await Promise.race([ready, once(child, 'exit').then(() => [undefined])]);
  if (!message) throw new Error(`the observer ended with ${child.signalCode ?? child.exitCode}`);
  const { health } = message.addresses;
  const metric = async (name: string) => {
    const text = await (await fetch(`${health}/metrics`)).text();
    const series = text.matchAll(new RegExp(`^${name}{[^}]*} (\\S+)$`, 'gm'));
    return [...series].reduce((sum, [, value]) => sum + Number(value), 0);
  };
  return {
    child,
    metric,
    async whyNotLive() {
      const { reason } = (await (await fetch(`${health}/health/live`)).json()) as { reason?: string };
      return reason;
    },
    async holdsRecords() {
      while ((await metric('prodsentinel_consumer_inflight')) === 0);
    },
  };
}

/** Waits for the end of a process. Answers the signal that ended it. */
export async function ended({ child }: Observer): Promise<NodeJS.Signals | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.signalCode;
}
