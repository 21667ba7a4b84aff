import { runService } from '@prodsentinel/process';
import { readAnalyzerConfig } from './config.ts';
import { keepNewObjectsYoung } from './new-objects.ts';
import { createAnalyzer } from './service.ts';

keepNewObjectsYoung();
await runService({ name: 'analyzer', readConfig: readAnalyzerConfig, create: createAnalyzer });
