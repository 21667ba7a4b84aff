import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

/** Batches of objects that live until their batch is done, as records do. */
const work = `
  for (let n = 0; n < 50; n++) {
    const batch = [];
    for (let i = 0; i < 1000; i++) batch.push({ i, text: 'record ' + n + i, causes: [], attributes: { code: [i] } });
  }`;

/** What V8 says of the places in the code whose objects it means to make old. */
function learnt(before: string): { main: number; thread: number } {
  const script = `
    ${before}
    ${work}
    console.log('then the thread');
    const { Worker } = await import('node:worker_threads');
    new Worker(${JSON.stringify(work)}, { eval: true });`;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--trace-pretenuring-statistics', '--no-warnings', '--input-type=module', '--eval', script],
    { cwd: join(import.meta.dirname, '..'), encoding: 'utf8' },
  );
  expect([status, stderr]).toEqual([0, '']);
  const [main, thread] = stdout
    .split('then the thread')
    .map((text) => text.match(/AllocationSite.*tenure/g)?.length ?? 0);
  return { main: main!, thread: thread! };
}

test('no place in the code makes old objects for what its batches looked like, nor in a thread that begins later', () => {
  const { main, thread } = learnt('');
  expect([main > 0, thread > 0]).toEqual([true, true]);
  const asked = `(await import('./src/new-objects.ts')).keepNewObjectsYoung();`;
  expect(learnt(asked)).toEqual({ main: 0, thread: 0 });
});
