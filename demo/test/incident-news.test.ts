import { expect, test } from '@jest/globals';
import type { DemoIncident } from '../src/demo-incident.ts';
import { newsOf, type SeenIncidents } from '../src/view/incident-news.ts';

const incident: DemoIncident = {
  id: '1',
  severity: 'high',
  status: 'open',
  title: 'inventory: PoolExhaustedError: timed out waiting for a connection',
  services: ['inventory', 'checkout'],
  failureCount: 3,
  traceCount: 1,
  rootCause: null,
  verdict: null,
  source: null,
  suspectedService: null,
};
const analysed: DemoIncident = {
  ...incident,
  rootCause: `The pool ran dry. ${'And more. '.repeat(60)}`,
  verdict: 'likely',
  source: 'rules',
  suspectedService: 'inventory',
  evidence: { service: 'inventory', message: 'pool \u001B[31mexhausted' },
};

test('an incident is told when it appears and when its analysis comes, and not again', () => {
  const seen: SeenIncidents = new Map();
  expect(newsOf([incident], seen, 100).join(' ')).toContain(
    'INCIDENT high, open: inventory: PoolExhaustedError',
  );
  expect(newsOf([{ ...incident, failureCount: 9 }], seen, 100)).toEqual([]);
  const news = newsOf([analysed], seen, 100).join(' ');
  expect(news).toContain('ANALYSIS inventory: PoolExhaustedError');
  expect(news).not.toContain('INCIDENT');
  expect(newsOf([analysed], seen, 100)).toEqual([]);
});

test('no line is wider than the terminal, and none carries control characters', () => {
  const lines = newsOf([analysed], new Map(), 100);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
  expect(lines.join('')).not.toContain('\u001B');
});
