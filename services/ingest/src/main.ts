import { runService } from '@prodsentinel/process';
import { readIngestConfig } from './config.ts';
import { createIngestService } from './service.ts';

await runService({
  name: 'ingest',
  readConfig: readIngestConfig,
  create: (config, context) => createIngestService(config, context),
});
