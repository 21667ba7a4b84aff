import type { AnalysisCompleted } from '@prodsentinel/contracts';
import { dollarsOf, type ModelPrice } from './model-prices.ts';
import type { ModelReply } from './model.ts';

/** What one call took. `tokens` is both ways. */
export interface CallCost {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly tokens: number;
  readonly dollars: number;
}

/** Undefined: surely nothing. A call that was charged and did not say what it took, took the worst. */
export function costOf(
  reply: ModelReply,
  price: ModelPrice,
  worst: { readonly inputTokens: number; readonly outputTokens: number },
): CallCost | undefined {
  if (reply.kind === 'failed' && !reply.isCharged) return undefined;
  const { inputTokens: input, outputTokens: output } =
    reply.kind === 'text' && reply.inputTokens > 0 ? reply : worst;
  return {
    inputTokens: input,
    outputTokens: output,
    tokens: input + output,
    dollars: dollarsOf(price, { input, output }),
  };
}

export type Spent = Pick<
  AnalysisCompleted,
  'modelCalls' | 'dollars' | 'inputTokens' | 'outputTokens' | 'latencyMs' | 'model' | 'promptVersion'
>;

/** What all charged calls of one request came to, whoever answers it in the end. */
export class Spending {
  readonly #promptVersion: string;
  #calls = 0;
  #dollars = 0;
  #inputTokens = 0;
  #outputTokens = 0;
  #latencyMs = 0;
  #model: string | null = null;

  constructor(promptVersion: string) {
    this.#promptVersion = promptVersion;
  }

  add(cost: CallCost, latencyMs: number, model: string | null): void {
    this.#calls += 1;
    this.#dollars += cost.dollars;
    this.#inputTokens += cost.inputTokens;
    this.#outputTokens += cost.outputTokens;
    this.#latencyMs += latencyMs;
    this.#model = model ?? this.#model;
  }

  /** As it stands in an analysis; nothing at all when nothing was charged. */
  get total(): Spent | undefined {
    if (this.#calls === 0) return undefined;
    return {
      modelCalls: this.#calls,
      dollars: this.#dollars,
      inputTokens: this.#inputTokens,
      outputTokens: this.#outputTokens,
      latencyMs: this.#latencyMs,
      model: this.#model,
      promptVersion: this.#promptVersion,
    };
  }
}
