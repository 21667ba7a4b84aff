import { Command } from 'commander';
import { AppError } from '@prodsentinel/kernel';
import { createRedisHaltStore, type HaltStore } from '@prodsentinel/messaging';
import { readSettings, setting } from '@prodsentinel/process';
import type { ConsoleContext } from '../console-context.ts';
import { withRedis } from '../with-redis.ts';

/** The consumer groups of the services. */
const groups = ['prodsentinel-observe', 'prodsentinel-diagnose', 'prodsentinel-persist'];

const partitionSettings = {
  REDIS_URL: setting.url('Redis that remembers which partitions are halted', ['redis:', 'rediss:']),
  KAFKA_TOPIC_PREFIX: setting.text('Before the names of all consumer groups', ''),
};

/** `prodsentinel partition list | resume` */
export function partitionCommand(context: ConsoleContext): Command {
  return new Command('partition')
    .description('Partitions that stand still because our own errors did not end')
    .addCommand(listCommand(context))
    .addCommand(resumeCommand(context));
}

function listCommand({ env, out, say }: ConsoleContext): Command {
  return new Command('list')
    .description('List the partitions that are halted, and why')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', `\nEnvironment: REDIS_URL\n\nExample:\n  $ npm run prodsentinel -- partition list`)
    .action(async ({ json }: { json?: true }) => {
      const found = await withHalts(env, async (store, prefix) => {
        const lists = await Promise.all(
          groups.map(async (name) => {
            const halts = await store.read(prefix + name);
            return [...halts].map(([partition, halt]) => ({ group: prefix + name, partition, ...halt }));
          }),
        );
        return lists.flat();
      });
      for (const { group, partition, reason, haltedAtMs } of found) {
        const since = new Date(haltedAtMs).toISOString();
        if (json) out(JSON.stringify({ group, partition, reason, since }));
        else out(`${group} ${partition} since ${since}: ${reason}`);
      }
      if (found.length === 0) say('no partition is halted');
    });
}

function resumeCommand({ env, say }: ConsoleContext): Command {
  return new Command('resume')
    .description('Let a halted partition run again, after what halted it was mended; nothing is redeployed')
    .argument('<group>', 'consumer group, as the halted service names it')
    .argument('<partition>', 'TOPIC/PARTITION')
    .addHelpText(
      'after',
      `
Environment: REDIS_URL

Example:
  $ npm run prodsentinel -- partition resume prodsentinel-observe failures/3`,
    )
    .action(async (group: string, partition: string) => {
      const wasHalted = await withHalts(env, (store) => store.resume(group, partition));
      if (!wasHalted) throw new AppError('conflict', `${partition} of ${group} is not halted`);
      say(`${partition} of ${group} goes on within seconds`);
    });
}

async function withHalts<T>(
  env: ConsoleContext['env'],
  work: (store: HaltStore, prefix: string) => Promise<T>,
): Promise<T> {
  const { REDIS_URL, KAFKA_TOPIC_PREFIX } = readSettings(partitionSettings, env);
  return withRedis(REDIS_URL, (redis) => work(createRedisHaltStore(redis), KAFKA_TOPIC_PREFIX));
}
