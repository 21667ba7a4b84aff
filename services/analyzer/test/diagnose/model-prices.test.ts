import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { dollarsOf, readModelPrice } from '../../src/diagnose/model-prices.ts';

const directory = mkdtempSync(join(tmpdir(), 'prodsentinel-prices-'));
const file = join(directory, 'prices.json');
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function problemOf(text: string): string {
  writeFileSync(file, text);
  try {
    readModelPrice(file, 'm');
    return 'none';
  } catch (error) {
    return (error as Error).message;
  }
}

const price = (input: unknown, output: unknown = 2) => ({
  inputDollarsPerMillion: input,
  outputDollarsPerMillion: output,
});

test('the price of a model is that of its name, else that of *', () => {
  writeFileSync(file, JSON.stringify({ m: price(1), '*': price(5) }));
  expect([readModelPrice(file, 'm'), readModelPrice(file, 'n')]).toEqual([price(1), price(5)]);
  expect(
    dollarsOf(price(1) as { inputDollarsPerMillion: number; outputDollarsPerMillion: number }, {
      input: 500_000,
      output: 1_000_000,
    }),
  ).toBe(2.5);
});

test.each([
  ['no JSON: the line', '{\n  "m": {\n    "inputDollarsPerMillion": 1,,\n', /line 3/],
  [
    'a price that is a text: the model and the field',
    JSON.stringify({ m: price('1') }),
    /m\.inputDollarsPerMillion/,
  ],
  ['a negative price', JSON.stringify({ m: price(1, -1) }), /m\.outputDollarsPerMillion/],
  ['a missing field', '{"m": {"inputDollarsPerMillion": 1}}', /m\.outputDollarsPerMillion/],
  ['a field too many', JSON.stringify({ m: { ...price(1), perCall: 1 } }), /m: .*perCall/],
  ['no object', '[]', /all of it/],
  ['no price for the model', '{}', /neither m nor \* has a price/],
])('a file that is wrong is named, with the variable and the place: %s', (_, text, expected) => {
  const problem = problemOf(text);
  expect(problem).toContain('MODEL_PRICES_FILE');
  expect(problem).toContain(file);
  expect(problem).toMatch(expected);
});

test('a file that is not there is named', () => {
  expect(() => readModelPrice(join(directory, 'nowhere.json'), 'm')).toThrow(
    /MODEL_PRICES_FILE: .*nowhere\.json/,
  );
});
