import { describe, expect, test } from '@jest/globals';
import { renderIncidentTable } from '../src/incident-table.ts';
import type { IncidentRow } from '../src/incident-row.ts';

const incident: IncidentRow = {
  id: '01999999-0000-7000-8000-000000000000',
  severity: 'critical',
  status: 'investigating',
  title: 'PoolExhaustedError in inventory: timed out after 5000 ms waiting for a connection to the database',
  services: ['inventory', 'checkout', 'gateway'],
  failureCount: 123_456,
  traceCount: 99_999,
  rootCause:
    'The connection pool of inventory ran dry: every connection was in use and callers gave up waiting.',
  verdict: 'likely',
  source: 'rules',
  evidence: { service: 'inventory', message: `could not reserve ${'x'.repeat(400)}` },
};
const plain = { columns: 100, isColourful: false, hasEvidence: true };

describe('the incident table', () => {
  test('is never wider than asked, whatever the incidents hold', () => {
    const many = { ...incident, services: Array.from({ length: 60 }, (_, index) => `service-${index}`) };
    for (const columns of [80, 100, 140]) {
      const table = renderIncidentTable([incident, many], { ...plain, columns });
      expect(Math.max(...table.split('\n').map((line) => line.length))).toBeLessThanOrEqual(columns);
    }
  });

  test('shows severity, status, title, services, failures, traces, root cause and evidence at 100 columns', () => {
    const text = renderIncidentTable([incident], plain).replaceAll(/\s+/g, ' ');
    for (const shown of ['critical', 'investigating', '123456', '99999', 'PoolExhaustedError in inventory']) {
      expect(text).toContain(shown);
    }
    expect(text).toContain('in: inventory, checkout, gateway');
    expect(text).toContain('why: The connection pool of inventory ran dry');
    expect(text).toContain('(likely, by rules)');
    expect(text).toContain('shows: inventory: could not reserve');
    expect(text).toContain(incident.id);
  });

  test('says so when there is no analysis yet, and when there are no incidents', () => {
    const fresh = { ...incident, rootCause: null, verdict: null, source: null };
    expect(renderIncidentTable([fresh], plain)).toContain('why: not analysed yet');
    expect(renderIncidentTable([], plain)).toBe('no incidents');
  });

  test('lets no message of a producer move the cursor, change colours or turn the writing direction', () => {
    const hostile = {
      ...incident,
      title: 'a\u001B[2Jb\r\nc\u202Ed\u0007e',
      services: ['in\u001B]0;x\u0007ventory'],
    };
    const table = renderIncidentTable([hostile], plain);
    // oxlint-disable-next-line no-control-regex -- control characters are the point
    expect(table).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u202E]/);
    expect(table).toContain('a [2Jb c d e');
  });

  test('has colours only when asked for them', () => {
    expect(renderIncidentTable([incident], plain)).not.toContain('\u001B');
    expect(renderIncidentTable([incident], { ...plain, isColourful: true })).toContain('\u001B[31m');
  });
});
