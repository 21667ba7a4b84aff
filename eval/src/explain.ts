import { createConsoleContext, createProgram, listenForStop, runProgram } from '@prodsentinel/cli';
import { explainLine, type Explanation } from './explain-record.ts';
import { readInput } from './read-input.ts';

interface ExplainArguments {
  readonly input: string;
  readonly json: boolean;
  readonly knownServices: string;
}

const stopping = listenForStop({ say: (line) => process.stderr.write(`${line}\n`) });
const context = createConsoleContext(process.env, stopping);

const program = createProgram('explain', context)
  .description(
    'Show what the product makes of each record, and why: fingerprint, template, what is redacted.',
  )
  .requiredOption(
    '--input <file>',
    'log lines or FailureSignals as NDJSON, gzipped or not; - for standard input',
  )
  .option('--json', 'one JSON object a line', false)
  .option(
    '--known-services <names>',
    'service names that are never masked, comma-separated',
    'unknown_service',
  )
  .action(explain);

async function explain({ input, json, knownServices }: ExplainArguments): Promise<void> {
  const known = new Set(knownServices.split(',').filter((name) => name !== ''));
  for await (const line of readInput(input)) {
    const explanation = explainLine(line, known);
    context.out(json ? JSON.stringify(explanation) : inWords(explanation));
  }
}

function inWords(explanation: Explanation): string {
  if ('error' in explanation) return `line ${explanation.line}: ${explanation.error}`;
  const { line, fingerprint, previousFingerprint, parts, template, message, redactions } = explanation;
  return [
    `line ${line}: ${fingerprint}`,
    ...(previousFingerprint === undefined ? [] : [`  previous  ${previousFingerprint}`]),
    `  message   ${message.split('\n', 1)[0] ?? ''}`,
    `  template  ${template}`,
    ...parts.map(({ kind, value, why }) => `  ${kind.padEnd(9)} ${value} (${why})`),
    ...redactions.map(({ kind, count }) => `  redacted  ${count} of ${kind}`),
  ].join('\n');
}

process.exitCode = await runProgram(program, process.argv.slice(2), context);
