export { persisterSettings, readPersisterConfig, type PersisterConfig } from './config.ts';
export { createPersisterService } from './service.ts';
