import type { AnalysisCompleted, AnalysisRequested } from '@prodsentinel/contracts';
import {
  done,
  held,
  type IncomingRecord,
  type Outcome,
  type Producer,
  type RecordHandler,
} from '@prodsentinel/messaging';
import type { Logger } from '@prodsentinel/process';
import { answerOnce, type AnswerOnce, type NoModel } from '../domain/diagnose/answer-once.ts';
import { plainText } from '../domain/diagnose/model-text.ts';
import type { PreparedCalls } from './ask-model.ts';
import type { DiagnoseMetrics } from './diagnose-metrics.ts';
import type { HeldRequests } from './held-requests.ts';
import { renewLease } from './renew-lease.ts';
import type { RequestClaims } from './request-claims.ts';

type Calls = PreparedCalls | { readonly why: NoModel };

export interface DiagnoseStepDependencies {
  readonly claims: RequestClaims;
  readonly byRules: (request: AnalysisRequested) => AnalysisCompleted;
  /** How to ask the model about a request, or why not. */
  readonly prepare: (request: AnalysisRequested, byRules: AnalysisCompleted, signal: AbortSignal) => Calls;
  readonly producer: Producer;
  readonly metrics: DiagnoseMetrics;
  readonly logger: Logger;
  readonly newToken: () => string;
  readonly concurrency: number;
  readonly leaseMs: number;
  readonly held: HeldRequests;
  /** The stage stops: calls in flight are given up. */
  readonly stopping: AbortSignal;
  readonly finishHeld: (record: IncomingRecord<'analysis-requests'>) => void;
  readonly now: () => number;
}

/** Calls of one request, charged or not: what bounds it in practice is the deadline, and three charged attempts. */
const maxTries = 6;

/**
 * From a request to its analysis: claim, work, publish, and only then give the claim back. A request that somebody else
 * works on is held and looked at again when the lease ends. Without a model the rules answer, and say whether to ask again.
 */
export function createDiagnoseStep(
  dependencies: DiagnoseStepDependencies,
): RecordHandler<'analysis-requests'> {
  return {
    mode: 'record',
    concurrency: dependencies.concurrency,
    async handle(record, signal): Promise<Outcome> {
      const { value: request } = record;
      if (!request.requestId || !request.incidentId) {
        return { kind: 'deadLetter', code: 'invalid_input', reason: 'requestId or incidentId is empty' };
      }
      const inMs = await diagnose(dependencies, request, signal);
      if (inMs === undefined) return done;
      const isHeld = dependencies.held.hold(inMs, async () => {
        const againInMs = await diagnose(dependencies, request, dependencies.stopping);
        if (againInMs === undefined) dependencies.finishHeld(record);
        return againInMs;
      });
      return isHeld ? held : { kind: 'retry', reason: 'too many requests wait for another process' };
    },
  };
}

/** @returns undefined when the request is answered; else in how many milliseconds to look again */
async function diagnose(
  dependencies: DiagnoseStepDependencies,
  request: AnalysisRequested,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { claims, byRules, prepare, leaseMs, newToken, metrics, logger } = dependencies;
  const claim = claims.of(request.requestId, newToken());
  const rules = byRules(request);
  const calls = prepare(request, rules, signal);
  let lease: ReturnType<typeof renewLease> | undefined;
  let attempts = 0;
  let answer: AnswerOnce<string>;
  try {
    answer = await answerOnce<string>(
      {
        ...claim,
        async acquire() {
          const reply = await claim.acquire();
          metrics.claim(reply.kind);
          return reply;
        },
        async call(attempt) {
          lease ??= renewLease(() => claim.renew(), leaseMs);
          return 'call' in calls
            ? calls.call(attempt)
            : { kind: 'givenUp', isCharged: false, why: calls.why };
        },
      },
      { maxTries, newAttempt: () => (attempts += 1) },
    );
  } finally {
    await lease?.stop();
  }
  if (answer.kind === 'lookAgain') return answer.inMs;
  if (answer.kind === 'rules') {
    logger.info({ event: 'answered_by_rules', requestId: request.requestId }, answer.why.reason);
    metrics.noModel(answer.why.reason.split(':')[0] ?? '');
  }
  await publish(
    dependencies,
    request,
    answer.kind === 'model'
      ? parse(answer.answer)
      : {
          ...rules,
          // Calls that were made in vain were paid for all the same.
          ...('call' in calls ? calls.spent() : {}),
          withoutModel: plainText(answer.why.reason, 300),
          askAgainAt: askAgainAt(answer.why, calls, dependencies.now()),
        },
  );
  if (answer.kind === 'rules' && answer.isOurs) await claim.release();
  return undefined;
}

function parse(answer: string): AnalysisCompleted {
  return JSON.parse(answer) as AnalysisCompleted;
}

/** Microseconds. Where there is no model at all there is nothing to ask again, whatever became of the claim. */
function askAgainAt(why: NoModel, calls: Calls, nowMs: number): number | null {
  if (why.askAgainAtMs === undefined || 'why' in calls) return null;
  return Math.max(why.askAgainAtMs, nowMs + 1_000) * 1000;
}

async function publish(
  { producer, metrics }: DiagnoseStepDependencies,
  { incidentId }: AnalysisRequested,
  value: AnalysisCompleted,
): Promise<void> {
  await producer.send([{ topic: 'analyses', key: incidentId, value }]);
  metrics.analysis(value.source, value.verdict);
}
