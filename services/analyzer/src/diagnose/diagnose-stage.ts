import { randomUUID } from 'node:crypto';
import { createConsumer, createProducer } from '@prodsentinel/messaging';
import { createRedisRequestClaims } from '../adapters/redis-request-claims.ts';
import { diagnoseByRules } from '../domain/diagnose/diagnose-by-rules.ts';

import type { Stage, StageDependencies } from '../stage.ts';
import { StageHealthReport } from '../stage-health-report.ts';
import { createDiagnoseMetrics } from './diagnose-metrics.ts';
import { createDiagnoseStep } from './diagnose-step.ts';

const groupId = 'prodsentinel-diagnose';

/** analysis-requests → analyses, by rules for now. */
export function createDiagnoseStage({ config, context, connection, codec, redis }: StageDependencies): Stage {
  const { logger, health } = context;
  const report = new StageHealthReport(health, 'diagnose');
  const producer = createProducer({ connection, codec, topics: ['analyses'] });
  const consumer = createConsumer({
    connection,
    groupId,
    topics: ['analysis-requests'],
    codec,
    limits: { sessionTimeoutMs: config.SESSION_TIMEOUT_MS, drainMs: config.DRAIN_MS },
    onTrouble: (reason) => report.pause('work', reason),
    handler: createDiagnoseStep({
      claims: createRedisRequestClaims(redis, config.LEASE_MS),
      diagnose: diagnoseByRules,
      producer,
      metrics: createDiagnoseMetrics(health.metrics),
      logger,
      newToken: randomUUID,
      concurrency: config.DIAGNOSE_CONCURRENCY,
      onClaimsAvailability: (reason) => report.degrade('claims', reason),
    }),
  });
  return {
    name: 'diagnose',
    failed: consumer.failed,
    redisAvailable: (reason) =>
      report.degrade('redis', reason && `${reason}; requests are answered by rules without a claim`),
    async start() {
      await producer.start(context.signal);
      await consumer.start(context.signal);
      report.running();
    },
    async stop() {
      await consumer.stop();
      await producer.stop();
    },
  };
}
