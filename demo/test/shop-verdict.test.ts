import { describe, expect, test } from '@jest/globals';
import type { DemoIncident } from '../src/demo-incident.ts';
import { findMissingDeadLetters, findMissingFaults, isIncidentOf } from '../src/shop-verdict.ts';
import { faults } from '../src/shop/faults.ts';
import { malformedKeyOf, malformedMessages } from '../src/shop/malformed.ts';

const found: DemoIncident[] = [
  incidentOf('1', 'inventory', 'The connection pool of inventory ran dry'),
  incidentOf('2', 'pricing', "A null dereference (reading 'amount')"),
  incidentOf('3', 'payments', 'psp.example did not answer in time'),
  incidentOf('4', 'shipping', 'the TLS certificate it was shown has expired'),
];

describe('the verdict of --once', () => {
  test('misses nothing when each fault has an incident that points at its service', () => {
    expect(findMissingFaults(found)).toEqual([]);
  });

  test('names a fault whose incident blames the service that shows the symptom', () => {
    const blamed = found.map((each) => (each.id === '1' ? { ...each, suspectedService: 'checkout' } : each));
    expect(findMissingFaults(blamed)).toEqual([expect.stringContaining('inventory')]);
  });

  test('names a fault whose incident has no analysis yet', () => {
    const waiting = found.map((each) => (each.id === '4' ? { ...each, rootCause: null } : each));
    expect(findMissingFaults(waiting)).toEqual([expect.stringContaining('shipping')]);
  });

  test('does not take the right service for the right cause', () => {
    expect(isIncidentOf(faults.certificate_expired, incidentOf('5', 'shipping', 'the disk is full'))).toBe(
      false,
    );
  });

  test('names each malformed message that is not among the dead letters byte for byte', () => {
    const letters = malformedMessages.map(({ name, value }) => ({
      key: Buffer.from(malformedKeyOf(name)),
      value,
    }));
    expect(findMissingDeadLetters(letters)).toEqual([]);
    expect(findMissingDeadLetters(letters.slice(1))).toHaveLength(1);
    const changed = letters.map((each, index) =>
      index === 0 ? { ...each, value: Buffer.from('other') } : each,
    );
    expect(findMissingDeadLetters(changed)).toEqual([expect.stringContaining('garbage bytes')]);
  });
});

function incidentOf(id: string, suspectedService: string, rootCause: string): DemoIncident {
  return {
    id,
    suspectedService,
    rootCause,
    severity: 'high',
    status: 'open',
    title: 'something failed',
    services: [suspectedService, 'checkout', 'gateway'],
    failureCount: 3,
    traceCount: 1,
    verdict: 'likely',
    source: 'rules',
  };
}
