import { expect, test } from '@jest/globals';
import { Health } from '@prodsentinel/process';
import { StageHealthReport } from '../src/stage-health-report.ts';

test('the worst of its parts is how the stage is; a reason that several have is told once', () => {
  const health = new Health();
  const report = new StageHealthReport(health, 'observe');
  const stage = () => health.stages['observe'];
  report.part('one', { state: 'starting', reason: 'Kafka is away' });
  report.part('two', { state: 'starting', reason: '' });
  expect(stage()).toEqual({ state: 'starting', reason: 'Kafka is away' });
  report.part('two', { state: 'halted', reason: 'resume partition 3' });
  expect(stage()).toEqual({ state: 'starting', reason: 'resume partition 3' });
  for (const part of ['one', 'two']) report.part(part, { state: 'degraded', reason: 'Redis is away' });
  report.running();
  expect(stage()).toEqual({ state: 'degraded', reason: 'Redis is away' });
  report.part('two', { state: 'paused', reason: 'Kafka is away' });
  expect(stage()).toEqual({ state: 'paused', reason: 'Kafka is away' });
  report.part('one', { state: 'halted', reason: 'resume partition 3' });
  expect(stage()).toEqual({ state: 'halted', reason: 'resume partition 3' });
  for (const part of ['one', 'two']) report.part(part, { state: 'running', reason: '' });
  expect(stage()).toEqual({ state: 'running', reason: '' });
});
