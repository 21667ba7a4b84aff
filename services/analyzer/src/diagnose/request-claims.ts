/** Who holds the claim of a request works on it; everybody else looks again later. */
export interface RequestClaims {
  /**
   * Takes the lease of a request, for as long as a lease lasts.
   *
   * @returns false when somebody else has it
   * @throws AppError `unavailable` when it cannot be known
   */
  acquire(requestId: string, token: string): Promise<boolean>;
  /** Gives the lease back, if it is still ours. */
  release(requestId: string, token: string): Promise<void>;
}
