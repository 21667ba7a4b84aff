import type { FailurePattern } from '../pattern.ts';

export const missingDataPatterns: readonly FailurePattern[] = [
  {
    category: 'missing_data',
    words: 'data that was asked for does not exist',
    role: 'cause',
    specificity: 0.55,
    suspects: 'reporter',
    says: [
      /\bno [a-z_]{2,40} (?:according to|found|for id|with id|exists?)\b/,
      /\b[\w$]{2,80} (?:is|was|are) (?:null|nil|none|empty|missing)\b/,
      'not found',
      'notfoundexception',
      'nosuchelementexception',
      'entitynotfound',
      'doesnotexist',
      'does not exist',
      'emptyresultdataaccess',
      'no rows in result set',
      'no result found',
      'record not found',
      'no such key',
      'nosuchkey',
      'keyerror',
      'enoent',
      'no such file or directory',
      'filenotfound',
      /\bstatus(?: code)?[ =:]{1,3}404\b/,
    ],
    // Other families say "not found" too, and mean hosts, modules, tables or settings.
    unless: [
      'cannot find module',
      'modulenotfound',
      'classnotfound',
      'host not found',
      'relation "',
      'column "',
      'no such host',
      'enotfound',
    ],
    details: [
      /\b[\w$]{2,60} (?:is|was) (?:null|nil|None|empty|missing)\b/,
      /\bNo \w{2,40} according to \w{2,40}/i,
    ],
    cause: ({ service }) => `${service} did not find data that it asked for and needs`,
    actions: [
      'Take the identifier from one failing trace and look for it where it should be stored.',
      'If it is there, look at the query and at the service in between; if not, find out who should have written or who removed it.',
      'Look for imports, clean-ups and releases around the first failure.',
    ],
  },
];
