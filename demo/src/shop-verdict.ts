import type { DemoIncident } from './demo-incident.ts';
import type { StoredRecord } from '@prodsentinel/messaging';
import { faultNames, faults, type Fault } from './shop/faults.ts';
import { malformedKeyOf, malformedMessages } from './shop/malformed.ts';

/** Whether an incident is what became of a fault: analysed, and pointing at the true cause. */
export function isIncidentOf({ service, recognisedBy }: Fault, incident: DemoIncident): boolean {
  const { title, rootCause, suspectedService } = incident;
  return rootCause !== null && suspectedService === service && recognisedBy.test(`${title} ${rootCause}`);
}

/** The faults that have no incident of their own yet, a line each. */
export function findMissingFaults(incidents: readonly DemoIncident[]): string[] {
  const taken = new Set<string>();
  return faultNames
    .map((name) => faults[name])
    .filter((fault) => {
      const incident = incidents.find((each) => !taken.has(each.id) && isIncidentOf(fault, each));
      if (incident) taken.add(incident.id);
      return incident === undefined;
    })
    .map(({ description, service }) => `no analysed incident that points at ${service} for: ${description}`);
}

/** The malformed messages that do not lie among the dead letters as they were sent, a line each. */
export function findMissingDeadLetters(
  deadLetters: readonly Pick<StoredRecord, 'key' | 'value'>[],
): string[] {
  return malformedMessages
    .filter(({ name, value }) => {
      const key = malformedKeyOf(name);
      return !deadLetters.some((each) => each.key?.toString() === key && each.value?.equals(value));
    })
    .map(({ name }) => `no dead letter for the malformed message: ${name}`);
}
