import type { AnalysisRequested } from '@prodsentinel/contracts';

/** Whether a service whose lines must not leave is in the request: one anywhere is enough, as all would travel together. */
export function isOptedOut(request: AnalysisRequested, optedOut: readonly string[]): boolean {
  const { services, suspects, evidence, signature } = request;
  const present = [...services, ...[...suspects, ...evidence, ...signature].map(({ service }) => service)];
  return present.some((service) => optedOut.includes(service));
}
