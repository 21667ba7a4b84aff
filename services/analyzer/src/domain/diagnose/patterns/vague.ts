import type { FailurePattern } from '../pattern.ts';

export const vaguePatterns: readonly FailurePattern[] = [
  {
    category: 'operation_failed',
    words: 'an operation failed without saying why',
    role: 'vague',
    specificity: 0.2,
    suspects: 'reporter',
    says: [
      /\b(?:failed|failure)\b/,
      /\bcatch [a-z]{1,40} exception\b/,
      'unhandled exception',
      'uncaught exception',
      'unexpected error',
      'unknown error',
      'something went wrong',
      'could not ',
      'unable to ',
    ],
    cause: ({ service }) => `An operation of ${service} failed, and its message does not say why`,
    actions: [
      'Open the failing traces and look for what was called last before the failure.',
      'Find the place in the code that logs this message, and log the cause there too.',
      'Compare with what changed around the first failure: releases, settings, data, traffic.',
    ],
  },
];
