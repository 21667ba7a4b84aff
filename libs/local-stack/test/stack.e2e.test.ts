import { afterEach, describe, expect, test } from '@jest/globals';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { startStack, type Stack, type StackOptions } from '../src/index.ts';
import { read, write, written } from './written.ts';

const timeoutMs = 120_000;

describe('a stack of child processes', () => {
  const stacks: Stack[] = [];
  const start = async (options: StackOptions = {}) => {
    const stack = await startStack({ source: 'processes', ...options });
    stacks.push(stack);
    return stack;
  };
  const folders: string[] = [];

  afterEach(async () => {
    for (const stack of stacks.splice(0)) await stack.stop();
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });

  test(
    'lives beside another one, with ports and data of its own',
    async () => {
      const [first, second] = await Promise.all([start(), start()]);
      await write(first.env, 'first');
      await write(second.env, 'second');
      expect(await read(first.env)).toEqual(written('first'));
      expect(await read(second.env)).toEqual(written('second'));
      await first.stop();
      expect(existsSync(first.directory!)).toBe(false);
      expect(await read(second.env)).toEqual(written('second'));
    },
    timeoutMs,
  );

  test(
    'keeps topics, schemas, keys and rows from one start to the next when told to, and lets in one stack at a time',
    async () => {
      const directory = mkdtempSync(join(keptPlace(), 'prodsentinel-kept-test-'));
      chmodSync(directory, 0o711);
      folders.push(directory);
      const data = { kind: 'kept', directory } as const;
      const first = await start({ data });
      await write(first.env, 'kept');
      await expect(startStack({ source: 'processes', data })).rejects.toMatchObject({ code: 'conflict' });
      expect(await read(first.env)).toEqual(written('kept'));
      await first.stop();
      const second = await start({ data });
      expect(await read(second.env)).toEqual(written('kept'));
    },
    timeoutMs,
  );

  test(
    'restarts a killed server on its port and with its data, and says when one dies unasked',
    async () => {
      const lines: string[] = [];
      const stack = await start({ onProgress: (line) => lines.push(line) });
      await write(stack.env, 'restart');
      const servers = stack.servers!;
      for (const name of ['kafka', 'postgres'] as const) {
        const before = servers[name].pid;
        await servers[name].kill('SIGKILL');
        expect(servers[name].pid).toBeUndefined();
        await expect(servers[name].kill('SIGTERM')).rejects.toMatchObject({ code: 'conflict' });
        await servers[name].restart();
        expect(servers[name].pid).not.toBe(before);
      }
      const { topics, rows } = await read(stack.env);
      expect({ topics, rows }).toEqual({ topics: ['restart'], rows: ['restart'] });
      expect(lines.some((line) => line.includes('unasked'))).toBe(false);
      const redisDied = new Promise<void>((resolve) => {
        lines.push = (...more) => {
          if (more.some((line) => line.startsWith('redis ended unasked (signal SIGKILL)'))) resolve();
          return 0;
        };
      });
      process.kill(servers.redis.pid!, 'SIGKILL');
      await redisDied;
      await servers.redis.restart();
      expect(servers.redis.pid).toBeDefined();
    },
    timeoutMs,
  );

  test(
    'hands broker settings through, creates no topic by itself, and says what a server that cannot start has said',
    async () => {
      const stack = await start({ kafka: { config: { 'message.max.bytes': '123456' } } });
      const admin = new Kafka({
        brokers: [stack.env.KAFKA_BROKERS],
        logLevel: logLevel.NOTHING,
        retry: { retries: 0 },
      }).admin();
      await admin.connect();
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: [{ type: 4, name: '1', configNames: ['message.max.bytes', 'auto.create.topics.enable'] }],
      });
      await admin.disconnect();
      const values = resources[0]?.configEntries.map(({ configName, configValue }) => [
        configName,
        configValue,
      ]);
      expect(Object.fromEntries(values ?? [])).toEqual({
        'message.max.bytes': '123456',
        'auto.create.topics.enable': 'false',
      });
      await expect(
        startStack({ source: 'processes', kafka: { config: { 'num.io.threads': 'many' } } }),
      ).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringMatching(/kafka ended at its start .*num\.io\.threads/),
      });
    },
    timeoutMs,
  );
});

/** Where PostgreSQL's account can go when the tests run as root, whatever TMPDIR is. */
function keptPlace(): string {
  return process.getuid?.() === 0 ? '/var/tmp' : tmpdir();
}
