import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** How one partition of a group stands, as this member sees it. */
export interface PartitionStanding {
  readonly topic: string;
  readonly partition: number;
  /** Records between the low-water mark and the end; undefined until both are known. */
  readonly lagRecords: number | undefined;
  /** Age of the oldest record given out and not finished; 0 when there is none. */
  readonly oldestUnfinishedSeconds: number;
  readonly inFlight: number;
  /** In the log, of records given out and neither finished nor held. */
  readonly inFlightBytes: number;
  readonly isPaused: boolean;
  readonly isHalted: boolean;
}

/** What a consumer says of itself. */
export interface ConsumerMetrics {
  rebalanced(): void;
  committed(outcome: 'ok' | 'failed' | 'refused'): void;
  /** Held records of a lost assignment were finished: their offsets did not move. */
  staleRefused(count: number): void;
  deadLetter(topic: string, reason: string): void;
  retried(topic: string, records: number): void;
  /** A handler was found hanging. */
  handlerHangs(): void;
  /** A drain ended, complete or at its limit. */
  drained(seconds: number, isComplete: boolean): void;
  offsetReset(topic: string, kind: string): void;
  crashed(): void;
  /** The gauges of this consumer are no longer shown. */
  close(): void;
}

/** What the gauges look at when somebody asks. */
export interface ConsumerView {
  readonly standings: () => readonly PartitionStanding[];
  /** Handlers that are hanging now. */
  readonly hanging: () => number;
}

/**
 * The metrics of one consumer. Consumers of one process share a registry: the instruments are made once for each, and
 * told apart by the label `consumergroup`.
 */
export function createConsumerMetrics(
  registry: Registry,
  groupId: string,
  { standings, hanging }: ConsumerView,
): ConsumerMetrics {
  const instruments = instrumentsOf(registry);
  const consumergroup = groupId;
  const source = { consumergroup, standings, hanging };
  instruments.sources.add(source);
  return {
    rebalanced: () => instruments.rebalances.inc({ consumergroup }),
    committed: (outcome) => instruments.commits.inc({ consumergroup, outcome }),
    staleRefused: (count) => instruments.stale.inc({ consumergroup }, count),
    deadLetter: (topic, reason) => instruments.deadLetters.inc({ consumergroup, topic, reason }),
    retried: (topic, records) => instruments.retries.inc({ consumergroup, topic }, records),
    handlerHangs: () => instruments.hung.inc({ consumergroup }),
    drained(seconds, isComplete) {
      instruments.drains.observe({ consumergroup }, seconds);
      if (!isComplete) instruments.drainTimeouts.inc({ consumergroup });
    },
    offsetReset: (topic, kind) => instruments.offsetResets.inc({ consumergroup, topic, kind }),
    crashed: () => instruments.crashes.inc({ consumergroup }),
    close: () => void instruments.sources.delete(source),
  };
}

interface Source extends ConsumerView {
  readonly consumergroup: string;
}

type Instruments = ReturnType<typeof createCounters> & { readonly sources: Set<Source> };

const byRegistry = new WeakMap<Registry, Instruments>();

function instrumentsOf(registry: Registry): Instruments {
  const existing = byRegistry.get(registry);
  if (existing) return existing;
  const sources = new Set<Source>();
  registerGauges(registry, sources);
  const created = { ...createCounters(registry), sources };
  byRegistry.set(registry, created);
  return created;
}

const group = 'consumergroup';

function createCounters(registry: Registry) {
  const counter = (name: string, help: string, ...labelNames: string[]) =>
    new Counter({
      name: `prodsentinel_${name}`,
      help,
      labelNames: [group, ...labelNames],
      registers: [registry],
    });
  return {
    rebalances: counter('consumer_rebalances_total', 'Times this member joined its group again'),
    commits: counter('consumer_commits_total', 'Commits by outcome: ok, failed, refused', 'outcome'),
    stale: counter(
      'consumer_stale_commits_refused_total',
      'Records of lost partitions whose end moved no offset',
    ),
    deadLetters: counter('dead_letters_total', 'Records set aside, by reason', 'topic', 'reason'),
    retries: counter('record_retries_total', 'Tries of records beyond the first of each', 'topic'),
    hung: counter('handlers_hung_total', 'Handlers found beyond their limit; the log names their offsets'),
    drains: new Histogram({
      name: 'prodsentinel_consumer_drain_duration_seconds',
      help: 'Time until the handlers at work had ended, before a stop',
      labelNames: [group],
      buckets: [0.01, 0.05, 0.25, 1, 2.5, 5, 10, 20, 30],
      registers: [registry],
    }),
    drainTimeouts: counter('consumer_drain_timeouts_total', 'Drains that ended at their limit'),
    offsetResets: counter(
      'offset_resets_total',
      'Offsets that were not where reading could go on: expired, recreated or reset',
      'topic',
      'kind',
    ),
    crashes: counter('consumer_crashes_total', 'Times kafkajs gave up and began again'),
  };
}

function registerGauges(registry: Registry, sources: Set<Source>): void {
  const partitionGauge = (
    name: string,
    help: string,
    read: (each: PartitionStanding) => number | undefined,
  ) =>
    new Gauge({
      name: `prodsentinel_${name}`,
      help,
      labelNames: [group, 'topic', 'partition'],
      // A partition is one member's: while two threads believe to have it, its lag is not twice as much.
      aggregator: 'max',
      registers: [registry],
      collect() {
        this.reset();
        for (const { consumergroup, standings } of sources) {
          for (const each of standings()) {
            const value = read(each);
            const { topic, partition } = each;
            if (value !== undefined) this.set({ consumergroup, topic, partition }, value);
          }
        }
      },
    });
  partitionGauge(
    'kafka_consumer_lag',
    'Records not finished, in flight or not yet read',
    (each) => each.lagRecords,
  );
  partitionGauge(
    'kafka_consumer_oldest_unfinished_seconds',
    'Age of the oldest record given out and not finished',
    (each) => each.oldestUnfinishedSeconds,
  );
  registerGroupGauges(registry, sources);
}

function registerGroupGauges(registry: Registry, sources: Set<Source>): void {
  const groupGauge = (name: string, help: string, read: (source: Source) => number) =>
    new Gauge({
      name: `prodsentinel_${name}`,
      help,
      labelNames: [group],
      registers: [registry],
      collect() {
        this.reset();
        for (const source of sources) this.set({ consumergroup: source.consumergroup }, read(source));
      },
    });
  const sum = ({ standings }: Source, read: (each: PartitionStanding) => number) =>
    standings().reduce((total, each) => total + read(each), 0);
  groupGauge('consumer_inflight', 'Records given out and not finished, held ones included', (source) =>
    sum(source, (each) => each.inFlight),
  );
  groupGauge(
    'consumer_inflight_bytes',
    'Bytes in the log of records given out and neither finished nor held',
    (source) => sum(source, (each) => each.inFlightBytes),
  );
  groupGauge('consumer_partitions', 'Partitions this member holds', ({ standings }) => standings().length);
  groupGauge('consumer_paused_partitions', 'Partitions not fetched because too much is in flight', (source) =>
    sum(source, (each) => Number(each.isPaused)),
  );
  groupGauge(
    'consumer_halted_partitions',
    'Partitions that stand still until a human resumes them',
    (source) => sum(source, (each) => Number(each.isHalted)),
  );
  groupGauge('consumer_hanging_handlers', 'Handlers at work for longer than their limit', ({ hanging }) =>
    hanging(),
  );
}
