/** A failure signal counts for the first record that brought it. */
export interface SignalClaim {
  readonly environment: string;
  readonly signalId: string;
  /** The record's source position, `TOPIC/PARTITION/APPEND_MS/OFFSET`, without blanks: it recognises its own claim after a crash. */
  readonly position: string;
}

export interface SignalClaims {
  /**
   * Claims all, in order. Answers for each whether the record counts: the claim is new, or its own from before.
   *
   * @throws AppError `unavailable` when the store of claims does not answer
   */
  claim(claims: readonly SignalClaim[]): Promise<boolean[]>;
}
