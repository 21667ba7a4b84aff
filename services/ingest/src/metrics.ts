import { Counter, Gauge, type Registry } from 'prom-client';

export interface IngestMetrics {
  countItems(outcome: 'accepted' | 'filtered' | 'refused', count: number): void;
  countRequest(status: number): void;
}

/** What ingest counts; `inFlightBytes` is asked when the metrics are read. */
export function createMetrics(registry: Registry, inFlightBytes: () => number): IngestMetrics {
  const registers = [registry];
  const items = new Counter({
    name: 'prodsentinel_ingest_items_total',
    help: 'Items by what became of them; those of requests that failed as a whole are not counted',
    labelNames: ['outcome'],
    registers,
  });
  const requests = new Counter({
    name: 'prodsentinel_ingest_requests_total',
    help: 'Requests by status of the answer',
    labelNames: ['status'],
    registers,
  });
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
      if (count > 0) items.inc({ outcome }, count);
    },
    countRequest: (status) => requests.inc({ status: String(status) }),
  };
}
