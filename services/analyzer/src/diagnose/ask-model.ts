import { randomBytes } from 'node:crypto';
import type { AnalysisCompleted, AnalysisRequested } from '@prodsentinel/contracts';
import { backoffMs, delay } from '@prodsentinel/kernel';
import type { CallReply, NoModel } from '../domain/diagnose/answer-once.ts';
import type { CircuitBreaker } from '../domain/diagnose/circuit-breaker.ts';
import { diagnoseByModel, type AskedWith, type SaidByModel } from '../domain/diagnose/diagnose-by-model.ts';
import { buildPrompt, instructions } from '../domain/diagnose/prompt.ts';
import { createPseudonyms } from '../domain/diagnose/pseudonyms.ts';
import { redactSecrets } from '../domain/observe/redact-secrets.ts';
import { parseModelAnswer, type ModelAnswer } from './model-answer.ts';
import type { ModelBudget, Reservation } from './model-budget.ts';
import { dollarsOf, type ModelPrice } from './model-prices.ts';
import type { Model, ModelReply } from './model.ts';

export interface AskModelDependencies {
  readonly model: Model;
  readonly budget: ModelBudget;
  readonly breaker: CircuitBreaker;
  readonly price: ModelPrice;
  readonly countTokens: (text: string) => number;
  readonly pseudonymKey: string;
  readonly maxInputTokens: number;
  readonly maxOutputTokens: number;
  /** For all calls of one request together, waits included. */
  readonly deadlineMs: number;
  readonly now: () => number;
  /** Told how every call ended: `answered`, `unusable`, or how it failed. */
  readonly onCall: (outcome: string, cost: { tokens: number; dollars: number }) => void;
}

type Call = (attempt: number) => Promise<CallReply<string>>;

/**
 * Prepares the calls for one request: each passes the breaker, then the budget, then the wire. What it answers is the
 * finished analysis as JSON, so that what is sealed is what is published.
 *
 * @returns why nothing can be sent at all, when redaction failed; else the function that calls once
 */
export function prepareCalls(
  dependencies: AskModelDependencies,
  { request, byRules }: { request: AnalysisRequested; byRules: AnalysisCompleted },
  signal: AbortSignal,
): { readonly call: Call } | { readonly why: NoModel } {
  const asked = ask(dependencies, request, byRules);
  if (asked === undefined) return { why: { reason: 'redaction failed: nothing was sent' } };
  const conversation: Conversation = {
    asked,
    signal,
    deadlineAtMs: dependencies.now() + dependencies.deadlineMs,
    tries: 0,
    repair: undefined,
    totals: { modelCalls: 0, dollars: 0, inputTokens: 0, outputTokens: 0, latencyMs: 0 },
  };
  return { call: () => callOnce(dependencies, conversation) };
}

/** All calls of one request: what they share, and what they came to so far. */
interface Conversation {
  readonly asked: AskedWith;
  readonly signal: AbortSignal;
  readonly deadlineAtMs: number;
  tries: number;
  repair: string | undefined;
  readonly totals: Record<'modelCalls' | 'dollars' | 'inputTokens' | 'outputTokens' | 'latencyMs', number>;
}

async function callOnce(
  dependencies: AskModelDependencies,
  conversation: Conversation,
): Promise<CallReply<string>> {
  const { breaker, now, model } = dependencies;
  const { asked, signal, deadlineAtMs, repair, totals } = conversation;
  conversation.tries += 1;
  const leftMs = deadlineAtMs - now();
  if (leftMs <= 0) return away(now() + 60_000, 'the time for one request was over');
  const blockedUntilMs = breaker.blockedUntilMs(now());
  if (blockedUntilMs !== undefined) return away(blockedUntilMs, 'the model did not answer lately');
  const reservation = await reserve(dependencies, asked);
  if (reservation.kind !== 'reserved') {
    breaker.abandoned();
    return turnedAway(reservation, now());
  }
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(leftMs)]);
  const reply = await model.ask({ instructions, data: asked.prompt.text, repair, signal: deadline });
  const cost = costOf(reply, dependencies, asked);
  await reservation.settle(cost);
  if (cost !== undefined) {
    totals.modelCalls += 1;
    totals.dollars += cost.dollars;
  }
  if (reply.kind === 'text') {
    breaker.succeeded();
    return read(dependencies, conversation, reply);
  }
  dependencies.onCall(reply.failure, cost ?? nothing);
  if (reply.failure === 'truncated') conversation.repair = 'it was too long';
  return afterFailure(reply, { breaker, deadlineAtMs, tries: conversation.tries, signal, now });
}

const nothing = { tokens: 0, dollars: 0 };

function read(
  { onCall, price }: AskModelDependencies,
  conversation: Conversation,
  reply: Extract<ModelReply, { kind: 'text' }>,
): CallReply<string> {
  const { totals, asked } = conversation;
  const { inputTokens: input, outputTokens: output } = reply;
  totals.inputTokens += input;
  totals.outputTokens += output;
  totals.latencyMs += reply.latencyMs;
  const parsed = parseModelAnswer(reply.text);
  const cost = { tokens: input + output, dollars: dollarsOf(price, { input, output }) };
  onCall('answer' in parsed ? 'answered' : 'unusable', cost);
  if ('problem' in parsed) {
    conversation.repair = parsed.problem;
    return { kind: 'again', isCharged: true };
  }
  const analysis = diagnoseByModel(toSaid(parsed.answer), asked);
  return { kind: 'answered', answer: JSON.stringify({ ...analysis, ...totals, model: reply.model }) };
}

function ask(
  { pseudonymKey, countTokens, maxInputTokens }: AskModelDependencies,
  request: AnalysisRequested,
  byRules: AnalysisCompleted,
): AskedWith | undefined {
  const pseudonyms = createPseudonyms(pseudonymKey, request.services);
  try {
    const prompt = buildPrompt(request, { pseudonyms, redact, countTokens, maxInputTokens, newSignalId });
    return { request, prompt, pseudonyms, byRules };
  } catch {
    // Closed, whatever it was: what may hold an identity or a secret does not leave.
    return undefined;
  }
}

const newSignalId = (): string => `s${randomBytes(3).toString('hex')}`;
const redact = (text: string): string => redactSecrets(text).text;

function reserve(
  { budget, price, maxOutputTokens }: AskModelDependencies,
  asked: AskedWith,
): Promise<Reservation> {
  const { request, prompt } = asked;
  const worst = {
    tokens: prompt.tokens + maxOutputTokens,
    dollars: dollarsOf(price, { input: prompt.tokens, output: maxOutputTokens }),
  };
  return budget.reserve(request.incidentId, worst, { day: request.spentDay, dollars: request.spentDollars });
}

/** Undefined: surely nothing. A call that was charged and did not say what it took, took the worst. */
function costOf(
  reply: ModelReply,
  { price, maxOutputTokens }: AskModelDependencies,
  { prompt }: AskedWith,
): { tokens: number; dollars: number } | undefined {
  if (reply.kind === 'failed' && !reply.isCharged) return undefined;
  const isTold = reply.kind === 'text' && reply.inputTokens > 0;
  const input = isTold ? reply.inputTokens : prompt.tokens;
  const output = isTold ? reply.outputTokens : maxOutputTokens;
  return { tokens: input + output, dollars: dollarsOf(price, { input, output }) };
}

function away(askAgainAtMs: number, reason: string): CallReply<string> {
  return { kind: 'givenUp', isCharged: false, why: { reason, askAgainAtMs } };
}

function turnedAway(
  reservation: Exclude<Reservation, { kind: 'reserved' }>,
  nowMs: number,
): CallReply<string> {
  if (reservation.kind === 'switchedOff') return away(nowMs + 5 * 60_000, 'the model is switched off');
  if (reservation.kind === 'unknown')
    return away(nowMs + 60_000, 'budgets cannot be checked: Redis or Kafka is away');
  const { window, roomAtMs } = reservation;
  const reason = `the budget of the ${window} is used up`;
  return roomAtMs === undefined
    ? { kind: 'givenUp', isCharged: false, why: { reason } }
    : away(roomAtMs, reason);
}

/** How long to stay away from a server that will not serve us before a person has changed something. */
const deniedMs = 5 * 60_000;

/** Again, or the rules: a failure of the model's day is asked again later, one of this request is not. */
async function afterFailure(
  { failure, isCharged, retryAfterMs, detail }: Extract<ModelReply, { kind: 'failed' }>,
  at: {
    breaker: CircuitBreaker;
    deadlineAtMs: number;
    tries: number;
    signal: AbortSignal;
    now: () => number;
  },
): Promise<CallReply<string>> {
  const { breaker, now } = at;
  const giveUp = (askAgainAtMs?: number): CallReply<string> => ({
    kind: 'givenUp',
    isCharged,
    why: { reason: `${failure}: ${detail}`, ...(askAgainAtMs === undefined ? {} : { askAgainAtMs }) },
  });
  switch (failure) {
    case 'rejected':
    case 'refused':
      breaker.succeeded();
      return giveUp();
    case 'truncated':
    case 'garbage':
      breaker.succeeded();
      return { kind: 'again', isCharged };
    case 'denied':
    case 'no_quota':
      breaker.failed(now(), now() + Math.max(deniedMs, retryAfterMs ?? 0));
      return giveUp(now() + Math.max(deniedMs, retryAfterMs ?? 0));
    case 'rate_limited':
    case 'server_error':
    case 'unreachable':
    case 'timeout': {
      const waitMs = retryAfterMs ?? backoffMs(at.tries, { baseMs: 500, maxMs: 5_000 });
      if (now() + waitMs >= at.deadlineAtMs) {
        breaker.failed(now(), retryAfterMs === undefined ? undefined : now() + retryAfterMs);
        return giveUp(now() + Math.max(waitMs, 30_000));
      }
      breaker.failed(now());
      await delay(waitMs, at.signal);
      return { kind: 'again', isCharged };
    }
  }
}

function toSaid(answer: ModelAnswer): SaidByModel {
  return {
    rootCause: answer.root_cause,
    category: answer.category,
    suspectedService: answer.suspected_service,
    severity: answer.severity,
    verdict: answer.verdict,
    confidence: answer.confidence,
    claims: answer.claims.map(({ text, evidence_ids, quotes }) => ({
      text,
      evidenceIds: evidence_ids,
      quotes,
    })),
    rejectedAlternatives: answer.rejected_alternatives,
    timeline: answer.timeline.map(({ evidence_id, what }) => ({ evidenceId: evidence_id, what })),
    actions: answer.actions,
  };
}
