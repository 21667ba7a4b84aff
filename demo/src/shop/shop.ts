import type { FailureSignal } from '@prodsentinel/contracts';
import { AppError, delay, Releasers } from '@prodsentinel/kernel';
import {
  createCodec,
  createProducer,
  RawProducer,
  type KafkaConnection,
  type RawMessage,
} from '@prodsentinel/messaging';
import { deliver } from '../deliver.ts';
import { malformedBody, malformedKeyOf, malformedMessages } from './malformed.ts';
import { postFailures } from './post-failures.ts';
import { shopTraffic, type Route, type ShopTraffic } from './traffic.ts';

export interface ShopOptions {
  readonly connection: KafkaConnection;
  readonly registryUrl: string;
  readonly ingestUrl: string;
  /** Decides everything but the times. */
  readonly seed: number;
  readonly requestsPerSecond: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What the shop has delivered. */
export interface ShopCounts {
  requests: number;
  /** Distinct failure signals. */
  failures: number;
  /** Distinct traces with a failure signal. */
  failingRequests: number;
  /** The failure signals by the way they went. */
  failuresBy: Record<Route, number>;
  /** Failure signals that were sent a second time, under the same ids. */
  repeatedFailures: number;
  malformedMessages: number;
  /** Bodies that ingest refused, as it should. */
  malformedBodies: number;
}

export interface Shop {
  /** Resolves when the signal aborts. @throws AppError `unavailable` when something cannot be delivered */
  run(signal: AbortSignal): Promise<void>;
  readonly counts: Readonly<ShopCounts>;
}

const tickMs = 250;
const ticksUntilMalformed = 4;
const ticksBetweenMalformed = 120;

/**
 * A shop whose customers meet four faults. Each tick it delivers what the requests of that tick logged and waits until it
 * was taken, so that no more than one tick is ever under way.
 */
export function createShop(options: ShopOptions): Shop {
  const counts: ShopCounts = {
    requests: 0,
    failures: 0,
    failingRequests: 0,
    failuresBy: { http: 0, avro: 0, json: 0 },
    repeatedFailures: 0,
    malformedMessages: 0,
    malformedBodies: 0,
  };
  return {
    counts,
    async run(signal) {
      const resources = new Releasers();
      try {
        await serve(options, counts, await startSenders(options, signal, resources), signal);
      } finally {
        await resources.release();
      }
    },
  };
}

async function serve(
  options: ShopOptions,
  counts: ShopCounts,
  senders: Senders,
  signal: AbortSignal,
): Promise<void> {
  const traffic = shopTraffic(options.seed, () => options.now() * 1_000);
  const size = Math.max(1, Math.round((options.requestsPerSecond * tickMs) / 1_000));
  let repeats: ShopTraffic[] = [];
  for (let tick = 1; !signal.aborted; tick++) {
    const requests = Array.from({ length: size }, () => traffic.next().value);
    await sendAll(requests, senders);
    count(counts, requests);
    // Never in one batch with the first sending: a repetition comes later.
    await sendAll(repeats, senders);
    counts.repeatedFailures += repeats.flatMap(({ signals }) => signals.filter(isFailure)).length;
    repeats = requests.filter(({ isSentTwice }) => isSentTwice);
    if (tick % ticksBetweenMalformed === ticksUntilMalformed) await sendMalformed(counts, senders);
    await pause(signal);
  }
}

/** A failure by the rule that the analyzer counts by: ERROR and above. */
function isFailure({ severityNumber }: FailureSignal): boolean {
  return severityNumber >= 17;
}

type Send = (requests: readonly ShopTraffic[]) => Promise<void>;
interface Senders {
  readonly byRoute: Record<Route, Send>;
  readonly sendRaw: (key: string, value: Buffer) => Promise<void>;
  readonly postMalformed: () => Promise<void>;
}

async function startSenders(
  { connection, registryUrl, ingestUrl }: ShopOptions,
  signal: AbortSignal,
  resources: Releasers,
): Promise<Senders> {
  const codec = createCodec(registryUrl, connection.topicPrefix);
  const producer = createProducer({ connection, codec, topics: ['failures'] });
  const raw = new RawProducer(connection);
  resources.add('the Avro producer', producer, (each) => each.stop());
  resources.add('the raw producer', raw, (each) => each.stop());
  await producer.start(signal);
  await raw.start(signal);
  return {
    byRoute: {
      avro: (requests) => {
        const records = requests.flatMap(({ traceId, signals }) =>
          signals.map((value) => ({ topic: 'failures' as const, key: traceId, value })),
        );
        return deliver('Avro', () => producer.send(records), signal);
      },
      json: (requests) => {
        const messages = requests.flatMap(({ traceId, signals }) =>
          signals.map((each) => toKafka(traceId, Buffer.from(JSON.stringify(each)))),
        );
        return deliver('JSON', () => raw.sendRaw(messages), signal);
      },
      http: (requests) => {
        const body = JSON.stringify(requests.flatMap(({ signals }) => signals));
        return deliver('a batch over HTTP', () => postWellFormed(ingestUrl, body), signal);
      },
    },
    sendRaw: (key, value) => deliver(key, () => raw.sendRaw([toKafka(key, value)]), signal),
    postMalformed: () => deliver('a malformed body', () => postMalformed(ingestUrl), signal),
  };
}

function toKafka(key: string, value: Buffer): RawMessage {
  return { topic: 'failures', key, value };
}

async function sendAll(requests: readonly ShopTraffic[], { byRoute }: Senders): Promise<void> {
  const routes = Object.keys(byRoute) as Route[];
  await Promise.all(
    routes.map(async (route) => {
      const ofRoute = requests.filter((each) => each.route === route);
      if (ofRoute.length > 0) await byRoute[route](ofRoute);
    }),
  );
}

function count(counts: ShopCounts, requests: readonly ShopTraffic[]): void {
  for (const { signals, route } of requests) {
    const failures = signals.filter(isFailure).length;
    counts.requests++;
    counts.failures += failures;
    counts.failuresBy[route] += failures;
    if (failures > 0) counts.failingRequests++;
  }
}

async function sendMalformed(counts: ShopCounts, { sendRaw, postMalformed }: Senders): Promise<void> {
  for (const { name, value } of malformedMessages) {
    await sendRaw(malformedKeyOf(name), value);
    counts.malformedMessages++;
  }
  await postMalformed();
  counts.malformedBodies++;
}

async function postWellFormed(ingestUrl: string, body: string): Promise<void> {
  const { status, body: answer } = await postFailures(ingestUrl, body);
  if (status !== 202) {
    throw new AppError('bug', `ingest answered ${status} to well-formed signals: ${JSON.stringify(answer)}`);
  }
}

async function postMalformed(ingestUrl: string): Promise<void> {
  const { status } = await postFailures(ingestUrl, malformedBody);
  if (status !== 400) throw new AppError('bug', `ingest answered ${status}, not 400, to a malformed body`);
}

async function pause(signal: AbortSignal): Promise<void> {
  try {
    await delay(tickMs, signal);
  } catch {
    // Asked to stop: the loop's condition ends it.
  }
}
