import { Counter, Gauge, type Registry } from 'prom-client';

export interface IngestMetrics {
  countItems(outcome: 'accepted' | 'filtered' | 'refused', count: number): void;
  countRequest(status: number): void;
}

/** What ingest counts; `inFlightBytes` is asked when the metrics are read. */
export function createMetrics(registry: Registry, inFlightBytes: () => number): IngestMetrics {
  const itemCounts = new Map<string, number>();
  const items = new Counter({
    name: 'prodsentinel_ingest_items_total',
    help: 'Items by what became of them; those of requests that failed as a whole are not counted',
    labelNames: ['outcome'],
    registers: [],
    collect() {
      publishCounts(this, 'outcome', itemCounts);
    },
  });
  registry.registerMetric(items);
  const requestCounts = new Map<number, number>();
  const requests = new Counter({
    name: 'prodsentinel_ingest_requests_total',
    help: 'Requests by status of the answer',
    labelNames: ['status'],
    registers: [],
    collect() {
      publishCounts(this, 'status', requestCounts);
    },
  });
  registry.registerMetric(requests);
  const inFlight = new Gauge({
    name: 'prodsentinel_ingest_in_flight_bytes',
    help: 'Bytes of body held by requests that are not answered yet',
    registers: [],
    collect() {
      this.set(inFlightBytes());
    },
  });
  registry.registerMetric(inFlight);
  return {
    countItems: (outcome, count) => {
      if (count > 0) itemCounts.set(outcome, (itemCounts.get(outcome) ?? 0) + count);
    },
    countRequest: (status) => requestCounts.set(status, (requestCounts.get(status) ?? 0) + 1),
  };
}

/** Counted by ourselves and shown when asked: finding the labels' counter takes a microsecond each time. */
function publishCounts<Name extends string>(
  counter: Counter<Name>,
  label: Name,
  counts: ReadonlyMap<string | number, number>,
): void {
  counter.reset();
  for (const [value, count] of counts)
    counter.inc({ [label]: value } as Record<Name, string | number>, count);
}
