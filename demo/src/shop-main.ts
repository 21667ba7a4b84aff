import { createConsoleContext, listenForStop, readKafkaAccess } from '@prodsentinel/cli';
import { createShop } from './shop/shop.ts';

// The shop alone, in front of a ProdSentinel that runs elsewhere: the demo profile of the compose file.
const say = (line: string) => void process.stderr.write(`${line}\n`);
const signal = listenForStop({ say, beforeForcedExit: () => undefined });
const context = createConsoleContext(process.env, signal);
const ingestUrl = process.env['INGEST_URL'] ?? 'http://127.0.0.1:8080';
const shop = createShop({
  ...readKafkaAccess(context.env, 'prodsentinel-shop', context.say),
  ingestUrl,
  seed: 20,
  requestsPerSecond: 4,
  now: Date.now,
});
context.say(`the shop is open; its failures go to ${ingestUrl} and straight to Kafka`);
await shop.run(signal);
context.say(`the shop is closed: ${shop.counts.requests} requests, ${shop.counts.failures} failures`);
