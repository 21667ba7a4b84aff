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
 * @throws AppError `configuration` when the file cannot be read, is malformed, or knows no price
 */
export function readModelPrice(path: string, model: string): ModelPrice {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw fail(describeError(error));
  }
  const result = z
    .string()
    .transform((json, context) => {
      try {
        return JSON.parse(json) as unknown;
      } catch {
        context.addIssue('it is not JSON');
        return z.NEVER;
      }
    })
    .pipe(pricesSchema)
    .safeParse(text);
  if (!result.success)
    throw fail('expected {"MODEL": {"inputDollarsPerMillion": …, "outputDollarsPerMillion": …}}');
  const found = result.data[model] ?? result.data['*'];
  if (!found) throw fail(`neither ${model} nor * has a price`);
  return found;
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
