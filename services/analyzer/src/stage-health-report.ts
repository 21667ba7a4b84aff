import type { Health, StageHealth } from '@prodsentinel/process';

/** Folds what the parts of a stage say into its one state: what a human must mend halts it, else any trouble pauses it, else any discomfort degrades it. */
export class StageHealthReport {
  readonly #health: Health;
  readonly #stage: string;
  readonly #halts = new Map<string, string>();
  readonly #pauses = new Map<string, string>();
  readonly #degradations = new Map<string, string>();
  #isRunning = false;

  constructor(health: Health, stage: string) {
    this.#health = health;
    this.#stage = stage;
    this.#update();
  }

  running(): void {
    this.#isRunning = true;
    this.#update();
  }

  /** A part stands still until a human does something (what), or does not (undefined). */
  halt(part: string, reason: string | undefined): void {
    this.#note(this.#halts, part, reason);
  }

  /** A part waits for a dependency (the reason), or works again (undefined). */
  pause(part: string, reason: string | undefined): void {
    this.#note(this.#pauses, part, reason);
  }

  /** A part works with less than it should have (the reason), or has all again (undefined). */
  degrade(part: string, reason: string | undefined): void {
    this.#note(this.#degradations, part, reason);
  }

  /** What a part that does the whole work of the stage, beside others of its kind, says of itself. */
  part(part: string, { state, reason }: StageHealth): void {
    this.halt(part, state === 'halted' ? reason : undefined);
    this.pause(part, state === 'paused' || (state === 'starting' && reason) ? reason : undefined);
    this.degrade(part, state === 'degraded' ? reason : undefined);
  }

  #note(reasons: Map<string, string>, part: string, reason: string | undefined): void {
    if (reasons.get(part) === reason) return;
    if (reason === undefined) reasons.delete(part);
    else reasons.set(part, reason);
    this.#update();
  }

  #update(): void {
    const halt = tell(this.#halts);
    const pause = tell(this.#pauses);
    const degradation = tell(this.#degradations);
    if (!this.#isRunning) this.#health.set(this.#stage, 'starting', halt || pause || degradation);
    else if (halt) this.#health.set(this.#stage, 'halted', halt);
    else if (pause) this.#health.set(this.#stage, 'paused', pause);
    else if (degradation) this.#health.set(this.#stage, 'degraded', degradation);
    else this.#health.set(this.#stage, 'running');
  }
}

/** A reason that several parts have is told once. */
const tell = (reasons: ReadonlyMap<string, string>): string => [...new Set(reasons.values())].join('; ');
