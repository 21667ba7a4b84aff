import {
  createConsoleContext,
  createProgram,
  listenForStop,
  runProgram,
  speakThrough,
} from '@prodsentinel/cli';
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
speakThrough(program, context);

process.exitCode = await runProgram(program, process.argv.slice(2), context);
