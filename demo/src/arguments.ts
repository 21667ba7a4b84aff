import { Option, type Command } from 'commander';
import { createProgram, wholeNumberOption, type ProgramVoice } from '@prodsentinel/cli';

/** What the demo was asked to do. */
export interface DemoArguments {
  readonly once: boolean;
  /** Whether the faulty shop produces failures. */
  readonly shop: boolean;
  readonly input: readonly string[];
  readonly json: boolean;
  readonly seed: number;
  /** Whether a fake model answers; else a real one where the environment names it, else the rules. */
  readonly fakeModel: boolean;
}

/** The demo's command line; `run` is called with what was asked, and only if it makes sense. */
export function createDemoProgram(voice: ProgramVoice, run: (args: DemoArguments) => Promise<void>): Command {
  const program = createProgram('demo', voice)
    .description(
      'Start real Kafka, schema registry, Redis and PostgreSQL, the services of ProdSentinel and a small faulty shop, ' +
        'and watch its failures become incidents with root causes. Ctrl-C ends it and leaves nothing behind.',
    )
    .addOption(
      new Option(
        '--once',
        'end when every fault has become its incident; exit 1 if not within 120 s',
      ).default(false),
    )
    .addOption(
      new Option('--no-shop', 'start everything but the shop, and wait for failures that you send').conflicts(
        'once',
      ),
    )
    .addOption(
      new Option(
        '--input <file>',
        'instead of the shop: replay a log file (NDJSON, also gzipped); repeatable',
      )
        .argParser((file: string, before: readonly string[]) => [...before, file])
        .default([], 'none')
        .conflicts('once'),
    )
    .addOption(
      new Option('--json', 'with --input: the last line of standard output is one JSON object').default(
        false,
      ),
    )
    .addOption(
      new Option('--seed <number>', 'decides what the shop does')
        .argParser(wholeNumberOption({ min: 0, max: 2 ** 32 - 1 }))
        .default(20),
    )
    .addOption(
      new Option(
        '--fake-model',
        'let a fake model answer (it cites the first signal it is shown), to see the way of a model without paying one',
      ).default(false),
    )
    .addHelpText('after', examples)
    .action(async (options: DemoArguments) => {
      if (options.json && options.input.length === 0) {
        program.error('error: --json needs --input', { exitCode: 2, code: 'commander.missingInput' });
      }
      await run(options);
    });
  return program;
}

const examples = `
Examples:
  $ npm run demo
  $ npm run demo -- --once
  $ npm run demo -- --no-shop
  $ npm run demo -- --input logs.ndjson.gz --json

Servers of your own are used when KAFKA_BROKERS, SCHEMA_REGISTRY_URL, REDIS_URL and DATABASE_URL name them.`;
