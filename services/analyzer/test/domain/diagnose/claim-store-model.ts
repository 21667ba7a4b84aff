import type { AnswerSteps, ClaimReply, CountReply } from '../../../src/domain/diagnose/answer-once.ts';

/** What Redis holds of one request, as the scripts of redis-request-claims.ts change it; an integration test compares. */
export class ClaimStoreModel {
  lease: string | undefined;
  answer: string | undefined;
  readonly attempts = new Set<string>();
  readonly maxAttempts: number;

  constructor(maxAttempts = 3) {
    this.maxAttempts = maxAttempts;
  }

  of(token: string) {
    return {
      acquire: (): ClaimReply<string> => {
        if (this.answer !== undefined) return { kind: 'sealed', answer: this.answer };
        if (this.lease !== undefined) return { kind: 'taken', leftMs: 1 };
        this.lease = token;
        return { kind: 'acquired' };
      },
      look: (): Awaited<ReturnType<AnswerSteps<string>['look']>> => {
        if (this.answer !== undefined) return { kind: 'sealed', answer: this.answer };
        if (this.lease === token) return { kind: 'acquired' };
        return this.lease === undefined ? { kind: 'absent' } : { kind: 'taken', leftMs: 1 };
      },
      count: (attempt: number): CountReply => {
        if (this.lease !== token || this.answer !== undefined) return 'lost';
        const name = `${token}/${attempt}`;
        if (!this.attempts.has(name) && this.attempts.size >= this.maxAttempts) return 'exhausted';
        this.attempts.add(name);
        return 'counted';
      },
      giveBack: (attempt: number): void => void this.attempts.delete(`${token}/${attempt}`),
      seal: (answer: string): { kind: 'sealed'; answer: string } => {
        this.answer ??= answer;
        if (this.lease === token) this.lease = undefined;
        return { kind: 'sealed', answer: this.answer };
      },
      release: (): void => {
        if (this.lease === token) this.lease = undefined;
      },
    };
  }
}
