import type { AnswerSteps, ClaimReply, CountReply } from '../domain/diagnose/answer-once.ts';

/** The claim of one request in the store that all processes share; the token says who asks. */
export interface RequestClaim extends Omit<AnswerSteps<string>, 'call' | 'count' | 'giveBack' | 'look'> {
  look(): Promise<ClaimReply<string> | { readonly kind: 'absent' }>;
  count(attempt: number): Promise<CountReply>;
  giveBack(attempt: number): Promise<void>;
  /** Makes the lease last longer; false when it is not ours any more. */
  renew(): Promise<boolean>;
}

export interface RequestClaims {
  /** The claim of a request as one worker sees it. Opens nothing. */
  of(requestId: string, token: string): RequestClaim;
}
