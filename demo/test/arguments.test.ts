import { describe, expect, test } from '@jest/globals';
import { runProgram } from '@prodsentinel/cli';
import { createDemoProgram, type DemoArguments } from '../src/arguments.ts';

describe("the demo's command line", () => {
  test('runs the live shop by default', async () => {
    expect(await run([])).toMatchObject({
      code: 0,
      ran: [{ once: false, shop: true, input: [], json: false, seed: 20, fakeModel: false }],
    });
  });

  test('leaves the shop out when told so', async () => {
    const { ran } = await run(['--no-shop']);
    expect(ran).toEqual([expect.objectContaining({ shop: false })]);
  });

  test('lets a fake model answer only when told so', async () => {
    const { ran } = await run(['--once', '--fake-model']);
    expect(ran).toEqual([expect.objectContaining({ once: true, fakeModel: true })]);
  });

  test('takes several files', async () => {
    const { ran } = await run(['--input', 'a', '--input', 'b.gz', '--json']);
    expect(ran).toEqual([expect.objectContaining({ input: ['a', 'b.gz'], json: true })]);
  });

  test.each([
    [['--twice'], "unknown option '--twice'"],
    [['now'], 'too many arguments'],
    [['--input'], 'argument missing'],
    [['--json'], '--json needs --input'],
    [['--once', '--input', 'a'], 'cannot be used with'],
    [['--once', '--no-shop'], 'cannot be used with'],
    [['--seed', '-1'], 'a whole number'],
  ])('refuses %j with code 2 and says why, before anything is started', async (args, reason) => {
    const { code, ran, messages } = await run(args);
    expect(code).toBe(2);
    expect(ran).toEqual([]);
    expect(messages).toContain(reason);
  });

  test('explains itself', async () => {
    const { code, data } = await run(['--help']);
    expect(code).toBe(0);
    expect(data).toContain('--once');
    expect(data).toContain('Examples:');
  });
});

async function run(args: readonly string[]) {
  const ran: DemoArguments[] = [];
  const data: string[] = [];
  const messages: string[] = [];
  const voice = { out: (line: string) => data.push(line), say: (line: string) => messages.push(line) };
  const program = createDemoProgram(voice, async (options) => void ran.push(options));
  const code = await runProgram(program, args, voice);
  return { code, ran, data: data.join('\n'), messages: messages.join('\n') };
}
