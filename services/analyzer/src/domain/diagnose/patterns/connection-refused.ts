import { named, type FailurePattern } from '../pattern.ts';

export const connectionPatterns: readonly FailurePattern[] = [
  {
    category: 'connection_refused',
    words: 'the connection was refused',
    role: 'cause',
    specificity: 0.85,
    suspects: 'dependency',
    says: [
      /econnrefused:? ([a-z0-9][a-z0-9._-]{0,99}(?::\d{1,5})?)/,
      /dial tcp ([a-z0-9][a-z0-9._-]{0,99}:\d{1,5}): connect: connection refused/,
      /connect to ([a-z0-9][a-z0-9._-]{0,99}:\d{1,5}) \[[^\]]{0,200}\] failed: connection refused/,
      /connection to server at "([a-z0-9][a-z0-9._-]{0,99})".{0,80}failed: connection refused/,
      /connection to ([a-z0-9][a-z0-9._-]{0,99}:\d{1,5}) refused/,
      /host='([a-z0-9][a-z0-9._-]{0,99})', port=\d{1,5}.{0,300}connection refused/,
      'econnrefused',
      'connection refused',
      'connectionrefusederror',
      'actively refused',
      'no connection could be made',
    ],
    cause: ({ service, dependency }) =>
      `${service} could not connect to ${named(dependency)}: the connection was refused, so nothing listened there`,
    actions: [
      'Check whether the refused dependency is running, and when it last restarted or was deployed.',
      'Check that host and port in the caller’s configuration are where the dependency listens.',
      'Look at the dependency’s own log just before the first failure: crash, failed start, failed health check.',
      'Check network policy, security groups and the service’s endpoints between the two.',
    ],
  },
  {
    category: 'connection_reset',
    words: 'the connection broke',
    role: 'cause',
    specificity: 0.6,
    suspects: 'dependency',
    says: [
      'econnreset',
      'connection reset by peer',
      'connection reset',
      'socket hang up',
      'broken pipe',
      'remote end closed connection without response',
      'connection aborted',
      'server closed the connection unexpectedly',
      'terminating connection due to administrator command',
      'unexpected eof on client connection',
      'upstream prematurely closed connection',
      'ehostunreach',
      'no route to host',
      'network is unreachable',
    ],
    cause: ({ service, dependency }) =>
      `Connections from ${service} to ${named(dependency)} broke while they were in use`,
    actions: [
      'Check whether the other side restarted, crashed or was scaled in when the failures began.',
      'Compare idle and keep-alive time-outs of both sides and of any load balancer between them.',
      'Check the network path for drops, resets and changed policies.',
    ],
  },
];
