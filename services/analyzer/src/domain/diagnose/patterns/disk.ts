import type { FailurePattern } from '../pattern.ts';

export const diskPatterns: readonly FailurePattern[] = [
  {
    category: 'disk_full',
    words: 'the disk is full',
    role: 'cause',
    specificity: 0.95,
    suspects: 'reporter',
    says: [
      'enospc',
      'no space left on device',
      'disk is full',
      'disk full',
      'not enough space on the disk',
      'could not extend file',
      'disk quota exceeded',
      'edquot',
      'flood stage disk watermark',
      'misconf redis is configured to save rdb snapshots',
    ],
    cause: ({ service }) => `${service} could not write: its disk is full`,
    actions: [
      'See which volume is full and what grew (df -h and df -i, then du): logs, temporary files, database or write-ahead log.',
      'Free space that is safe to free, or enlarge the volume, before restarting anything.',
      'Check that rotation and retention of what grew still run.',
    ],
  },
  {
    category: 'read_only_storage',
    words: 'the storage accepts no writes',
    role: 'cause',
    specificity: 0.85,
    suspects: 'reporter',
    says: [
      'erofs',
      'read-only file system',
      'in a read-only transaction',
      'readonly you can',
      "can't write against a read only replica",
      'database is read-only',
      'read_only_allow_delete',
      '--read-only option',
    ],
    cause: ({ service }) => `${service} could not write: its storage is read-only`,
    actions: [
      'Check whether a failover made the writer a replica, and whether the callers follow the new primary.',
      'Check the volume for input/output errors that made the system mount it read-only.',
    ],
  },
];
