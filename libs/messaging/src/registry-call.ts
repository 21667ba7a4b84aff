import { AppError, describeError, isAppError, withDeadline } from '@prodsentinel/kernel';

const registryDeadlineMs = 5_000;

/** What is known from before, when the registry does not answer and something is. */
export async function elseFromCache<T>(
  ask: () => Promise<T>,
  recall: () => Promise<T | undefined>,
): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!isAppError(error) || error.code !== 'unavailable') throw error;
    const known = await recall();
    if (known === undefined) throw error;
    return known;
  }
}

/**
 * Calls the registry within 5 seconds. The client has no time-outs, and reports a host that is down as status 400: only a 404 says that something is
 * not there, everything else may pass.
 *
 * @throws AppError `contract_mismatch` beginning with `whenMissing` when it answers 404, else `unavailable`
 */
export async function callRegistry<T>(call: Promise<T>, whenMissing: string): Promise<T> {
  try {
    return await withDeadline('the schema registry', registryDeadlineMs, call);
  } catch (error) {
    if (isAppError(error)) throw error;
    const { status, name } = error as { status?: unknown; name?: unknown };
    // The client's own name for a schema or subject that it did not find.
    if (status === 404 || name === 'ConfluentSchemaRegistryError') {
      throw new AppError('contract_mismatch', `${whenMissing}: run \`prodsentinel setup\``, { cause: error });
    }
    throw new AppError('unavailable', `the schema registry: ${describeError(error)}`, { cause: error });
  }
}
