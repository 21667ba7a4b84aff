import type { StageState } from '@prodsentinel/process';
import { AppError, describeError, isAppError, type ErrorCode } from '@prodsentinel/kernel';
import type { AnalyzerConfig } from '../config.ts';

/** What a thread is told when it is made. */
export interface ThreadData {
  /** Counted from 1. */
  readonly number: number;
  /** Its share of the bounds is already taken. */
  readonly config: AnalyzerConfig;
  /** The name of this process in the marks of crashes. */
  readonly crashOwner: string;
}

/** What a thread can be asked for; it answers each once. */
export type ThreadCall = 'start' | 'stop' | 'turn' | 'metrics';

export type ToThread =
  | { readonly kind: 'call'; readonly call: ThreadCall }
  /** The thread has the turn that it asked for. */
  | { readonly kind: 'turn'; readonly id: number };

export type FromThread =
  | { readonly kind: 'answer'; readonly call: ThreadCall; readonly value?: unknown }
  | { readonly kind: 'refusal'; readonly call: ThreadCall; readonly error: PlainError }
  | { readonly kind: 'health'; readonly state: StageState; readonly reason: string }
  | { readonly kind: 'failed'; readonly error: PlainError }
  | { readonly kind: 'takeTurn'; readonly id: number; readonly isExclusive: boolean }
  | { readonly kind: 'endTurn'; readonly id: number };

/** An error on its way between threads: a class does not survive it. */
export interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
}

export function toPlainError(error: unknown): PlainError {
  return { code: isAppError(error) ? error.code : 'bug', message: describeError(error) };
}

export const fromPlainError = ({ code, message }: PlainError): AppError => new AppError(code, message);
