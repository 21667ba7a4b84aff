import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { Command } from 'commander';
import { exitCodes } from '@prodsentinel/kernel';
import { createCli } from '../src/cli.ts';
import type { ConsoleContext } from '../src/console-context.ts';
import { createTestConsole, runCli } from './run-cli.ts';

describe('the command line', () => {
  test.each([
    [['incidents', 'list', '--colour'], 'unknown option'],
    [['incidents', 'lst'], 'unknown command'],
    [['incidents', 'show'], 'missing required argument'],
    [['incidents', 'list', '--status', 'HIGH'], 'Allowed choices are open, investigating, resolved, closed'],
    [['incidents', 'list', '--limit', '0'], 'a whole number between 1 and 1000'],
    [['setup', '--partitions', 'many'], 'a whole number between 1 and 10000'],
    [['migrate', 'up', 'now'], 'too many arguments'],
  ])('refuses %j as a usage error that says why', async (args, reason) => {
    const { code, messages, data } = await run(args);
    expect(code).toBe(exitCodes.usage);
    expect(messages).toContain(reason);
    expect(data).toBe('');
  });

  test('names every setting that is missing, and leaves with 78', async () => {
    const { code, messages } = await run(['setup']);
    expect(code).toBe(exitCodes.misconfigured);
    expect(messages).toContain('KAFKA_BROKERS');
    expect(messages).toContain('SCHEMA_REGISTRY_URL');
  });

  test('leaves with 69 when the database does not answer', async () => {
    const env = { DATABASE_URL: 'postgresql://nobody:secret@127.0.0.1:1/none' };
    const { code, messages } = await run(['migrate', 'status'], env);
    expect(code).toBe(exitCodes.unavailable);
    expect(messages).not.toContain('secret');
  });

  test('makes a token that is new each time, beside the entry that holds only its hash', async () => {
    const words = ['token', 'create', 'cart', '--environment', 'prod', '--requests-per-second', '50'];
    const [first, second] = [await run(words), await run(words)];
    const made = JSON.parse(first.data) as { token: string; entry: object };
    expect(made.token).toMatch(/^ps_[\w-]{43}$/);
    expect(made.entry).toEqual({
      name: 'cart',
      sha256: createHash('sha256').update(made.token).digest('hex'),
      environment: 'prod',
      requestsPerSecond: 50,
    });
    expect(first.messages).not.toContain(made.token);
    expect(second.data).not.toContain(made.token);
  });

  test.each(allCommands())('explains %j with a description, on standard output', async (words, isGroup) => {
    const { code, data } = await run([...words, '--help']);
    expect(code).toBe(exitCodes.ok);
    const [usage, , description] = data.split('\n');
    expect(usage).toMatch(/^Usage: prodsentinel/);
    expect(description?.length).toBeGreaterThan(20);
    if (!isGroup) expect(data).toContain('Example:');
  });
});

/** Every command that there is, and whether it only holds others. */
function allCommands(): [words: string[], isGroup: boolean][] {
  const walk = (command: Command, words: string[]): [string[], boolean][] => [
    [words, command.commands.length > 0],
    ...command.commands.flatMap((each) => walk(each, [...words, each.name()])),
  ];
  return walk(createCli(createTestConsole({}).context), []);
}

async function run(args: readonly string[], env: ConsoleContext['env'] = {}) {
  const { code, data, messages } = await runCli(args, env);
  return { code, data: data.join('\n'), messages };
}
