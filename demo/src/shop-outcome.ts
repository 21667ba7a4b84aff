import type { SystemTotals } from './read-system-totals.ts';
import type { ShopCounts } from './shop/shop.ts';

/** What the shop sent beside what came of it, a line each. */
export function describeOutcome(sent: ShopCounts, totals: SystemTotals): string[] {
  const { http, avro, json } = sent.failuresBy;
  const difference = totals.failures - sent.failures;
  const counted =
    difference === 0
      ? 'none counted twice'
      : `${Math.abs(difference)} ${difference > 0 ? 'too many' : 'missing'}`;
  return [
    `failures    ${totals.failures} counted of ${sent.failures} sent (${http} over HTTP, ${avro} as Avro, ${json} as JSON)`,
    `traces      ${totals.traces} with a failure, of ${sent.requests} requests`,
    `incidents   ${totals.incidents}`,
    `analyses    ${totals.analyses} (${totals.doubleAnalyses} double, ${totals.modelCalls} model calls)`,
    `duplicates  ${sent.repeatedFailures} failures were sent twice: ${counted}`,
    `malformed   ${totals.deadLetters} dead letters of ${sent.malformedMessages} malformed messages; ${sent.malformedBodies} malformed bodies refused by ingest`,
  ];
}
