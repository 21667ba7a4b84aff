/**
 * What a worker knows of a request after it asked for its claim.
 *
 * - `acquired` the lease is ours · `sealed` somebody paid for the answer already · `taken` somebody else works on it
 * - `unknown` the store did not answer, not even when it was asked again
 */
export type ClaimReply<A> =
  | { readonly kind: 'acquired' }
  | { readonly kind: 'sealed'; readonly answer: A }
  | { readonly kind: 'taken'; readonly leftMs: number }
  | { readonly kind: 'unknown' };

/** `lost`: the lease is not ours any more · `exhausted`: all attempts are used up. */
export type CountReply = 'counted' | 'exhausted' | 'lost' | 'unknown';

/** How one call of the model ended. `isCharged` is false only when it surely cost nothing. */
export type CallReply<A> =
  | { readonly kind: 'answered'; readonly answer: A }
  | { readonly kind: 'again'; readonly isCharged: boolean }
  | { readonly kind: 'givenUp'; readonly isCharged: boolean; readonly why: NoModel };

/** Why the rules answer. Without `askAgainAtMs` the rules answer is final. */
export interface NoModel {
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly askAgainAtMs?: number;
}

/** Everything outside of a worker; each step is one atomic command, or one call. None of them throws, except on abort. */
export interface AnswerSteps<A> {
  acquire(): Promise<ClaimReply<A>>;
  /** Who has the claim now: resolves an `acquire` whose answer was lost. */
  look(): Promise<ClaimReply<A> | { readonly kind: 'absent' }>;
  /** Counts an attempt by its name: counting the same name twice is counting it once. */
  count(attempt: number): Promise<CountReply>;
  /** Takes back an attempt that surely was not charged. */
  giveBack(attempt: number): Promise<void>;
  call(attempt: number): Promise<CallReply<A>>;
  /** Keeps the answer, unless there is one, and ends our lease. Answers with the one that is kept. */
  seal(answer: A): Promise<{ readonly kind: 'sealed'; readonly answer: A } | { readonly kind: 'unknown' }>;
  release(): Promise<void>;
}

/** What is to be published, or when to look again. */
export type AnswerOnce<A> =
  | { readonly kind: 'model'; readonly answer: A; readonly isFresh: boolean }
  | { readonly kind: 'rules'; readonly why: NoModel; readonly isOurs: boolean }
  | { readonly kind: 'lookAgain'; readonly inMs: number };

/**
 * Answers a request with a model's answer that is paid for once: claim, count, call, seal. What it returns is published
 * afterwards; a rules answer is followed by `release`, a sealed one has ended the lease.
 *
 * INVARIANT: a call is made only after its attempt was counted under our own lease, and an attempt is given back only
 * when it surely was not charged. So at most as many calls are charged as attempts are allowed, whoever crashes, expires
 * or loses a reply. The first answer that is sealed wins: whoever comes later publishes that one.
 */
export async function answerOnce<A>(
  steps: AnswerSteps<A>,
  { maxTries, newAttempt }: { maxTries: number; newAttempt: () => number },
): Promise<AnswerOnce<A>> {
  const claim = await claimed(steps);
  if (claim.kind === 'sealed') return { kind: 'model', answer: claim.answer, isFresh: false };
  if (claim.kind === 'taken') return { kind: 'lookAgain', inMs: claim.leftMs };
  if (claim.kind === 'unknown') return byRules(storeAway, false);
  for (let tries = 0; tries < maxTries; tries++) {
    const attempt = newAttempt();
    const counted = await counting(steps, attempt);
    if (counted === 'exhausted') return byRules({ reason: 'the model was asked as often as allowed' }, true);
    if (counted === 'lost') return { kind: 'lookAgain', inMs: 0 };
    if (counted === 'unknown') return byRules(storeAway, true);
    const reply = await steps.call(attempt);
    if (reply.kind === 'answered') return sealed(steps, reply.answer);
    if (!reply.isCharged) await steps.giveBack(attempt);
    if (reply.kind === 'givenUp') return byRules(reply.why, true);
  }
  return byRules({ reason: 'the model gave no usable answer' }, true);
}

/** No claim, no call: paying twice is worse than an answer of the rules for now. The caller says when to ask again. */
const storeAway: NoModel = { reason: 'claims cannot be checked: Redis is away', askAgainAtMs: 0 };

function byRules(why: NoModel, isOurs: boolean): { kind: 'rules'; why: NoModel; isOurs: boolean } {
  return { kind: 'rules', why, isOurs };
}

async function claimed<A>(steps: AnswerSteps<A>): Promise<ClaimReply<A>> {
  const reply = await steps.acquire();
  if (reply.kind !== 'unknown') return reply;
  const seen = await steps.look();
  // Absent: it did not arrive, or ran out since. Not asked twice in one go: a fresh look begins from the start.
  return seen.kind === 'absent' ? { kind: 'taken', leftMs: 0 } : seen;
}

async function counting<A>(steps: AnswerSteps<A>, attempt: number): Promise<CountReply> {
  const reply = await steps.count(attempt);
  return reply === 'unknown' ? steps.count(attempt) : reply;
}

/** Sealing twice is sealing once. If it cannot be sealed it is published all the same: it was paid for. */
async function sealed<A>(steps: AnswerSteps<A>, answer: A): Promise<AnswerOnce<A>> {
  let reply = await steps.seal(answer);
  if (reply.kind === 'unknown') reply = await steps.seal(answer);
  return { kind: 'model', answer: reply.kind === 'sealed' ? reply.answer : answer, isFresh: true };
}
