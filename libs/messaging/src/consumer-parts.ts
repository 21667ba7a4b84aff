import type { Consumer as KafkaConsumer } from 'kafkajs';
import { Registry } from 'prom-client';
import type { Topic } from '@prodsentinel/contracts';
import { Assignments } from './assignments.ts';
import { defaultLimitsFor, type ConsumerLimits } from './consumer-limits.ts';
import { createConsumerMetrics, type ConsumerMetrics } from './consumer-metrics.ts';
import type { ConsumerOptions } from './consumer-options.ts';
import { ConsumerState } from './consumer-state.ts';
import { createCrashCare, type CrashCare } from './crash-care.ts';
import { createWorker } from './create-worker.ts';
import { FetchControl } from './fetch-control.ts';
import { createGroupClient } from './group-client.ts';
import { createProcessHaltStore } from './halt-store.ts';
import { HandlerGate } from './handler-gate.ts';
import { HandlerWatchdog } from './handler-watchdog.ts';
import { clusterName, type KafkaConnection } from './kafka-client.ts';
import { OffsetCommits } from './offset-commits.ts';
import { OffsetResets } from './offset-resets.ts';
import { PartitionHalts } from './partition-halts.ts';
import { toStanding } from './partition-standing.ts';
import type { AssignmentListener } from './port.ts';
import { RawProducer } from './raw-producer.ts';
import { TopicWatch } from './topic-watch.ts';
import type { WorkContext } from './work.ts';
import type { Worker } from './worker.ts';

/** kafkajs retries a commit for as long as the brokers are away. */
export const lastCommitDeadlineMs = 5_000;

/** What a consumer is made of. Those that need each other find each other here, once all are made. */
export interface ConsumerParts {
  readonly connection: KafkaConnection;
  readonly groupId: string;
  readonly limits: ConsumerLimits;
  readonly state: ConsumerState;
  readonly metrics: ConsumerMetrics;
  readonly kafka: KafkaConsumer;
  readonly assignments: Assignments;
  readonly fetching: FetchControl;
  readonly commits: OffsetCommits;
  readonly resets: OffsetResets;
  readonly topicWatch: TopicWatch;
  readonly halts: PartitionHalts;
  readonly gate: HandlerGate;
  readonly watchdog: HandlerWatchdog;
  readonly deadLetters: RawProducer;
  readonly worker: Worker;
  readonly crashes: CrashCare | undefined;
}

export function createConsumerParts<T extends Topic>(options: ConsumerOptions<T>): ConsumerParts {
  const { connection, groupId } = options;
  const limits = { ...defaultLimitsFor(options.handler), ...options.limits };
  const state = new ConsumerState();
  const all: () => ConsumerParts = () => parts;
  const assignments = new Assignments(listen(options.assignmentListener, all));
  const metrics = createConsumerMetrics(connection.metrics ?? new Registry(), groupId, {
    standings: () => assignments.all.map((each) => toStanding(each, Date.now())),
    hanging: () => parts.watchdog.hangingCount,
  });
  const kafka = createGroupClient(connection, groupId, limits, () => !state.isDraining);
  const intervalMs = limits.sessionTimeoutMs;
  const begun = {
    connection,
    groupId,
    limits,
    state,
    metrics,
    kafka,
    assignments,
    fetching: new FetchControl(kafka, connection, limits),
    commits: new OffsetCommits({ connection, kafka, metrics, partitions: () => assignments.all }),
    resets: new OffsetResets({ ...options, metrics, assignments: () => assignments }),
    topicWatch: new TopicWatch({ ...options, intervalMs, onMissing: (error) => state.fail(error) }),
    halts: createHalts(options, all),
    gate: new HandlerGate(),
    watchdog: createWatchdog(options, all, limits),
    deadLetters: new RawProducer(connection),
  };
  const parts: ConsumerParts = { ...begun, ...createWork(options, begun, all) };
  return parts;
}

type All = () => ConsumerParts;

function listen(listener: AssignmentListener | undefined, all: All): AssignmentListener {
  return {
    assigned: (topic, partition, epoch) => {
      // A pause survives in kafkajs when a partition is lost and given back: begin with a clean slate.
      if (all().state.isRunning) all().fetching.resume({ topic, partition });
      listener?.assigned?.(topic, partition, epoch);
    },
    lost: (topic, partition, epoch) => listener?.lost?.(topic, partition, epoch),
  };
}

function createWatchdog<T extends Topic>(
  { groupId, connection, onHanging }: ConsumerOptions<T>,
  all: All,
  { handlerHangsMs }: ConsumerLimits,
): HandlerWatchdog {
  return new HandlerWatchdog({
    groupId,
    limitMs: handlerHangsMs,
    logger: connection.logger,
    now: () => performance.now(),
    onHanging: () => all().metrics.handlerHangs(),
    onChange: (reason) => onHanging?.(reason),
  });
}

function createHalts<T extends Topic>(
  { connection, groupId, haltStore = createProcessHaltStore(), onHalted }: ConsumerOptions<T>,
  all: All,
): PartitionHalts {
  return new PartitionHalts({
    store: haltStore,
    group: clusterName(connection, groupId),
    logger: connection.logger,
    assignments: () => all().assignments,
    pauseFetching: (owner) => all().fetching.pause([owner]),
    resumeFetching: (owner, offset) => all().fetching.resume(owner, offset),
    // Its assignment ends in order: no crash is to be suspected of what it was at.
    onHalting: (owner) => void all().crashes?.marks.release([owner], lastCommitDeadlineMs),
    onHalted: (reason) => onHalted?.(reason),
  });
}

type Begun = Omit<ConsumerParts, 'worker' | 'crashes'>;

/** The worker that the handler asks for, and around it the care for records that end the process. */
function createWork<T extends Topic>(
  options: ConsumerOptions<T>,
  begun: Begun,
  all: All,
): Pick<ConsumerParts, 'worker' | 'crashes'> {
  const { watchdog, gate, assignments } = begun;
  const context = createWorkContext(options, begun, all);
  const isOurs = assignments.isCurrent.bind(assignments);
  const worker = createWorker(context, options.handler, { watchdog, gate, isOurs });
  const crashes = createCrashCare(options, worker, context);
  return { worker: crashes?.worker ?? worker, crashes };
}

function createWorkContext<T extends Topic>(
  { groupId, codec, handler, connection, redriveKey, onTrouble, onDeadLetter }: ConsumerOptions<T>,
  { deadLetters, state, fetching, metrics, limits, halts }: Begun,
  all: All,
): WorkContext {
  return {
    groupId,
    codec,
    ...('lateFields' in handler && handler.lateFields ? { lateFields: handler.lateFields } : {}),
    deadLetters,
    logger: connection.logger,
    signal: state.giveUp.signal,
    now: Date.now,
    redriveKey,
    onTrouble: (reason) => onTrouble?.(reason),
    onSettled: ({ owner, offset }, isHeld) => {
      if (!state.isDraining) fetching.resumeWhenLow(owner);
      // A handler of records may go on with one that it holds; one of batches holds thousands that only wait.
      all().crashes?.worker.settled(owner, offset, isHeld && handler.mode === 'record');
    },
    onDeadLetter: (topic, code) => {
      metrics.deadLetter(topic, code);
      onDeadLetter?.(topic, code);
    },
    limits,
    halt: (owner, reason) => halts.halt(owner, reason),
    onRetry: (topic, records) => metrics.retried(topic, records),
    fail: (error) => state.fail(error),
  };
}
