import { parentPort, workerData } from 'node:worker_threads';
import { AppError } from '@prodsentinel/kernel';
import { createLogger, Health } from '@prodsentinel/process';
import { createAnalyzer, type StageFactories } from '../service.ts';
import { remoteTurns } from './remote-turns.ts';
import {
  toPlainError,
  type FromThread,
  type ThreadCall,
  type ThreadData,
  type ToThread,
} from './thread-messages.ts';

/**
 * The life of one thread that observes: an analyzer with that one stage, its own connections and its own membership of the
 * group, led by the thread that made it.
 *
 * @param factories as those of `createAnalyzer`
 * @throws AppError `bug` outside of a thread that was made for it
 */
export function runObserveThread(factories: Partial<StageFactories> = {}): void {
  const port = parentPort;
  if (!port) throw new AppError('bug', 'this is no thread of an analyzer');
  const say = (message: FromThread) => port.postMessage(message);
  const { config, number, crashOwner } = workerData as ThreadData;
  const health = new Health((_stage, { state, reason }) => say({ kind: 'health', state, reason }));
  const stopping = new AbortController();
  const turns = remoteTurns(say);
  const logger = createLogger('analyzer', config).child({ thread: number });
  const context = { logger, health, signal: stopping.signal };
  const service = createAnalyzer(config, context, { factories, crashes: { owner: crashOwner, turns } });
  void service.failed.catch((error: unknown) => say({ kind: 'failed', error: toPlainError(error) }));

  const calls: Readonly<Record<ThreadCall, () => unknown>> = {
    start: () => service.start(),
    stop: () => {
      stopping.abort();
      return service.stop();
    },
    turn: () => undefined,
    metrics: () => health.metrics.getMetricsAsJSON(),
  };
  const answer = async (call: ThreadCall) => {
    try {
      say({ kind: 'answer', call, value: await calls[call]() });
    } catch (error) {
      say({ kind: 'refusal', call, error: toPlainError(error) });
    }
  };
  port.on('message', (message: ToThread) => {
    if (message.kind === 'turn') turns.began(message.id);
    else void answer(message.call);
  });
}
