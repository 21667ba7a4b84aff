export { ingestSettings, readIngestConfig, type IngestConfig } from './config.ts';
export { createIngestService, type IngestOverrides } from './service.ts';
