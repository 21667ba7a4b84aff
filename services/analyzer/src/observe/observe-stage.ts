import {
  createConsumer,
  createProducer,
  type BatchHandler,
  type Consumer,
  type Position,
  type Producer,
} from '@prodsentinel/messaging';
import { createRedisSignalClaims } from '../adapters/redis-signal-claims.ts';
import type { Stage, StageDependencies } from '../stage.ts';
import { stageConsumerOptions } from '../stage-consumer.ts';
import { StageHealthReport } from '../stage-health-report.ts';
import { ObservationPublisher } from './observation-publisher.ts';
import { createObserveMetrics, type ObserveMetrics } from './observe-metrics.ts';
import { createObserveStep } from './observe-step.ts';
import { OpenWindows } from './open-windows.ts';
import { RecentPast } from './recent-past.ts';
import type { SignalClaims } from './signal-claims.ts';
import { WindowFlusher } from './window-flusher.ts';

const groupId = 'prodsentinel-observe';
const maxRecordsPerBatch = 1_000;

/** What the stage works with. */
export interface ObserveWorks {
  readonly claims: SignalClaims;
  readonly windows: OpenWindows;
  readonly producer: Producer;
  /** Told of the records whose observation is acknowledged. */
  readonly onPublished: (positions: readonly Position[]) => void;
}

/**
 * failures → windows → observations. Goes on without Redis, saying that repeated sends may count twice.
 *
 * @param around replaces what the stage works with, to watch or break it from outside; by default nothing
 */
export function createObserveStage(
  dependencies: StageDependencies,
  around: (works: ObserveWorks) => ObserveWorks = (works) => works,
): Stage {
  const { config, context, connection, codec, redis } = dependencies;
  const report = new StageHealthReport(context.health, 'observe');
  const metrics = createObserveMetrics(context.health.metrics);
  const knownServices = new Set(config.KNOWN_SERVICES);
  const past = new RecentPast({ maxContextSignals: config.CONTEXT_SIGNALS_MAX, knownServices });
  const { claims, windows, producer, onPublished } = around({
    claims: createRedisSignalClaims(redis, config.SIGNAL_CLAIM_TTL_MS),
    windows: new OpenWindows(config.windows, config.allWindows, () => performance.now()),
    producer: createProducer({ connection, codec, topics: ['observations'] }),
    onPublished: (positions) => consumer.finishHeld(positions),
  });
  const step = toStep({ claims, windows, past, metrics, report }, knownServices);
  const consumer = toConsumer(dependencies, { windows, report, step });
  const publisher = new ObservationPublisher({
    producer,
    limits: config.observations,
    past,
    logger: context.logger,
    metrics,
    onTrouble: (reason) => report.pause('publish', reason),
    onPublished,
  });
  const flusher = new WindowFlusher(windows, publisher, (partition) =>
    consumer.isPaused('failures', partition),
  );

  return {
    name: 'observe',
    failed: Promise.race([consumer.failed, flusher.failed]),
    redisAvailable(reason) {
      report.degrade('redis', reason && `${reason}; repeated sends may count twice`);
      // What the last claim met is over, although none has been made since.
      if (reason === undefined) report.degrade('claims', undefined);
    },
    async start() {
      await producer.start(context.signal);
      await consumer.start(context.signal);
      flusher.start();
      report.running();
    },
    async stop() {
      await consumer.drain();
      await flusher.stop(config.DRAIN_MS);
      await consumer.stop();
      await producer.stop();
    },
  };
}

interface Parts {
  readonly claims: SignalClaims;
  readonly windows: OpenWindows;
  readonly past: RecentPast;
  readonly metrics: ObserveMetrics;
  readonly report: StageHealthReport;
  readonly step: BatchHandler<'failures'>;
}

function toStep(
  { claims, windows, past, metrics, report }: Omit<Parts, 'step'>,
  knownServices: ReadonlySet<string>,
) {
  return createObserveStep({
    intake: { knownServices },
    claims,
    windows,
    past,
    metrics,
    onClaimsAvailability: (reason) => report.degrade('claims', reason),
    maxRecords: maxRecordsPerBatch,
  });
}

function toConsumer(
  dependencies: StageDependencies,
  { windows, report, step }: Omit<Parts, 'claims' | 'metrics' | 'past'>,
): Consumer {
  const { connection, codec } = dependencies;
  return createConsumer({
    connection,
    groupId,
    topics: ['failures'],
    codec,
    handler: step,
    ...stageConsumerOptions(dependencies, report),
    assignmentListener: windows,
    onTrouble: (reason) => report.pause('intake', reason),
  });
}
