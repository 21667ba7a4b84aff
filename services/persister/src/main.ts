import { runService } from '@prodsentinel/process';
import { readPersisterConfig } from './config.ts';
import { createPersisterService } from './service.ts';

await runService({
  name: 'persister',
  readConfig: readPersisterConfig,
  create: (config, context) => createPersisterService(config, context),
});
