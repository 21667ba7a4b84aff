import type { ErrorCode } from '@prodsentinel/kernel';
import type { ProcessIdentity } from './process-identity.ts';
import type { ServerName, StackData, StackEnvironment } from './stack.ts';

/** What a guard is told to look after. */
export interface GuardOptions {
  readonly id: string;
  /** What the servers run in. */
  readonly source: 'docker' | 'processes';
  /** Where downloads are kept. */
  readonly cache: string;
  /** Where the states of all stacks are recorded. */
  readonly stacks: string;
  readonly data: StackData;
  readonly kafkaConfig: Readonly<Record<string, string>>;
  readonly tunedFor: 'starting' | 'throughput';
  readonly parent: ProcessIdentity | undefined;
}

/** An error on its way through the channel. */
export interface ToldError {
  readonly code: ErrorCode;
  readonly message: string;
}

export type ServerCommand =
  { readonly type: 'kill'; readonly signal: NodeJS.Signals } | { readonly type: 'restart' };

/** From parent to guard. */
export type ParentMessage =
  | { readonly type: 'start'; readonly options: GuardOptions }
  | { readonly type: 'stop' }
  | {
      readonly type: 'command';
      readonly call: number;
      readonly server: ServerName;
      readonly command: ServerCommand;
    };

/** From guard to parent. */
export type GuardMessage =
  | { readonly type: 'progress'; readonly line: string }
  | { readonly type: 'running'; readonly server: ServerName; readonly pid: number | null }
  | { readonly type: 'ready'; readonly env: StackEnvironment; readonly directory?: string }
  | { readonly type: 'failed'; readonly error: ToldError }
  | { readonly type: 'answer'; readonly call: number; readonly error?: ToldError };
