/** A request to the model in the words of nobody's protocol. */
export interface ModelQuestion {
  readonly instructions: string;
  readonly data: string;
  /** What was wrong with the previous answer, when this one is a repair. */
  readonly repair: string | undefined;
  readonly signal: AbortSignal;
}

/** How the model answered. Nothing is thrown but what is a bug of ours. */
export type ModelReply =
  | {
      readonly kind: 'text';
      readonly text: string;
      /** As the server names it. */
      readonly model: string;
      readonly inputTokens: number;
      readonly outputTokens: number;
    }
  | {
      readonly kind: 'failed';
      readonly failure: ModelFailure;
      /** False only when it surely cost nothing. */
      readonly isCharged: boolean;
      /** How long the server wants to be left alone, where it said so. */
      readonly retryAfterMs: number | undefined;
      readonly detail: string;
    };

/**
 * - `unreachable` no connection, or cut · `timeout` no answer in time · `server_error` 5xx
 * - `rate_limited` 429 · `no_quota` 429 or 402, for want of money · `denied` 401, 403, or no such model
 * - `rejected` the request is wrong for good (too long, refused by the server)
 * - `truncated` the answer was cut · `garbage` no answer of the protocol · `refused` it does not want to
 */
export type ModelFailure =
  | 'unreachable'
  | 'timeout'
  | 'server_error'
  | 'rate_limited'
  | 'no_quota'
  | 'denied'
  | 'rejected'
  | 'truncated'
  | 'garbage'
  | 'refused';

export interface Model {
  ask(question: ModelQuestion): Promise<ModelReply>;
}
