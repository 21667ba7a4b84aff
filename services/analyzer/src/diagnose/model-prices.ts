import { readFileSync } from 'node:fs';
import { AppError, describeError } from '@prodsentinel/kernel';
import { z } from 'zod';

const price = z.number().min(0).max(1_000_000);
const pricesSchema = z.record(
  z.string(),
  z.strictObject({ inputDollarsPerMillion: price, outputDollarsPerMillion: price }),
);
export type ModelPrice = z.infer<typeof pricesSchema>[string];

/**
 * The price of a model from a JSON file: by its name, else that of `*`.
 *
 * @throws AppError `configuration` naming the file when it cannot be read or knows no price; where it is no JSON, with the
 *   line; where a price is malformed, with its model and field
 */
export function readModelPrice(path: string, model: string): ModelPrice {
  const prices = parsePrices(path, readText(path));
  const found = prices[model] ?? prices['*'];
  if (!found) throw fail(`${path}: neither ${model} nor * has a price`);
  return found;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw fail(describeError(error));
  }
}

function parsePrices(path: string, text: string): z.infer<typeof pricesSchema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // The engine says line and column.
    throw fail(`${path}: ${describeError(error)}`);
  }
  const result = pricesSchema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    ({ path: at, message }) => `${at.join('.') || 'all of it'}: ${message}`,
  );
  throw fail(
    `${path}: ${problems.slice(0, 5).join('; ')}; expected {"MODEL": {"inputDollarsPerMillion": …, "outputDollarsPerMillion": …}}`,
  );
}

export function dollarsOf(
  { inputDollarsPerMillion, outputDollarsPerMillion }: ModelPrice,
  tokens: { readonly input: number; readonly output: number },
): number {
  return (tokens.input * inputDollarsPerMillion + tokens.output * outputDollarsPerMillion) / 1_000_000;
}

function fail(problem: string): AppError {
  return new AppError('configuration', `  MODEL_PRICES_FILE: ${problem}`);
}
