import { join } from 'node:path';
import { Command } from 'commander';
import { startStack, stackVariables } from '@prodsentinel/local-stack';
import type { ConsoleContext } from '../console-context.ts';
import { runMigrateUp } from './migrate.ts';
import { defaultSetup, runSetup } from './setup.ts';

const keptDirectory = join(import.meta.dirname, '..', '..', '..', '.prodsentinel', 'stack');

/** Whatever the servers ran in. */
const removeData =
  `docker volume ls -q --filter "label=prodsentinel.directory=${keptDirectory}" | xargs -r docker volume rm && ` +
  `rm -rf "${keptDirectory}"`;

/** `prodsentinel stack up` */
export function stackCommand(context: ConsoleContext): Command {
  return new Command('stack')
    .description('Servers on this machine, to develop and try things with')
    .addCommand(
      new Command('up')
        .description(
          'Start Kafka, a schema registry, Redis and PostgreSQL, set them up and migrate; print the variables that ' +
            'lead there; run until Ctrl-C. In containers where Docker is at hand, with data in volumes that ' +
            '.prodsentinel/stack names; else as child processes, with data in .prodsentinel/stack',
        )
        .addHelpText(
          'after',
          `
Example:
  $ npm run prodsentinel -- stack up
  and in another terminal, with the lines it printed:
  $ export DATABASE_URL=…
  $ npm run prodsentinel -- incidents list

To begin anew, remove the data:
  $ ${removeData}`,
        )
        .action(() => runStackUp(context)),
    );
}

async function runStackUp(context: ConsoleContext): Promise<void> {
  const { out, say, signal } = context;
  const stack = await startStack({
    // Never servers that the environment names: these lines may have been exported before.
    source: 'started',
    data: { kind: 'kept', directory: keptDirectory },
    onProgress: say,
    signal,
  });
  try {
    // What set-up and migration did is progress here: the data of this command are the variables.
    const setupContext = { env: { ...context.env, ...stack.env }, out: say, say };
    await runSetup(defaultSetup, setupContext);
    await runMigrateUp(setupContext);
    for (const name of stackVariables) out(`export ${name}=${quoted(stack.env[name])}`);
    say('the stack is up; Ctrl-C stops it and keeps its data');
    await untilAborted(signal);
    say('stopping the stack …');
  } finally {
    await stack.stop();
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Safe in a shell, whatever a password holds. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
