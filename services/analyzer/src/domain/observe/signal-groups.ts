import { isRelay } from './dependency-words.ts';
import { levelOf } from './failure-level.ts';
import type { IntakeSignal } from './intake-signal.ts';
import { servicesNamedIn } from './service-names.ts';
import { compareSignals, compareTexts } from './signal-order.ts';
import { readSpanTree } from './span-tree.ts';

/** The failures of one (service, template) in a window, and what their place in it says about where the fault began. */
export interface SignalGroup {
  readonly service: string;
  readonly template: string;
  readonly count: number;
  /** The earliest of them. */
  readonly exemplar: IntakeSignal;
  /** Failing spans above the deepest of them; 0 without span ids. */
  readonly depth: number;
  /** Whether another failing span lies below all of them: they saw the failure come up. */
  readonly hasFailureBelow: boolean;
  /** Services with failures of their own in this window that the template names. */
  readonly blames: readonly string[];
  /** Whether it puts the fault on such a service and that one does not put it back. */
  readonly isCleared: boolean;
  /** Whether it only says that some call failed. */
  readonly isRelay: boolean;
  /** The worst of them: 0 FATAL, 1 ERROR, 2 below. */
  readonly rank: number;
}

/** The groups of a window, each once, in an order that depends on the set of signals alone. */
export function groupSignals(signals: readonly IntakeSignal[]): SignalGroup[] {
  const tree = readSpanTree(signals);
  const services = new Set(signals.map(({ service }) => service));
  const groups = membersOf(signals).map((group) => {
    const exemplar = group.reduce((a, b) => (compareSignals(a, b) <= 0 ? a : b));
    return {
      service: exemplar.service,
      template: exemplar.template,
      count: group.length,
      exemplar,
      depth: Math.max(0, ...new Set(group.map(({ spanId }) => tree.depthOf(spanId)))),
      hasFailureBelow: group.every(({ spanId }) => tree.hasFailureBelow(spanId)),
      blames: blamedBy(exemplar, services),
      isRelay: isRelay(exemplar.template),
      rank: Math.min(...new Set(group.map(rankOf))),
    };
  });
  return withVerdicts(groups).toSorted(
    (a, b) => compareTexts(a.service, b.service) || compareTexts(a.template, b.template),
  );
}

/** By template and then by service: a key put together of both would have to be hashed anew for each signal. */
function membersOf(signals: readonly IntakeSignal[]): IntakeSignal[][] {
  const members = new Map<string, Map<string, IntakeSignal[]>>();
  for (const signal of signals) {
    let ofTemplate = members.get(signal.template);
    if (ofTemplate === undefined) members.set(signal.template, (ofTemplate = new Map()));
    const known = ofTemplate.get(signal.service);
    if (known === undefined) ofTemplate.set(signal.service, [signal]);
    else known.push(signal);
  }
  return Array.from(members.values(), (ofTemplate) => [...ofTemplate.values()]).flat();
}

/** Counted per pair of services, so that thousands of groups do not have to be compared with each other. */
function withVerdicts(groups: readonly Omit<SignalGroup, 'isCleared'>[]): SignalGroup[] {
  const groupsOf = new Map<string, number>();
  const groupsBlaming = new Map<string, number>();
  for (const { service, blames } of groups) {
    groupsOf.set(service, (groupsOf.get(service) ?? 0) + 1);
    for (const blamed of blames) {
      const pair = `${service}\0${blamed}`;
      groupsBlaming.set(pair, (groupsBlaming.get(pair) ?? 0) + 1);
    }
  }
  return groups.map((group) => ({
    ...group,
    isCleared: group.blames.some(
      (blamed) => (groupsOf.get(blamed) ?? 0) > (groupsBlaming.get(`${blamed}\0${group.service}`) ?? 0),
    ),
  }));
}

function blamedBy({ service, template }: IntakeSignal, services: ReadonlySet<string>): string[] {
  return [...servicesNamedIn(template, services)]
    .filter((named) => named !== service && services.has(named))
    .toSorted();
}

function rankOf({ severityNumber, severityText }: IntakeSignal): number {
  const level = levelOf(severityNumber, severityText);
  return level === 'FATAL' ? 0 : level === 'ERROR' ? 1 : 2;
}
