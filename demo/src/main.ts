import { createConsoleContext, listenForStop, runProgram } from '@prodsentinel/cli';
import { startFakeModel, type FakeModel } from '@prodsentinel/fake-model';
import { createDemoProgram, type DemoArguments } from './arguments.ts';
import { checkReadable } from './replay/read-lines.ts';
import { runReplayDemo } from './replay-demo.ts';
import { runShopDemo } from './shop-demo.ts';
import { preferredIngestPort } from './preferred-ingest-port.ts';
import { startEverything } from './start-everything.ts';
import type { System } from './system/start-system.ts';

let running: System | undefined;
const stopping = listenForStop({
  say: (line) => process.stderr.write(`${line}\n`),
  // The servers end by themselves when we are gone; the services would only after a moment.
  beforeForcedExit: () => running?.killNow(),
});
const context = createConsoleContext(process.env, stopping);

/** So that the demo's first incident is not a quarter of a minute away; a replay runs with the defaults. */
const liveSettings = {
  WINDOW_QUIET_MS: '1500',
  WINDOW_MAX_AGE_MS: '5000',
  FIRST_ANALYSIS_DELAY_MS: '3000',
  SWEEP_INTERVAL_MS: '250',
};

function modelSettings(fake: FakeModel | undefined): Record<string, string> {
  return fake ? { OPENAI_BASE_URL: fake.url, OPENAI_API_KEY: 'none' } : {};
}

async function runDemo(args: DemoArguments): Promise<void> {
  const { once, input, fakeModel } = args;
  const isReplay = input.length > 0;
  // Before a whole stack is started for a misspelt name.
  for (const file of input) await checkReadable(file);
  if (!isReplay) {
    context.say('for the demo, windows close and first analyses come after 1.5 s and 3 s instead of 5 s');
  }
  const fake = fakeModel ? await startFakeModel() : undefined;
  if (fake) context.say(`a fake model answers at ${fake.url}: what it says is not worth anything`);
  try {
    const live = isReplay ? {} : { ...liveSettings, INGEST_PORT: await preferredIngestPort(once) };
    await runSystem(args, { ...live, ...modelSettings(fake) });
  } finally {
    await fake?.stop();
  }
}

async function runSystem(
  { once, shop, input, json, seed }: DemoArguments,
  settings: Record<string, string>,
): Promise<void> {
  const everything = await startEverything({
    context,
    settings,
    onSystem: (system) => (running = system),
  });
  const common = { everything, context, now: Date.now };
  const terminal = process.stdout.isTTY ? process.stdout : undefined;
  try {
    if (input.length > 0) await runReplayDemo({ ...common, files: input, isJson: json });
    else await runShopDemo({ ...common, seed, shop, once, terminal });
  } finally {
    await everything.stop();
  }
}

process.exitCode = await runProgram(createDemoProgram(context, runDemo), process.argv.slice(2), context);
