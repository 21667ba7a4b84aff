import { named, type FailurePattern } from '../pattern.ts';

export const rateLimitPatterns: readonly FailurePattern[] = [
  {
    category: 'rate_limited',
    words: 'a rate limit or quota was reached',
    role: 'cause',
    specificity: 0.85,
    suspects: 'reporter',
    says: [
      'too many requests',
      'rate limit',
      'rate_limit',
      'ratelimit',
      'throttlingexception',
      'throttled',
      'requestlimitexceeded',
      'quota exceeded',
      'insufficient_quota',
      'resource_exhausted',
      'slow down',
      'limiting requests, excess',
      /\b(?:status(?: code)?[ =:]{1,3}|http\/\d(?:\.\d)? |error )429\b/,
    ],
    cause: ({ service, dependency }) =>
      `${service} asked ${named(dependency)} more often than it allows: a rate limit or quota was reached`,
    actions: [
      'Compare the rate of calls now with the limit: did traffic grow, or do retries multiply it?',
      'Honour Retry-After, back off with jitter, and bound retries.',
      'Find the caller that grew; batch, cache, or ask for a higher limit.',
    ],
  },
];
