import { AppError } from '@prodsentinel/kernel';
import { z } from 'zod';

/** Who may send, as the token file names it. */
export interface Sender {
  /** Of the source; a token and its successor share the name, and with it the rate. */
  readonly name: string;
  /** What its failures count to, whatever they say themselves; undefined: what they say. */
  readonly environment?: string | undefined;
  /** Most requests a second, over all processes; undefined: no limit. */
  readonly requestsPerSecond?: number | undefined;
}

export interface TokenEntry extends Sender {
  /** SHA-256 of the token, in hex. Enough for tokens that are random: there is nothing to guess. */
  readonly sha256: string;
}

const maxTokens = 1000;

const tokenFile = z.strictObject({
  tokens: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(200),
        sha256: z.string().regex(/^[0-9a-f]{64}$/, { error: 'expected 64 hex digits, lower case' }),
        environment: z.string().min(1).max(200).optional(),
        requestsPerSecond: z.int().min(1).max(1_000_000).optional(),
      }),
    )
    .max(maxTokens),
});

/**
 * Reads `{"tokens": [{"name", "sha256", "environment"?, "requestsPerSecond"?}]}`. A name may come twice, for the time in
 * which a token is replaced; its rate must then be the same.
 *
 * @throws AppError `configuration` that names the place at fault and quotes nothing of the file
 */
export function parseTokenFile(text: string): TokenEntry[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's own message quotes the file.
    throw new AppError('configuration', 'the token file is not JSON');
  }
  const result = tokenFile.safeParse(json);
  if (!result.success) {
    const faults = result.error.issues.map(({ path, code, message }) => {
      const reason = code === 'unrecognized_keys' ? 'has a member that does not belong there' : message;
      return `${path.join('.') || 'the whole'}: ${reason}`;
    });
    throw new AppError('configuration', `the token file is not as it must be: ${faults.join('; ')}`);
  }
  const { tokens } = result.data;
  assertOneRateForEachName(tokens);
  return tokens;
}

function assertOneRateForEachName(tokens: readonly TokenEntry[]): void {
  const rates = new Map<string, number | undefined>();
  for (const [index, { name, requestsPerSecond }] of tokens.entries()) {
    if (rates.has(name) && rates.get(name) !== requestsPerSecond) {
      throw new AppError(
        'configuration',
        `the token file is not as it must be: tokens.${index}: another token of this name has another requestsPerSecond`,
      );
    }
    rates.set(name, requestsPerSecond);
  }
}
