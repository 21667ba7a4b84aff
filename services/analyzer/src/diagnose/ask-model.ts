import { randomBytes } from 'node:crypto';
import type { AnalysisCompleted, AnalysisRequested } from '@prodsentinel/contracts';
import type { CallReply, NoModel } from '../domain/diagnose/answer-once.ts';
import type { CircuitBreaker } from '../domain/diagnose/circuit-breaker.ts';
import { diagnoseByModel, type AskedWith } from '../domain/diagnose/diagnose-by-model.ts';
import { buildPrompt, instructions, promptVersion } from '../domain/diagnose/prompt.ts';
import { createPseudonyms } from '../domain/diagnose/pseudonyms.ts';
import { redactSecrets } from '../domain/observe/redact-secrets.ts';
import { afterFailure, away, turnedAway } from './after-failure.ts';
import { modelAnswerJsonSchema, parseModelAnswer } from './model-answer.ts';
import type { ModelBudget, Reservation } from './model-budget.ts';
import { dollarsOf, type ModelPrice } from './model-prices.ts';
import type { Model, ModelReply } from './model.ts';
import { toSaid } from './said-by-model.ts';
import { costOf, Spending, type CallCost, type Spent } from './spending.ts';

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
  /** Told of every call: what became of it and what it took. */
  readonly onCall: (report: CallReport) => void;
  /** Told that a question could not be made safe to send, and of which kind the error was. */
  readonly onUnsendable: (requestId: string, error: unknown) => void;
}

/** One call of the model, accounted for. */
export interface CallReport {
  readonly requestId: string;
  /** `answered`, `unusable`, or how it failed. */
  readonly outcome: string;
  /** Why, in words, where it failed. */
  readonly detail: string | undefined;
  /** As the server named it; null when it did not get that far. */
  readonly model: string | null;
  readonly promptVersion: string;
  /** Undefined: surely not charged. */
  readonly cost: CallCost | undefined;
  readonly latencyMs: number;
}

/** The calls for one request. */
export interface PreparedCalls {
  readonly call: (attempt: number) => Promise<CallReply<string>>;
  /** What they were charged so far, the failed ones included; undefined when nothing was. */
  readonly spent: () => Spent | undefined;
}

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
): PreparedCalls | { readonly why: NoModel } {
  const asked = ask(dependencies, request, byRules);
  if (asked === undefined) return { why: { reason: 'redaction failed: nothing was sent' } };
  const conversation: Conversation = {
    asked,
    signal,
    deadlineAtMs: dependencies.now() + dependencies.deadlineMs,
    tries: 0,
    repair: undefined,
    spending: new Spending(promptVersion),
  };
  return {
    call: () => callOnce(dependencies, conversation),
    spent: () => conversation.spending.total,
  };
}

/** All calls of one request: what they share, and what they came to so far. */
interface Conversation {
  readonly asked: AskedWith;
  readonly signal: AbortSignal;
  readonly deadlineAtMs: number;
  tries: number;
  repair: string | undefined;
  readonly spending: Spending;
}

async function callOnce(
  dependencies: AskModelDependencies,
  conversation: Conversation,
): Promise<CallReply<string>> {
  const { breaker, now } = dependencies;
  const { asked, signal, deadlineAtMs } = conversation;
  conversation.tries += 1;
  if (deadlineAtMs <= now()) return timeIsOver(now());
  const blockedUntilMs = breaker.blockedUntilMs(now());
  if (blockedUntilMs !== undefined) return away(blockedUntilMs, 'the model did not answer lately');
  const reservation = await reserve(dependencies, asked);
  if (reservation.kind !== 'reserved') {
    breaker.abandoned();
    return turnedAway(reservation, now());
  }
  // Reserving may have waited for the day's spending to be read.
  const leftMs = deadlineAtMs - now();
  if (leftMs <= 0) {
    breaker.abandoned();
    await reservation.settle(undefined);
    return timeIsOver(now());
  }
  const { reply, report } = await askOnce(dependencies, conversation, leftMs);
  await reservation.settle(report.cost);
  if (report.cost !== undefined) conversation.spending.add(report.cost, report.latencyMs, report.model);
  if (reply.kind === 'text') {
    breaker.succeeded();
    return read(dependencies, conversation, { text: reply.text, report });
  }
  dependencies.onCall(report);
  if (reply.failure === 'truncated') conversation.repair = 'it was too long';
  return afterFailure(reply, { breaker, deadlineAtMs, tries: conversation.tries, signal, now });
}

const timeIsOver = (nowMs: number) => away(nowMs + 60_000, 'the time for one request was over');

async function askOnce(
  { model, price, maxOutputTokens }: AskModelDependencies,
  { asked, signal, repair }: Conversation,
  leftMs: number,
): Promise<{ reply: ModelReply; report: CallReport }> {
  const { prompt, request } = asked;
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(leftMs)]);
  const startedMs = performance.now();
  const reply = await model.ask({ instructions, data: prompt.text, repair, signal: deadline });
  const worst = { inputTokens: prompt.tokens, outputTokens: maxOutputTokens };
  const isText = reply.kind === 'text';
  const report: CallReport = {
    requestId: request.requestId,
    outcome: isText ? 'answered' : reply.failure,
    detail: isText ? undefined : reply.detail,
    model: isText ? reply.model : null,
    promptVersion,
    cost: costOf(reply, price, worst),
    latencyMs: Math.round(performance.now() - startedMs),
  };
  return { reply, report };
}

function read(
  { onCall }: AskModelDependencies,
  conversation: Conversation,
  { text, report }: { text: string; report: CallReport },
): CallReply<string> {
  const parsed = parseModelAnswer(text);
  if ('problem' in parsed) {
    onCall({ ...report, outcome: 'unusable', detail: parsed.problem });
    conversation.repair = parsed.problem;
    return { kind: 'again', isCharged: true };
  }
  onCall(report);
  const analysis = diagnoseByModel(toSaid(parsed.answer), conversation.asked);
  return { kind: 'answered', answer: JSON.stringify({ ...analysis, ...conversation.spending.total }) };
}

function ask(
  { pseudonymKey, countTokens, maxInputTokens, onUnsendable }: AskModelDependencies,
  request: AnalysisRequested,
  byRules: AnalysisCompleted,
): AskedWith | undefined {
  const pseudonyms = createPseudonyms(pseudonymKey, request.services);
  try {
    const prompt = buildPrompt(request, {
      pseudonyms,
      redact,
      countTokens,
      maxInputTokens,
      overheadTokens: countTokens(schemaText) + repairTokens,
      newSignalId,
    });
    return { request, prompt, pseudonyms, byRules };
  } catch (error) {
    // Closed, whatever it was: what may hold an identity or a secret does not leave.
    onUnsendable(request.requestId, error);
    return undefined;
  }
}

const schemaText = JSON.stringify(modelAnswerJsonSchema);
/** At most five paths of the schema, and a sentence. */
const repairTokens = 100;
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
