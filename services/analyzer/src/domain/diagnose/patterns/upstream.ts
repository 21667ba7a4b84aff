import { named, type FailurePattern } from '../pattern.ts';

export const upstreamPatterns: readonly FailurePattern[] = [
  {
    category: 'circuit_breaker_open',
    words: 'a circuit breaker is open',
    role: 'symptom',
    specificity: 0.6,
    suspects: 'dependency',
    says: [
      /circuitbreaker '([a-z0-9][a-z0-9._-]{0,99})' is open/,
      /circuit ?breaker (?:for |to )?["']?([a-z0-9][a-z0-9._-]{0,99})["']? is open/,
      /([a-z0-9][a-z0-9._-]{0,99}) short-circuited/,
      'circuit breaker is open',
      'circuit is open',
      'breaker is open',
      'callnotpermittedexception',
      'brokencircuiterror',
      'short-circuited and',
    ],
    cause: ({ service, dependency }) =>
      `${service} stopped calling ${named(dependency)} because its calls had failed before: the circuit breaker is open`,
    actions: [
      'Look for the failures that opened the breaker: they came earlier, and they name the cause.',
      'Look at the health of what is called; the breaker closes by itself when it answers again.',
    ],
  },
  {
    category: 'upstream_error',
    words: 'what was called answered with an error',
    role: 'symptom',
    specificity: 0.5,
    suspects: 'dependency',
    says: [
      /(?:response|answer|error|reply) from ["']?([a-z0-9][a-z0-9._-]{0,99})["']?[ :]{1,2}(?:http )?(?:status )?5\d\d\b/,
      /\b(?:calling|call to|request to|upstream) ["']?([a-z0-9][a-z0-9._-]{0,99})["']? (?:failed with|returned|answered|responded)(?: with)? (?:http |status |code ){0,3}5\d\d\b/,
      /\bstatus(?: code)?[ =:]{1,3}5\d\d\b/,
      /\bhttp(?:\/\d(?:\.\d)?)?[ :]{1,2}5\d\d\b/,
      'httpservererrorexception',
      'internal server error',
      'internalservererror',
      'bad gateway',
      'service unavailable',
      'serviceunavailable',
      /\b(?:returned|answered|responded|failed)(?: with)? (?:http |status |code ){0,3}5\d\d\b/,
      /\bcode = (?:unavailable|internal|unknown)\b/,
      'received an invalid response from upstream',
    ],
    cause: ({ service, dependency }) =>
      `${named(dependency, 'A service that no message names')} answered calls of ${service} with a server error; why is not in this evidence`,
    actions: [
      'Look at the log of what was called, for the same traces and times: the cause is there.',
      'If it logs nothing, look at what stands between the two: proxy, load balancer, mesh.',
    ],
  },
];
