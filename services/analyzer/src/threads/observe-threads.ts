import { Worker } from 'node:worker_threads';
import { assertNever, type AppError } from '@prodsentinel/kernel';
import type { MetricsJson } from '@prodsentinel/process';
import type { Stage, StageDependencies } from '../stage.ts';
import { StageHealthReport } from '../stage-health-report.ts';
import { TurnsOfThread } from './remote-turns.ts';
import { shareBounds, threadsOf } from './share-bounds.ts';
import { ThreadLink, type ThreadWord } from './thread-link.ts';
import { fromPlainError, type ThreadData } from './thread-messages.ts';

/** What one thread of the stage is to the others. */
interface ObserveThread {
  readonly link: ThreadLink;
  stop(): Promise<void>;
}

interface Leader {
  readonly dependencies: StageDependencies;
  readonly report: StageHealthReport;
  readonly entry: URL;
  readonly fail: (error: AppError) => void;
}

/**
 * The observe stage in several threads: each is a member of the group with connections of its own, and whatever holds for
 * several processes holds for them. What bounds the process is shared out; a thread that ends by itself ends the stage.
 *
 * @param entry what the threads run, by default the stage as it is
 */
export function createObserveThreads(
  dependencies: StageDependencies,
  entry: URL = new URL('observe-thread.ts', import.meta.url),
): Stage {
  const report = new StageHealthReport(dependencies.context.health, 'observe');
  const { promise: failed, reject: fail } = Promise.withResolvers<never>();
  failed.catch(() => undefined);
  const leader = { dependencies, report, entry, fail };
  const threads: ObserveThread[] = [];
  return {
    name: 'observe',
    failed,
    // Each thread has a connection of its own, and sees for itself.
    redisAvailable: () => undefined,
    async start() {
      const count = threadsOf(dependencies.config);
      for (let number = 1; number <= count; number++) threads.push(createThread(leader, number, count));
      await Promise.all(threads.map(({ link }) => link.call('start')));
      report.running();
    },
    async stop() {
      const results = await Promise.allSettled(threads.map((thread) => thread.stop()));
      const failure = results.find((result) => result.status === 'rejected');
      if (failure) throw failure.reason;
    },
  };
}

function createThread(
  { dependencies, report, entry, fail }: Leader,
  number: number,
  count: number,
): ObserveThread {
  const { config, context, crashMemory } = dependencies;
  const name = `observe thread ${number}`;
  const workerData: ThreadData = {
    number,
    config: { ...shareBounds(config, count), LOG_FORMAT: formatOf(config.LOG_FORMAT) },
    crashOwner: crashMemory.owner,
  };
  let isStopping = false;
  const turns = new TurnsOfThread(crashMemory.turns, (id) => link.tell({ kind: 'turn', id }));
  const onWord = (word: ThreadWord): void => {
    switch (word.kind) {
      case 'health':
        return report.part(name, word);
      case 'failed':
        return fail(fromPlainError(word.error));
      case 'takeTurn':
        return void turns.take(word.id, word.isExclusive);
      case 'endTurn':
        return turns.end(word.id);
      default:
        return assertNever(word);
    }
  };
  const link = new ThreadLink(name, new Worker(entry, { workerData, name }), onWord);
  const exclude = context.health.include({
    name,
    turns: async () => void (await link.call('turn')),
    readMetrics: async () => (await link.call('metrics')) as MetricsJson,
  });
  void (async () => {
    const end = await link.ended;
    exclude();
    turns.endAll();
    if (!isStopping) fail(end);
  })();
  return {
    link,
    async stop() {
      if (link.isGone) return;
      isStopping = true;
      try {
        await link.call('stop');
      } finally {
        await link.terminate();
      }
    },
  };
}

/** A thread has no terminal to look at. */
function formatOf(format: StageDependencies['config']['LOG_FORMAT']) {
  if (format !== 'auto') return format;
  return process.stdout.isTTY ? 'pretty' : 'json';
}
