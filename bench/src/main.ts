import {
  createConsoleContext,
  createProgram,
  listenForStop,
  runProgram,
  speakThrough,
  wholeNumberOption,
} from '@prodsentinel/cli';
import { startStack } from '@prodsentinel/local-stack';
import { benches } from './benches.ts';

const stopping = listenForStop({ say: (line) => process.stderr.write(`${line}\n`) });
const context = createConsoleContext(process.env, stopping);

const program = createProgram('bench', context).description(
  'Measure speed as a ratio against a floor measured in the same run.',
);
for (const bench of benches)
  program
    .command(bench.name)
    .description(bench.summary)
    .option('--runs <count>', 'counted pairs of ours and floor', wholeNumberOption({ min: 1, max: 100 }), 3)
    .option('--records <count>', 'records of one run', wholeNumberOption({ min: 1_000, max: 100_000_000 }))
    .option('--json', 'one JSON object a line, the summary last', false)
    .action(async (args: { runs: number; records?: number; json: boolean }) => {
      const { out, say, signal } = context;
      const stack = await startStack({
        // Never servers of somebody: benches empty Redis and forget consumer groups.
        source: 'processes',
        tunedFor: 'throughput',
        onProgress: say,
        signal,
      });
      try {
        await bench.run({
          stack,
          runs: args.runs,
          records: args.records,
          asJson: args.json,
          out,
          say,
          signal,
        });
      } finally {
        await stack.stop();
      }
    });
speakThrough(program, context);

process.exitCode = await runProgram(program, process.argv.slice(2), context);
