import { named, type FailurePattern } from '../pattern.ts';

export const dnsPatterns: readonly FailurePattern[] = [
  {
    category: 'dns_failure',
    words: 'a host name could not be resolved',
    role: 'cause',
    specificity: 0.85,
    suspects: 'reporter',
    says: [
      /getaddrinfo (?:enotfound|eai_again|eai_nodata) ([a-z0-9][a-z0-9._-]{0,99})/,
      /unknownhostexception: ([a-z0-9][a-z0-9._-]{0,99})/,
      /lookup ([a-z0-9][a-z0-9._-]{0,99}).{0,60}: (?:no such host|server misbehaving|i\/o timeout)/,
      /could not translate host name "([a-z0-9][a-z0-9._-]{0,99})"/,
      /(?:failed|unable) to resolve (?:host )?["']?([a-z0-9][a-z0-9._-]{0,99})/,
      /host not found in upstream "([a-z0-9][a-z0-9._-]{0,99})/,
      /([a-z0-9][a-z0-9._-]{0,99}) could not be resolved/,
      'enotfound',
      'eai_again',
      'no such host',
      'unknownhostexception',
      'name or service not known',
      'temporary failure in name resolution',
      'nodename nor servname provided',
      'nameresolutionerror',
      'nxdomain',
      'could not resolve host',
    ],
    cause: ({ service, dependency }) =>
      `${service} could not resolve the host name of ${named(dependency)}, so no connection was even tried`,
    actions: [
      'Resolve the name from inside one of the failing instances, and from elsewhere: is the name gone or the resolver?',
      'Compare the name with the configuration and with what was renamed, moved or removed last.',
      'Look at the health and load of the cluster’s DNS.',
    ],
  },
];
