export { consumerSettings, toConsumerLimits } from './consumer-settings.ts';
export { Health, stageStates, type StageHealth, type StageState } from './health.ts';
export type { HealthPart, MetricsJson } from './health-part.ts';
export { createLogger, type Logger, type LoggerSettings } from './logger.ts';
export { keepNewObjectsYoung } from './new-objects.ts';
export {
  runService,
  type RunOptions,
  type RunSettings,
  type Service,
  type ServiceContext,
} from './run-service.ts';
export {
  kafkaSettings,
  readKafkaSecurity,
  type KafkaSecurity,
  type KafkaSecuritySettings,
} from './kafka-settings.ts';
export { commonSettings, readSettings, setting } from './settings.ts';
