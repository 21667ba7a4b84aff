import { renderIncidentTable, type ConsoleContext } from '@prodsentinel/cli';
import { AppError, backoffMs, delay, isAppError, withDeadline } from '@prodsentinel/kernel';
import { readTopic } from '@prodsentinel/messaging';
import { createIncidentReader, type DemoIncident } from './demo-incident.ts';
import { readSystemTotals } from './read-system-totals.ts';
import { waitUntilSettled } from './settle/wait-until-settled.ts';
import { findMissingDeadLetters, findMissingFaults } from './shop-verdict.ts';
import { describeOutcome } from './shop-outcome.ts';
import { createShop, type Shop } from './shop/shop.ts';
import type { Everything } from './start-everything.ts';
import { createIncidentView } from './view/incident-view.ts';

export interface ShopDemoOptions {
  readonly everything: Everything;
  readonly context: ConsoleContext;
  readonly seed: number;
  /** Whether the shop is open; closed, only what the user sends is shown. */
  readonly shop: boolean;
  /** Whether to end when every fault has become its incident. */
  readonly once: boolean;
  /** Where a live table can be drawn; absent: plain lines. */
  readonly terminal: NodeJS.WriteStream | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const requestsPerSecond = 12;
const pollMs = 1_000;
const onceDeadlineMs = 120_000;
const closingDeadlineMs = 20_000;
/** More dead letters than the shop makes in an hour. */
const maxDeadLetters = 5_000;

/**
 * Lets the shop run and shows its incidents: until the user stops it, or, with `once`, until each fault has become its
 * incident and the malformed messages are dead letters; then the shop closes, the pipeline catches up, and the totals are
 * told.
 *
 * @throws AppError `conflict` saying what is missing when `once` does not succeed in time; `unavailable` with the last
 *   lines of a service that ended
 */
export async function runShopDemo(options: ShopDemoOptions): Promise<void> {
  const { everything, context, once } = options;
  const { out, say } = context;
  const shop = createShop({
    ...everything,
    ingestUrl: ingestUrlOf(everything),
    seed: options.seed,
    requestsPerSecond,
    now: options.now,
  });
  const closing = new AbortController();
  const closed = AbortSignal.any([context.signal, closing.signal]);
  if (!once) for (const line of howToSend(everything)) say(line);
  const shopNews = `the shop is open: ${requestsPerSecond} requests a second, some meet one of four faults`;
  say(options.shop ? `${shopNews}; Ctrl-C ends it` : 'waiting for your failures; Ctrl-C ends it');
  const running = options.shop ? shop.run(closed) : Promise.resolve();
  // Its failure is met below, where it is waited for; it must not end the process before that.
  running.catch(() => closing.abort());
  try {
    await Promise.race([watch(options, shop, closed), everything.system.failed]);
  } finally {
    closing.abort();
    // What is under way gets its time; a demo that cannot be left would be worse than a lost tick.
    await withDeadline('closing the shop', closingDeadlineMs, running);
  }
  if (once && !context.signal.aborted) {
    say('every fault has become its incident; the shop is closed, the pipeline catches up …');
    await waitUntilSettled({ ...everything, signal: context.signal });
    out('');
    out(
      renderIncidentTable(await createIncidentReader(everything.database)(), {
        ...context,
        hasEvidence: true,
      }),
    );
  }
  if (context.signal.aborted) return;
  const totals = await readSystemTotals(everything.connection, everything.database);
  out('');
  for (const line of describeOutcome(shop.counts, totals)) out(line);
}

async function watch(options: ShopDemoOptions, shop: Shop, closed: AbortSignal): Promise<void> {
  const { everything, context, once, now } = options;
  const readIncidents = createIncidentReader(everything.database);
  const view = createIncidentView(context, options.terminal);
  const startedAtMs = now();
  let isFirst = true;
  try {
    for (let retry = 0; !closed.aborted;) {
      try {
        const incidents = await readIncidents();
        if (isFirst && incidents.length > 0) {
          isFirst = false;
          context.say(`the first incident, ${seconds(performance.now())} after the start of this process`);
        }
        view.show(incidents, statusOf(options.shop ? shop : undefined, incidents));
        const missing = once ? await whatIsMissing(everything, incidents) : undefined;
        if (missing?.length === 0) return;
        if (missing && now() - startedAtMs > onceDeadlineMs) throw notInTime(missing);
        retry = 0;
        await delay(pollMs, closed);
      } catch (error) {
        if (closed.aborted) return;
        if (!isAppError(error) || error.code !== 'unavailable') throw error;
        await delay(backoffMs(++retry, { maxMs: 2_000 }), closed);
      }
    }
  } finally {
    view.end();
  }
}

async function whatIsMissing(
  { connection }: Everything,
  incidents: readonly DemoIncident[],
): Promise<readonly string[]> {
  // Reading a topic takes a group of its own: not before the incidents are there.
  const missingFaults = findMissingFaults(incidents);
  if (missingFaults.length > 0) return missingFaults;
  return findMissingDeadLetters(await readTopic(connection, 'failures.dlq', { maxRecords: maxDeadLetters }));
}

function notInTime(missing: readonly string[]): AppError {
  const lines = missing.map((line) => `  ${line}`).join('\n');
  return new AppError('conflict', `not complete after ${seconds(onceDeadlineMs)}:\n${lines}`);
}

function statusOf(shop: Shop | undefined, incidents: readonly DemoIncident[]): string {
  const analysed = incidents.filter(({ rootCause }) => rootCause !== null).length;
  const outcome = `${incidents.length} incidents, ${analysed} analysed`;
  if (!shop) return outcome;
  return `shop: ${shop.counts.requests} requests, ${shop.counts.failures} failures → ${outcome}`;
}

function howToSend(everything: Everything): string[] {
  const body = '{"service": "cart", "level": "error", "message": "payment refused"}';
  const url = ingestUrlOf(everything);
  return [
    'send failures of your own:',
    `  curl -i ${url}/v1/failures -H 'content-type: application/json' -d '${body}'`,
    'or in any way of docs/sending.md, whose examples read these variables:',
    `  export INGEST_URL=${url} KAFKA_BROKERS=${everything.connection.brokers.join(',')}`,
    `  export SCHEMA_REGISTRY_URL=${everything.registryUrl} KAFKA_TOPIC=failures`,
  ];
}

function ingestUrlOf({ system }: Everything): string {
  const url = system.services.ingest[0]?.addresses['ingest'];
  if (!url) throw new AppError('bug', 'ingest did not say where it listens');
  return url;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
