export { persisterSettings, readPersisterConfig, type PersisterConfig } from './config.ts';
export { createMetrics } from './metrics.ts';
export { createPersistPipeline } from './pipeline.ts';
export { createPersisterService, toRules } from './service.ts';
