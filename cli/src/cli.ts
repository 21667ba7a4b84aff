import type { Command } from 'commander';
import { dlqCommand } from './commands/dlq.ts';
import { incidentsCommand } from './commands/incidents.ts';
import { migrateCommand } from './commands/migrate.ts';
import { partitionCommand } from './commands/partition.ts';
import { setupCommand } from './commands/setup.ts';
import { stackCommand } from './commands/stack.ts';
import { tokenCommand } from './commands/token.ts';
import type { ConsoleContext } from './console-context.ts';
import { createProgram, speakThrough } from './run-program.ts';

/** `prodsentinel NOUN VERB`: the one home of what operators do. */
export function createCli(context: ConsoleContext): Command {
  const program = createProgram('prodsentinel', context)
    .description('What operators do with ProdSentinel. Settings come from the environment.')
    .addCommand(stackCommand(context))
    .addCommand(setupCommand(context))
    .addCommand(migrateCommand(context))
    .addCommand(incidentsCommand(context))
    .addCommand(partitionCommand(context))
    .addCommand(dlqCommand(context))
    .addCommand(tokenCommand(context))
    .addHelpText('after', exitCodesText);
  return speakThrough(program, context);
}

const exitCodesText = `
Exit codes: 0 done; 1 failed; 2 unknown command or argument; 69 a dependency does not answer;
78 wrong configuration, schema, topic or migration.
Data goes to standard output, messages to standard error.`;
