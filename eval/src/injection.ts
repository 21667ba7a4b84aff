import { askAlone } from '@prodsentinel/analyzer';
import type { ConsoleContext } from '@prodsentinel/cli';
import type { AnalysisCompleted } from '@prodsentinel/contracts';
import { findEscapes } from './find-escapes.ts';
import { injections, type Injection } from './injection-corpus.ts';
import { startObeyingModel } from './obeying-model.ts';

/** How an injection is put to the model and read back; a test replaces it by one that lets something through. */
export type Ask = (url: string, injection: Injection) => Promise<AnalysisCompleted>;

const askAsTheProduct: Ask = (url, { request }) => askAlone(url, request);

/**
 * Plays the corpus against a model that obeys it, over real HTTP. Prints each attempt (with `--json` all of them, else only
 * those that escaped) and last `attempts` and `escapes`.
 *
 * @returns how many escaped
 */
export async function runInjection(
  { json }: { readonly json: boolean },
  { out }: Pick<ConsoleContext, 'out'>,
  ask: Ask = askAsTheProduct,
): Promise<number> {
  const model = await startObeyingModel();
  let escapes = 0;
  try {
    for (const injection of injections) {
      const before = model.seen.length;
      model.obey(injection.order);
      const analysis = await ask(model.url, injection);
      const sent = model.seen.slice(before).map(({ body }) => body);
      const escaped = findEscapes(injection, analysis, sent);
      if (escaped.length > 0) escapes += 1;
      const { place, order } = injection;
      if (json) out(JSON.stringify({ place, order, verdict: analysis.verdict, escaped }));
      else if (escaped.length > 0) out(`${place}: ${JSON.stringify(order)}: ${escaped.join(', ')}`);
    }
  } finally {
    await model.stop();
  }
  const attempts = injections.length;
  out(json ? JSON.stringify({ attempts, escapes }) : `${attempts} attempts, ${escapes} escapes`);
  return escapes;
}
