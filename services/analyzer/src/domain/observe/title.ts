import type { IntakeSignal } from './intake-signal.ts';
import { limits } from './limits.ts';
import { cutAt } from './storable-text.ts';

/** One line of at most 120 characters that names the problem: `inventory: PoolExhaustedError: timed out waiting for a connection`. */
export function titleOf({ service, headline, template }: IntakeSignal): string {
  const problem = (headline || template || 'failure without a message').replaceAll(/\s+/g, ' ').trim();
  const line = `${service.replaceAll(/\s+/g, ' ')}: ${problem}`;
  return line.length <= limits.titleChars ? line : `${cutAt(line, limits.titleChars - 1)}…`;
}
