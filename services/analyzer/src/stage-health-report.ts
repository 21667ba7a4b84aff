import type { Health } from '@prodsentinel/process';

/** Folds what the parts of a stage say into its one state: what a human must mend halts it, else any trouble pauses it, else any discomfort degrades it. */
export class StageHealthReport {
  readonly #health: Health;
  readonly #stage: string;
  readonly #pauses = new Map<string, string>();
  readonly #degradations = new Map<string, string>();
  #halted: string | undefined;
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

  /** Something stands still until a human resumes it (what to do), or nothing does (undefined). */
  halt(reason: string | undefined): void {
    this.#halted = reason;
    this.#update();
  }

  /** A part waits for a dependency (the reason), or works again (undefined). */
  pause(part: string, reason: string | undefined): void {
    this.#note(this.#pauses, part, reason);
  }

  /** A part works with less than it should have (the reason), or has all again (undefined). */
  degrade(part: string, reason: string | undefined): void {
    this.#note(this.#degradations, part, reason);
  }

  #note(reasons: Map<string, string>, part: string, reason: string | undefined): void {
    if (reasons.get(part) === reason) return;
    if (reason === undefined) reasons.delete(part);
    else reasons.set(part, reason);
    this.#update();
  }

  #update(): void {
    const pause = [...this.#pauses.values()].join('; ');
    const degradation = [...this.#degradations.values()].join('; ');
    if (!this.#isRunning) this.#health.set(this.#stage, 'starting', pause || degradation);
    else if (this.#halted) this.#health.set(this.#stage, 'halted', this.#halted);
    else if (pause) this.#health.set(this.#stage, 'paused', pause);
    else if (degradation) this.#health.set(this.#stage, 'degraded', degradation);
    else this.#health.set(this.#stage, 'running');
  }
}
