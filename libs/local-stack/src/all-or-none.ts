import { isAppError } from '@prodsentinel/kernel';

/** Runs all at once; the first failure aborts the others, and is thrown when all have ended. */
export async function allOrNone(
  tasks: readonly (() => Promise<void>)[],
  abort: AbortController,
): Promise<void> {
  let first: { error: unknown } | undefined;
  await Promise.all(
    tasks.map((task) =>
      task().catch((error: unknown) => {
        if (!first || (isAppError(first.error) && first.error.code === 'aborted')) first = { error };
        abort.abort();
      }),
    ),
  );
  if (first) throw first.error;
}
