import {
  createConsoleContext,
  createProgram,
  listenForStop,
  runProgram,
  speakThrough,
} from '@prodsentinel/cli';
import { AppError } from '@prodsentinel/kernel';
import { runInjection } from './injection.ts';
import { runSuspects, type SuspectsArguments } from './suspects.ts';

const stopping = listenForStop({ say: (line) => process.stderr.write(`${line}\n`) });
const context = createConsoleContext(process.env, stopping);

const program = createProgram('eval', context).description('Measure quality against known truth.');
program
  .command('suspects')
  .description('Rank the suspects of injected faults, as the product does.')
  .requiredOption('--logs <file>', 'log lines of the time of the faults, NDJSON, gzipped or not')
  .requiredOption('--spans <file>', 'spans of that time')
  .requiredOption('--history-logs <file>', 'log lines of a time without faults')
  .requiredOption('--history-spans <file>', 'spans of that time')
  .requiredOption('--faults <file>', 'the truth: a JSON array of {injectedAt, service, type}')
  .option('--json', 'one JSON object a line, the shares last', false)
  .action((args: SuspectsArguments) => runSuspects(args, context));
program
  .command('injection')
  .description('Play orders in log lines against a model that obeys them. Exit code 1 when one escapes.')
  .option('--json', 'one JSON object an attempt, the sums last', false)
  .action(async (args: { json: boolean }) => {
    if ((await runInjection(args, context)) > 0) throw new AppError('bug', 'an injection escaped');
  });
speakThrough(program, context);

process.exitCode = await runProgram(program, process.argv.slice(2), context);
