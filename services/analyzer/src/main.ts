import { runService } from '@prodsentinel/process';
import { readAnalyzerConfig } from './config.ts';
import { createAnalyzer } from './service.ts';

await runService({ name: 'analyzer', readConfig: readAnalyzerConfig, create: createAnalyzer });
