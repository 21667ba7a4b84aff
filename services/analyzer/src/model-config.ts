import { join } from 'node:path';
import { AppError } from '@prodsentinel/kernel';
import { setting, type readSettings } from '@prodsentinel/process';
import { budgetWindows, type BudgetLimit, type BudgetLimits } from './diagnose/model-budget.ts';
import { readModelPrice, type ModelPrice } from './diagnose/model-prices.ts';

const second = 1_000;
const defaultPrices = join(import.meta.dirname, '..', 'model-prices.json');
const budgetForm = 'calls=N,tokens=N,dollars=N, each of them or fewer';

/** Settings of the model that diagnose asks. */
export const modelSettings = {
  OPENAI_API_KEY: setting.secret('Key of the model server; without it the rules answer everything'),
  OPENAI_BASE_URL: setting.url(
    'Any server that speaks the protocol of OpenAI',
    ['http:', 'https:'],
    'https://api.openai.com/v1',
  ),
  OPENAI_MODEL: setting.text('Name of the model', 'gpt-5-mini'),
  MODEL_PRICES_FILE: setting
    .text('')
    .optional()
    .describe('JSON file with dollars per million tokens of each model, instead of the one that comes along'),
  MODEL_ATTEMPT_TIMEOUT_MS: setting.wholeNumber('Milliseconds for one call', {
    min: 50,
    max: 600 * second,
    fallback: 45 * second,
  }),
  MODEL_DEADLINE_MS: setting.wholeNumber('Milliseconds for all calls of one request, waits included', {
    min: 50,
    max: 600 * second,
    fallback: 90 * second,
  }),
  MODEL_MAX_INPUT_TOKENS: setting.wholeNumber('Tokens of one question, at most', {
    min: 1_000,
    max: 1_000_000,
    fallback: 8_000,
  }),
  MODEL_MAX_OUTPUT_TOKENS: setting.wholeNumber('Tokens of one answer, at most', {
    min: 100,
    max: 100_000,
    fallback: 4_000,
  }),
  MODEL_MAX_ANSWER_BYTES: setting.wholeNumber(
    'Bytes of one answer of the model server, at which it is cut off',
    {
      min: 1_000,
      max: 64 * 1024 * 1024,
      fallback: 1024 * 1024,
    },
  ),
  MODEL_BUDGET_MINUTE: setting.list(`Over all processes in one minute: ${budgetForm}`, 'calls=20'),
  MODEL_BUDGET_HOUR: setting.list(`Over all processes in one hour: ${budgetForm}`, 'calls=300'),
  MODEL_BUDGET_DAY: setting.list(`Over all processes on one UTC day: ${budgetForm}`, 'dollars=10'),
  MODEL_BUDGET_INCIDENT: setting.list(`For one incident: ${budgetForm}`, 'calls=12,dollars=1'),
  MODEL_OPT_OUT_SERVICES: setting.list('Services of which nothing is sent to a model; -: none', '-'),
  MODEL_PSEUDONYM_KEY: setting.secret(
    'Key of the pseudonyms that stand for identities; without it a new one for each process',
  ),
};

type Given = ReturnType<typeof readSettings<typeof modelSettings>>;

export interface ModelConfig {
  readonly apiKey: string | undefined;
  readonly optedOut: readonly string[];
  readonly budgets: BudgetLimits;
  readonly price: ModelPrice;
}

/** @throws AppError `configuration` for a malformed budget or a price that cannot be found */
export function toModelConfig(given: Given): ModelConfig {
  const budgets = Object.fromEntries(
    budgetWindows.map((window) => {
      const name = `MODEL_BUDGET_${window.toUpperCase()}` as keyof Given;
      return [window, parseBudget(name, given[name] as string[])];
    }),
  ) as unknown as BudgetLimits;
  return {
    apiKey: given.OPENAI_API_KEY,
    optedOut: given.MODEL_OPT_OUT_SERVICES.filter((each) => each !== '-'),
    budgets,
    price: readModelPrice(given.MODEL_PRICES_FILE ?? defaultPrices, given.OPENAI_MODEL),
  };
}

/** What is not named is not limited. */
const unlimited = 1_000_000_000;

function parseBudget(name: string, parts: readonly string[]): BudgetLimit {
  const limit = { calls: unlimited, tokens: unlimited, dollars: unlimited };
  for (const part of parts) {
    const [, kind, amount] = /^(calls|tokens|dollars)=(\d{1,9}(?:\.\d{1,6})?)$/.exec(part) ?? [];
    if (kind === undefined) throw new AppError('configuration', `  ${name}: expected ${budgetForm}`);
    limit[kind as keyof BudgetLimit] = Number(amount);
  }
  return limit;
}
