import type { FailurePattern } from '../pattern.ts';

export const nullDereferencePatterns: readonly FailurePattern[] = [
  {
    category: 'null_dereference',
    words: 'the code used a value that was not there',
    role: 'cause',
    specificity: 0.85,
    suspects: 'reporter',
    says: [
      /cannot read propert(?:y|ies) (?:'[^']{0,80}' )?of (?:undefined|null)/,
      /cannot set propert(?:y|ies) (?:'[^']{0,80}' )?of (?:undefined|null)/,
      'cannot destructure property',
      /(?:undefined|null) is not an object/,
      'nullpointerexception',
      'nil pointer dereference',
      "'nonetype' object",
      'nullreferenceexception',
      'object reference not set to an instance of an object',
      'undefined method for nil',
      /undefined method .{1,80} for nil/,
      'kotlinnullpointerexception',
      'unwrap()` on a `none` value',
    ],
    details: [/\breading '[\w$]{1,60}'/, /because "[\w$.()<>]{1,80}" is null/, /has no attribute '\w{1,60}'/],
    cause: ({ service }) => `The code of ${service} used a value that was not there: a null dereference`,
    actions: [
      'Open the top frame of the stack in the evidence: it names the line, the message names what was missing.',
      'Find out why the value is missing: a changed response or record, an optional field, an order of calls.',
      'Handle the missing value, and add the failing input as a test.',
    ],
    isReleaseProne: true,
  },
];
