/** Renews a lease at a third of its time until it is stopped or lost. A renewal that fails is tried again at the next. */
export function renewLease(renew: () => Promise<boolean>, leaseMs: number): { stop(): Promise<void> } {
  let current: Promise<void> = Promise.resolve();
  const renewAfter = async (previous: Promise<void>): Promise<void> => {
    await previous;
    if (!(await renew())) clearInterval(timer);
  };
  const timer = setInterval(
    () => {
      current = renewAfter(current);
    },
    Math.max(1, Math.floor(leaseMs / 3)),
  );
  return {
    async stop() {
      clearInterval(timer);
      await current;
    },
  };
}
