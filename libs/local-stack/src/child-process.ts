import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { AppError, withDeadline } from '@prodsentinel/kernel';
import type { Account } from './server-account.ts';

/** How a program is started. */
export interface Program {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly account?: Account | undefined;
  /** Where its output goes, from the beginning at each start. */
  readonly logFile: string;
}

/** Told of every child, so that none can be forgotten. */
export interface ChildRegister {
  started(name: string, pid: number): void;
  ended(pid: number): void;
}

/** A running program: knows when it ends, and how. */
export class RunningProgram {
  readonly pid: number;
  /** Resolves when the process is gone, with how it ended. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  readonly #program: Program;
  #isRunning = true;

  private constructor(program: Program, child: ChildProcess, pid: number, register: ChildRegister) {
    this.#program = program;
    this.#child = child;
    this.pid = pid;
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#isRunning = false;
        register.ended(pid);
        resolve(signal ? `signal ${signal}` : `exit code ${code}`);
      });
    });
  }

  /** @throws AppError `unavailable` when the program cannot be started */
  static async start(program: Program, register: ChildRegister): Promise<RunningProgram> {
    const log = openSync(program.logFile, 'w');
    try {
      const options: SpawnOptions = {
        cwd: program.cwd,
        env: program.env,
        stdio: ['ignore', log, log],
        windowsHide: true,
        // Node starts .cmd files only through the shell.
        shell: /\.(cmd|bat)$/i.test(program.command),
        ...(program.account ? { uid: program.account.uid, gid: program.account.gid } : {}),
      };
      const child = spawn(program.command, program.args, options);
      if (child.pid !== undefined) {
        register.started(program.name, child.pid);
        return new RunningProgram(program, child, child.pid, register);
      }
      const cause = await new Promise((resolve) => child.once('error', resolve));
      throw new AppError('unavailable', `${program.name} could not be started`, { cause });
    } finally {
      closeSync(log);
    }
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Asks it to end and waits; after `graceMs` it is killed. Returns how it ended. */
  async end(signal: NodeJS.Signals, graceMs: number): Promise<string> {
    if (!this.#isRunning) return this.ended;
    // A stopped (SIGSTOP) process would not see the signal.
    if (process.platform !== 'win32') this.signal('SIGCONT');
    this.signal(signal);
    const timer = setTimeout(() => this.signal('SIGKILL'), graceMs);
    try {
      return await withDeadline(`the end of ${this.#program.name}`, graceMs + 10_000, this.ended);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The end of its output, one line. */
  logTail(): string {
    return tailOf(this.#program.logFile);
  }
}

/**
 * Runs a program to its end.
 *
 * @throws AppError `unavailable` with the end of its output when it fails, `aborted` when the signal said so
 */
export async function runTool(program: Program, register: ChildRegister, signal: AbortSignal): Promise<void> {
  if (signal.aborted) throw new AppError('aborted', `aborted before ${program.name} was started`);
  const running = await RunningProgram.start(program, register);
  const onAbort = () => running.signal('SIGKILL');
  signal.addEventListener('abort', onAbort);
  const how = await running.ended;
  signal.removeEventListener('abort', onAbort);
  if (signal.aborted) throw new AppError('aborted', `aborted while ${program.name} ran`);
  if (how === 'exit code 0') return;
  throw new AppError('unavailable', `${program.name} failed (${how}): ${running.logTail()}`);
}

/** The end of a log file, as `tailOfText` gives it. */
export function tailOf(logFile: string): string {
  return tailOfText(readFileSync(logFile, 'utf8'));
}

/** The last kilobyte of a log, in one line, without the frames of Java's stack traces that would hide the message. */
export function tailOfText(log: string): string {
  const said = log
    .split('\n')
    .filter((line) => !/^\s+(at |\.\.\. \d+ more)/.test(line))
    .join(' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return said === '' ? '(it said nothing)' : said.slice(-1000);
}
