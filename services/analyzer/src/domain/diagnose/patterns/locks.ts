import type { FailurePattern } from '../pattern.ts';

export const lockPatterns: readonly FailurePattern[] = [
  {
    category: 'deadlock',
    words: 'transactions blocked each other',
    role: 'cause',
    specificity: 0.9,
    suspects: 'reporter',
    says: ['deadlock', /\b40p01\b/, 'all goroutines are asleep'],
    cause: ({ service }) =>
      `Transactions of ${service} blocked each other until one was sacrificed (a deadlock)`,
    actions: [
      'Read in the database’s log which two statements took part and on which rows.',
      'Take locks in one order everywhere, and keep transactions short.',
      'Retry a sacrificed transaction; check that the retry is there and bounded.',
    ],
  },
  {
    category: 'lock_timeout',
    words: 'a lock was not given up in time',
    role: 'cause',
    specificity: 0.85,
    suspects: 'reporter',
    says: [
      'lock wait timeout exceeded',
      'canceling statement due to lock timeout',
      'could not obtain lock',
      'lock timeout',
      'could not acquire lock',
      'lockacquisitionexception',
      'cannotacquirelockexception',
      'pessimisticlockexception',
      'database is locked',
      'could not serialize access',
      'optimisticlock',
      'staleobjectstate',
    ],
    cause: ({ service }) => `${service} waited in vain for a lock that another transaction held`,
    actions: [
      'Find who holds the lock (pg_locks with pg_stat_activity, or the database’s like) and since when.',
      'Look for long transactions, migrations and maintenance that ran when the failures began.',
      'Shorten the transaction that holds it; end it if it hangs.',
    ],
  },
];
