import { randomUUID } from 'node:crypto';
import { describeError } from '@prodsentinel/kernel';
import { createConsumer, createProducer } from '@prodsentinel/messaging';
import { createRedisRequestClaims } from '../adapters/redis-request-claims.ts';
import { diagnoseByRules } from '../domain/diagnose/diagnose-by-rules.ts';
import type { Stage, StageDependencies } from '../stage.ts';
import { stageConsumerOptions } from '../stage-consumer.ts';
import { StageHealthReport } from '../stage-health-report.ts';
import { createModelCalls } from './create-model-calls.ts';
import { createDiagnoseMetrics } from './diagnose-metrics.ts';
import { createDiagnoseStep, type DiagnoseStepDependencies } from './diagnose-step.ts';
import { HeldRequests } from './held-requests.ts';

const groupId = 'prodsentinel-diagnose';
const maxHeld = 1_000;
const maxChargedCalls = 3;

const askNobody: DiagnoseStepDependencies['prepare'] = () => ({ why: { reason: 'no model is set' } });

/**
 * analysis-requests → analyses: by the model where one is set, by rules otherwise.
 *
 * @param around replaces what the step works with, to watch or break it from outside; by default nothing
 */
export function createDiagnoseStage(
  dependencies: StageDependencies,
  around: (step: DiagnoseStepDependencies) => DiagnoseStepDependencies = (step) => step,
): Stage {
  const { config, context, connection, codec } = dependencies;
  const { logger, health } = context;
  const report = new StageHealthReport(health, 'diagnose');
  const metrics = createDiagnoseMetrics(health.metrics);
  const producer = createProducer({ connection, codec, topics: ['analyses'] });
  const stopping = new AbortController();
  const held = heldOf(dependencies);
  let prepare: DiagnoseStepDependencies['prepare'] = askNobody;
  const consumer = createConsumer({
    connection,
    groupId,
    topics: ['analysis-requests'],
    codec,
    ...stageConsumerOptions(dependencies, report),
    onTrouble: (reason) => report.pause('work', reason),
    handler: createDiagnoseStep(
      around({
        claims: toClaims(dependencies, report),
        byRules: diagnoseByRules,
        prepare: (...args) => prepare(...args),
        producer,
        metrics,
        logger,
        newToken: randomUUID,
        concurrency: config.DIAGNOSE_CONCURRENCY,
        leaseMs: config.LEASE_MS,
        held,
        stopping: stopping.signal,
        finishHeld: (record) => consumer.finishHeld([record]),
        now: Date.now,
      }),
    ),
  });
  return {
    name: 'diagnose',
    failed: consumer.failed,
    redisAvailable: (reason) => showRedis(report, reason),
    async start() {
      prepare = await createModelCalls(dependencies, {
        metrics,
        onModel: (reason) => report.degrade('model', reason && `the model's last call failed: ${reason}`),
      });
      await producer.start(context.signal);
      await consumer.start(context.signal);
      report.running();
    },
    async stop() {
      await consumer.drain();
      stopping.abort();
      await held.stop();
      await consumer.stop();
      await producer.stop();
    },
  };
}

function toClaims({ config, redis }: StageDependencies, report: StageHealthReport) {
  return createRedisRequestClaims(redis, {
    leaseMs: config.LEASE_MS,
    maxAttempts: maxChargedCalls,
    onAvailability: (reason) =>
      report.degrade('claims', reason && `requests are answered by rules without a claim: ${reason}`),
  });
}

function heldOf({ context }: StageDependencies): HeldRequests {
  return new HeldRequests(maxHeld, (error) =>
    context.logger.warn({ event: 'held_request' }, describeError(error)),
  );
}

function showRedis(report: StageHealthReport, reason: string | undefined): void {
  report.degrade('redis', reason && `${reason}; requests are answered by rules without a claim`);
  if (reason === undefined) report.degrade('claims', undefined);
}
