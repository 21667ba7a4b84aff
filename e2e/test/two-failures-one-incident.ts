import { expect } from '@jest/globals';
import { listIncidents, showIncident, type IncidentDetails } from '@prodsentinel/database';
import type { WholeSystem } from './whole-system.ts';

/** Waits until both are analysed, and looks whether they are one incident with everything that was sent. */
export async function expectOneIncident(
  whole: WholeSystem,
  { service, exceptionType, frame }: { service: string; exceptionType: string; frame: string },
): Promise<void> {
  const incident = await incidentOfTwoFailures(whole, service);
  expect(incident).toMatchObject({
    environment: 'production',
    title: expect.stringContaining(`${exceptionType}: card expired`),
    services: [service],
    releases: [`${service}@1.2.3`],
    failureCount: 2,
    traceCount: 1,
    analysis: { source: 'rules', suspectedService: service },
  });
  const { traceId } = incident.traces[0]!;
  const stack = expect.stringContaining(frame);
  expect(incident.evidence.length).toBeGreaterThan(0);
  for (const signal of incident.evidence) {
    expect(signal).toMatchObject({ exceptionType, stack, release: '1.2.3', traceId });
  }
}

async function incidentOfTwoFailures(whole: WholeSystem, service: string): Promise<IncidentDetails> {
  await whole.untilTrue(
    `select sum(failure_count) >= 2 and bool_and(current_analysis_id is not null) from incidents
    where '${service}' = any(services)`,
  );
  const { incidents } = await listIncidents(whole.database, { service });
  expect(incidents).toHaveLength(1);
  return (await showIncident(whole.database, incidents[0]!.id))!;
}
