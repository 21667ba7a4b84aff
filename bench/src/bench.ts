import type { Stack } from '@prodsentinel/local-stack';

/** What a bench gets to work with. */
export interface BenchContext {
  /** Fresh servers, tuned for throughput. */
  readonly stack: Stack;
  /** Counted pairs. */
  readonly runs: number;
  /** Records of one run; undefined: the bench's own default. */
  readonly records: number | undefined;
  readonly asJson: boolean;
  readonly out: (line: string) => void;
  /** Progress, for people. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface Bench {
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  run(context: BenchContext): Promise<void>;
}
