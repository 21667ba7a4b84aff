import { expect, jest, test } from '@jest/globals';
import { explore, type Run } from './claim-simulation.ts';

jest.setTimeout(120_000);

function mustHold(run: Run, workers: number, kinds: readonly string[]): void {
  const story = run.log.join('\n');
  const models = new Set(run.published.filter((each) => each !== 'rules'));
  if (run.charged > 3) throw new Error(`paid ${run.charged} times:\n${story}`);
  if (run.finished !== workers) throw new Error(`somebody never finished:\n${story}`);
  if (run.unsealed < 2 && models.size > 1) throw new Error(`two answers were published:\n${story}`);
  const excuses = run.crashesInCall + run.expiries + run.unsealed + run.lost;
  if (kinds.length === 1 && run.charged > 1 + excuses) throw new Error(`paid in vain:\n${story}`);
}

test('in every order of two workers without faults, one calls and both publish its answer', async () => {
  const seen = await explore(['a', 'b'], { budget: 0, calls: ['answered'] }, (run) => {
    mustHold(run, 2, ['answered']);
    expect([run.charged, new Set(run.published).size]).toEqual([1, 1]);
  });
  expect(seen.runs).toBeGreaterThan(1);
});

test('in every order of two workers with up to two crashes, expiries and lost replies, nobody pays in vain', async () => {
  const seen = await explore(['a', 'b'], { budget: 2, calls: ['answered'] }, (run) =>
    mustHold(run, 2, ['answered']),
  );
  expect(seen.states).toBeGreaterThan(1_000);
});

const kinds = ['answered', 'again', 'givenUp'] as const;

test('in every order of two workers whose calls fail in every way, no request is charged more than three times', async () => {
  const seen = await explore(['a', 'b'], { budget: 0, calls: kinds }, (run) => mustHold(run, 2, kinds));
  expect(seen.states).toBeGreaterThan(50);
});

const whenFull = process.env['PRODSENTINEL_TEST_FULL'] === '1' ? test : test.skip;

whenFull('the same with a crash, an expiry or a lost reply anywhere (PRODSENTINEL_TEST_FULL=1)', async () => {
  await explore(['a', 'b'], { budget: 1, calls: kinds }, (run) => mustHold(run, 2, kinds));
});

test('in every order of three workers with one fault, one answer is published', async () => {
  const seen = await explore(['a', 'b', 'c'], { budget: 1, calls: ['answered'] }, (run) =>
    mustHold(run, 3, ['answered']),
  );
  expect(seen.states).toBeGreaterThan(1_000);
});
