import { Command, type CommanderError } from 'commander';
import { describeError, exitCodes, isAppError, type ExitCode } from '@prodsentinel/kernel';
import { exitCodeOf } from './exit-code-of.ts';

/** How a program speaks. */
export interface ProgramVoice {
  readonly out: (line: string) => void;
  readonly say: (line: string) => void;
}

/** A commander program that throws instead of exiting and speaks through the given voice. */
export function createProgram(name: string, voice: ProgramVoice): Command {
  return speakThrough(new Command(name), voice);
}

/**
 * Runs a program and answers the exit code: 0, also for `--help` and when the user asked to stop; 2 for arguments it does
 * not know; else by the error's code. Whatever went wrong has been said.
 */
export async function runProgram(
  program: Command,
  args: readonly string[],
  { say }: ProgramVoice,
): Promise<ExitCode> {
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCodes.ok;
  } catch (error) {
    if (isCommanderError(error)) {
      return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    }
    const code = exitCodeOf(error);
    // Several lines name several problems: they are for reading as they are.
    if (code !== exitCodes.ok) {
      say(`${program.name()}: ${isAppError(error) ? sentenceOf(error) : describeError(error)}`);
    }
    return code;
  }
}

/** Makes a command and all its subcommands throw and speak alike; call it again after subcommands were added. */
export function speakThrough(command: Command, voice: ProgramVoice): Command {
  command.exitOverride().configureOutput({
    writeOut: (text) => voice.out(text.trimEnd()),
    writeErr: (text) => voice.say(text.trimEnd()),
  });
  command.showHelpAfterError('(--help says what there is)');
  for (const each of command.commands) speakThrough(each, voice);
  return command;
}

function isCommanderError(error: unknown): error is CommanderError {
  return String((error as { code?: unknown } | null)?.code).startsWith('commander.');
}

function sentenceOf(error: Error): string {
  return error.message.includes('\n') ? error.message : describeError(error);
}
