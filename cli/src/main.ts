import { createCli } from './cli.ts';
import { createConsoleContext } from './console-context.ts';
import { listenForStop } from './listen-for-stop.ts';
import { runProgram } from './run-program.ts';

const stopping = listenForStop({ say: (line) => process.stderr.write(`${line}\n`) });
const context = createConsoleContext(process.env, stopping);
process.exitCode = await runProgram(createCli(context), process.argv.slice(2), context);
