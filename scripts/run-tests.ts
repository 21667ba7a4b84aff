// What `npm test` runs: all tests, or those that the arguments name, on the project's own Node. Jest's output, then one
// plain line: `N passed, N failed`, with `, N skipped` where there are any.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const usage = `usage: npm test [-- [--full] [JEST ARGUMENTS]]
  --full   all combinations, sizes and seeds (as npm run test:full)
  others   go to Jest as they are: a path or a pattern, --selectProjects unit, -t 'name of a test' …`;

const interruptGraceMs = 10_000;

if (process.argv.includes('--help')) console.log(usage);
else process.exitCode = await runTests(process.argv.slice(2));

async function runTests(args: readonly string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'prodsentinel-test-run-'));
  try {
    const resultsFile = join(folder, 'results.json');
    const ended = await runJest(resultsFile, args);
    if (ended.wasInterrupted) return 130;
    const { line, problem } = summarize(readResults(resultsFile), ended.exitCode);
    if (problem) console.log(`npm test: ${problem}`);
    console.log(line);
    return problem || ended.exitCode !== 0 ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Ended {
  readonly exitCode: number;
  readonly wasInterrupted: boolean;
}

/** Jest and its workers are a process group of their own, so that nothing of it is left when it is interrupted. */
function runJest(resultsFile: string, args: readonly string[]): Promise<Ended> {
  const isFull = args.includes('--full');
  const hasGroup = process.platform !== 'win32';
  const jest = spawn(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      // kafkajs sets timers that are already over.
      '--disable-warning=TimeoutNegativeWarning',
      join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
      '--json',
      `--outputFile=${resultsFile}`,
      ...args.filter((arg) => arg !== '--full'),
    ],
    {
      cwd: root,
      detached: hasGroup,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        ...process.env,
        KAFKAJS_NO_PARTITIONER_WARNING: '1',
        ...(isFull ? { PRODSENTINEL_TEST_FULL: '1' } : {}),
      },
    },
  );
  let wasInterrupted = false;
  const signalAll = (signal: NodeJS.Signals) => {
    try {
      if (hasGroup && jest.pid) process.kill(-jest.pid, signal);
      else jest.kill(signal);
    } catch (error) {
      // Nobody is left in the group.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  const interrupt = (signal: NodeJS.Signals) => {
    if (wasInterrupted) return signalAll('SIGKILL');
    wasInterrupted = true;
    signalAll(signal);
    setTimeout(() => signalAll('SIGKILL'), interruptGraceMs).unref();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  return new Promise((resolve, reject) => {
    jest.once('error', reject);
    jest.once('exit', (code) => {
      signalAll('SIGKILL');
      resolve({ exitCode: code ?? 1, wasInterrupted });
    });
  });
}

/** What we read of Jest's own results. */
interface Results {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  /** Test files that did not even load. */
  readonly numRuntimeErrorTestSuites: number;
}

function readResults(file: string): Results | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Results;
  } catch (error) {
    // Jest writes it at its end: none means that it did not get there.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The last line, and what else went wrong: nothing but passed tests reads as a success. */
function summarize(results: Results | undefined, exitCode: number): { line: string; problem?: string } {
  if (!results) {
    return { line: '0 passed, 1 failed', problem: `Jest ended without results (exit code ${exitCode})` };
  }
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  const skipped = results.numPendingTests + results.numTodoTests;
  const toLine = (failures: number) =>
    `${results.numPassedTests} passed, ${failures} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  if (failed > 0) return { line: toLine(failed) };
  if (results.numPassedTests === 0) return { line: toLine(1), problem: 'no test was run' };
  if (exitCode !== 0) {
    return { line: toLine(1), problem: `every test passed, but Jest failed (exit code ${exitCode})` };
  }
  return { line: toLine(0) };
}
