import { delay } from '@prodsentinel/kernel';

/** Resolves when the fact holds; rejects with its name when it does not come true in time. */
export async function waitFor(fact: string, holds: () => unknown, timeoutMs = 30_000): Promise<void> {
  for (let waitedMs = 0; waitedMs < timeoutMs; waitedMs += 20) {
    if (await holds()) return;
    await delay(20);
  }
  throw new Error(`not within ${timeoutMs} ms: ${fact}`);
}
