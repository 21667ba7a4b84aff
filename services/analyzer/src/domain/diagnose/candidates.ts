import type { AnalysisRequested, Suspect } from '@prodsentinel/contracts';
import type { Dependency } from './dependency.ts';
import type { Finding } from './findings.ts';
import { fitsTemplate } from './fits-template.ts';
import type { FailurePattern } from './pattern.ts';
import { limits } from './limits.ts';
import { isShownBy } from './recognise.ts';
import { templateLine } from './telling-lines.ts';

/** A possible cause: one pattern at one place, and what speaks for it. */
export interface Candidate {
  pattern: FailurePattern;
  /** The services that reported it; the one closest to the origin first. */
  reporters: string[];
  dependency: Dependency | undefined;
  /** Who has to look: the dependency where it is a service and the pattern says so, else the first reporter. */
  suspectedService: string;
  findings: Finding[];
  /** Is it what the ranking of suspects points at: 0 to 1. */
  suspectMatch: number;
  /** Share of the failures whose template shows it: 0 to 1. */
  coverage: number;
  /** The candidate that it is a consequence of, when there is one. */
  explainedBy: Candidate | undefined;
}

/** All possible causes, the best first. Ties are broken by specificity and the order of the evidence. */
export function candidatesOf(request: AnalysisRequested, findings: readonly Finding[]): Candidate[] {
  const top = request.suspects[0];
  const candidates = groupFindings(findings).map((group): Candidate => {
    const [{ pattern, dependency }] = group;
    const reporters = reportersOf(group, top);
    const suspected =
      pattern.suspects === 'dependency' && dependency?.isService ? dependency.name : reporters[0];
    return {
      pattern,
      reporters,
      dependency,
      suspectedService: suspected ?? '',
      findings: group,
      suspectMatch: suspectMatchOf(request, group, suspected ?? ''),
      coverage: coverageOf(request, group),
      explainedBy: undefined,
    };
  });
  for (const candidate of candidates) candidate.explainedBy = explanationOf(candidate, candidates);
  return candidates.toSorted((a, b) => scoreOf(b) - scoreOf(a));
}

/** Whether one candidate is a consequence of the other, over however many services in between. */
export function isConsequenceOf(candidate: Candidate, origin: Candidate): boolean {
  const passed = new Set<Candidate>();
  let current = candidate.explainedBy;
  while (current && current !== origin && !passed.has(current)) {
    passed.add(current);
    current = current.explainedBy;
  }
  return current === origin && candidate !== origin;
}

/** How well a candidate explains the failures, for ranking only: a consequence counts half. */
export function scoreOf({ pattern, suspectMatch, coverage, explainedBy }: Candidate): number {
  return (0.5 * pattern.specificity + 0.3 * suspectMatch + 0.2 * coverage) * (explainedBy ? 0.5 : 1);
}

type Group = [Finding, ...Finding[]];

function groupFindings(findings: readonly Finding[]): Group[] {
  const groups = new Map<string, Group>();
  // Findings that name their dependency come first, so that the same failure logged without a name can join them.
  const ordered = [...findings.filter(namesDependency), ...findings.filter((each) => !namesDependency(each))];
  for (const finding of ordered) {
    const kin = namesDependency(finding) ? undefined : kinOf(finding, groups.values());
    const key = JSON.stringify([
      finding.pattern.category,
      namesDependency(finding) ? ['called', finding.dependency?.name] : ['in', finding.signal.service],
    ]);
    const group = kin ?? groups.get(key);
    if (group) group.push(finding);
    else groups.set(key, [finding]);
  }
  return [...groups.values()].toSorted(
    (a, b) => b[0].pattern.specificity - a[0].pattern.specificity || a[0].index - b[0].index,
  );
}

function namesDependency({ pattern, dependency }: Finding): boolean {
  return pattern.suspects === 'dependency' && dependency !== undefined;
}

function kinOf(finding: Finding, groups: Iterable<Group>): Group | undefined {
  for (const group of groups) {
    const isSameKind = group[0].pattern.category === finding.pattern.category;
    if (isSameKind && group.some((each) => each.signal.service === finding.signal.service)) return group;
  }
  return undefined;
}

function reportersOf(group: Group, top: Suspect | undefined): string[] {
  const services = [
    ...new Set(group.toSorted((a, b) => a.index - b.index).map((each) => each.signal.service)),
  ];
  return top && services.includes(top.service)
    ? [top.service, ...services.filter((service) => service !== top.service)]
    : services;
}

function suspectMatchOf({ suspects }: AnalysisRequested, group: Group, suspected: string): number {
  const [top] = suspects;
  const isPrimary = group.some((finding) => finding.index === 0);
  if (!top) return isPrimary ? 1 : 0.6;
  const ofTop = group.filter((finding) => finding.signal.service === top.service);
  if (ofTop.length > 0 && isOfTemplate(ofTop, top.template)) return 1;
  if (isPrimary || suspected === top.service) return 0.8;
  if (ofTop.length > 0) return 0.7;
  const other = suspects.find((suspect) =>
    group.some((finding) => finding.signal.service === suspect.service),
  );
  return other ? 0.5 * Math.max(0, Math.min(1, other.score)) : 0;
}

function coverageOf({ signature }: AnalysisRequested, group: Group): number {
  const total = signature.reduce((sum, { count }) => sum + Math.max(0, count), 0);
  if (total === 0) return 0;
  const matching = signature.filter(({ service, template }) => {
    const ofService = group.filter((finding) => finding.signal.service === service);
    return ofService.length > 0 && isOfTemplate(ofService, template);
  });
  return matching.reduce((sum, { count }) => sum + Math.max(0, count), 0) / total;
}

// By the pattern, else by a message that can have become the template: the pattern may have been found in the stack.
function isOfTemplate(findings: readonly Finding[], template: string): boolean {
  const [first] = findings;
  if (first && isShownBy(first.pattern, templateLine(template))) return true;
  return findings.slice(0, limits.citedSignals).some(({ signal }) => fitsTemplate(signal.message, template));
}

// Whoever could not use a service that failed itself shows a consequence. Two that blame each other explain nothing.
function explanationOf(candidate: Candidate, all: readonly Candidate[]): Candidate | undefined {
  const { pattern, dependency, reporters } = candidate;
  const others = all.filter((other) => other !== candidate && other.pattern.role !== 'vague');
  if (pattern.suspects === 'dependency' && dependency) {
    return others.find((other) => other.reporters.includes(dependency.name) && !blames(other, reporters));
  }
  if (pattern.role !== 'symptom') return undefined;
  return others.find(
    (other) =>
      other.pattern.role === 'cause' && !other.reporters.some((service) => reporters.includes(service)),
  );
}

function blames({ pattern, dependency }: Candidate, services: readonly string[]): boolean {
  return pattern.suspects === 'dependency' && dependency !== undefined && services.includes(dependency.name);
}
