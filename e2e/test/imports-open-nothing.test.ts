import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '..', '..');

test.each(['ingest', 'analyzer', 'persister'])(
  'importing the code of %s opens nothing: every resource belongs to a composition root',
  (service) => {
    const script = `
      await import('./services/${service}/src/service.ts');
      const open = process.getActiveResourcesInfo().filter((each) => !/^(TTYWrap|PipeWrap)$/.test(each));
      process.stdout.write(JSON.stringify(open));`;
    const { status, stdout } = spawnSync(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script],
      { cwd: root, encoding: 'utf8' },
    );
    expect([status, JSON.parse(stdout)]).toEqual([0, []]);
  },
);
