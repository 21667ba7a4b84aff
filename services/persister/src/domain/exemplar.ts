import type { EvidenceSignal, TracesObserved } from '@prodsentinel/contracts';
import type { Exemplar } from './incident.ts';
import { capped, storable, storableMicros } from './storable.ts';

/** Far more than the analyzer sends; more must not be stored, or no request with it would fit into Kafka. */
const maxTextCharacters = 32_768;
const maxNameCharacters = 1_000;
const maxEvidenceCharacters = 262_144;

/** What an observation shows of its problem, storable and bounded: texts are cut, and what comes last is left out. */
export function toExemplar({ evidence, evidenceOmitted, suspects }: TracesObserved): Exemplar {
  const kept: EvidenceSignal[] = [];
  let room = maxEvidenceCharacters;
  for (const signal of evidence) {
    const bounded = toBoundedSignal(signal);
    room -= JSON.stringify(bounded).length;
    if (room < 0) break;
    kept.push(bounded);
  }
  return {
    evidence: kept,
    evidenceOmitted: storable(evidenceOmitted) + evidence.length - kept.length,
    suspects: suspects.slice(0, 100).map((each) => withShortTexts(storable(each))),
  };
}

function toBoundedSignal(signal: EvidenceSignal): EvidenceSignal {
  const { message, stack, occurredAt, ...rest } = storable(signal);
  return {
    ...withShortTexts(rest),
    message: capped(message, maxTextCharacters),
    stack: stack === null ? null : capped(stack, maxTextCharacters),
    occurredAt: occurredAt === null ? null : storableMicros(occurredAt),
  };
}

/** The same with every text cut that should be a name or a sentence. */
export function withShortTexts<T extends object>(fields: T): T {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]: [string, unknown]) => [
      name,
      typeof value === 'string' ? capped(value, maxNameCharacters) : value,
    ]),
  ) as T;
}
