import type { FailurePattern } from '../pattern.ts';

export const openFilesPatterns: readonly FailurePattern[] = [
  {
    category: 'too_many_open_files',
    words: 'no file handle was left',
    role: 'cause',
    specificity: 0.92,
    suspects: 'reporter',
    says: ['emfile', 'enfile', 'too many open files', 'worker_connections are not enough'],
    cause: ({ service }) => `${service} had no file handle left for another file or connection`,
    actions: [
      'See what is open (ls /proc/PID/fd, lsof): files, or sockets that are never closed?',
      'Compare the limit (ulimit -n) with what the load needs.',
      'Look in recent changes for files, responses or clients that are not closed.',
    ],
  },
  {
    category: 'threads_exhausted',
    words: 'no thread or worker was left',
    role: 'cause',
    specificity: 0.85,
    suspects: 'reporter',
    says: [
      'unable to create new native thread',
      'unable to create native thread',
      'rejectedexecutionexception',
      "can't start new thread",
      'thread pool is exhausted',
      'threadpool is exhausted',
      'bulkheadfullexception',
      'resource temporarily unavailable',
      'server reached pm.max_children',
    ],
    cause: ({ service }) => `${service} had no thread or worker left for new work`,
    actions: [
      'Take a thread dump: what do the workers wait for? Often a slow dependency, not the pool.',
      'Compare load with the size of the pool and of its queue.',
      'Bound the time of what they wait for, then size the pool.',
    ],
  },
];
