import type { FailurePattern } from '../pattern.ts';

export const configurationPatterns: readonly FailurePattern[] = [
  {
    category: 'configuration_missing',
    words: 'a setting is missing or wrong',
    role: 'cause',
    specificity: 0.8,
    suspects: 'reporter',
    says: [
      /environment variable ["'`]?\w{1,80}["'`]? (?:is )?(?:not set|missing|required|undefined|must be set)/,
      /missing (?:required )?(?:environment variable|env var|setting|configuration|config)/,
      /(?:configuration|config|property|setting) ["'`]?[\w.-]{1,80}["'`]? (?:is )?(?:not set|missing|required|not found)/,
      'could not resolve placeholder',
      'no such bean definition',
      'nosuchbeandefinition',
      'improperlyconfigured',
      'invalid configuration',
      'configurationexception',
      'configurationerror',
      'unsatisfied dependency',
      'unsatisfieddependency',
    ],
    details: [/\b(?:environment variable|env var|placeholder) ["'`]?[A-Za-z_]\w{1,60}/i],
    cause: ({ service }) => `${service} lacks a setting that it needs, or has a wrong one`,
    actions: [
      'Compare the settings of the running instances with what this release expects; the evidence names the setting.',
      'Look for changed deployment files, secrets and config maps, and for an environment that was left out.',
      'Set it and restart; or roll back to the release that did not need it.',
    ],
    isReleaseProne: true,
  },
];
