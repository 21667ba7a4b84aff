import { servicesNamedIn } from './service-names.ts';
import { remembering } from './text-memory.ts';

/**
 * Whether a masked message speaks of something outside of the process that reports it: another service, an address, a
 * connection, an answer's status. Such a message tells causes apart even where the stack is the same.
 */
export function speaksOfDependency(
  template: string,
  knownServices: ReadonlySet<string>,
  ownService: string,
): boolean {
  const lower = template.toLowerCase();
  if (dependencyWords.some((word) => lower.includes(word))) return true;
  for (const named of servicesNamedIn(template, knownServices)) if (named !== ownService) return true;
  return false;
}

/**
 * Whether a masked message only passes on that a call failed, without saying what failed in there: an answer of 5xx, a bad
 * gateway, an upstream.
 */
export const isRelay = remembering((template) => {
  const lower = template.toLowerCase();
  return relayWords.some((word) => lower.includes(word));
}, 1_000_000);

const dependencyWords = [
  'connect',
  'refused',
  'unreachable',
  'unavailable',
  'upstream',
  'timed out',
  'timeout',
  'time-out',
  'no instances',
  'econn',
  'etimedout',
  'enotfound',
  'eai_again',
  'ehostunreach',
  'epipe',
  'socket',
  'tls',
  'certificate',
  'status code',
  'responded',
];

const relayWords = [
  'internal server error',
  'bad gateway',
  'gateway timeout',
  'gateway time-out',
  'service unavailable',
  'upstream',
  'status code 5',
  'status 5',
  'http 5',
  'responded 5',
  'returned 5',
  'answered 5',
  'httpservererrorexception',
  'feignexception',
  'request processing failed',
  'downstream',
];
