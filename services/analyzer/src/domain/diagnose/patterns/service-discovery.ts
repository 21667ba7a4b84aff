import { named, type FailurePattern } from '../pattern.ts';

export const serviceDiscoveryPatterns: readonly FailurePattern[] = [
  {
    category: 'no_instances',
    words: 'no instance of a service was registered',
    role: 'cause',
    specificity: 0.9,
    suspects: 'dependency',
    says: [
      /no instances available for ([a-z0-9][a-z0-9._-]{0,99})/,
      /no servers available for service: ([a-z0-9][a-z0-9._-]{0,99})/,
      /load balancer does not have available server for client: ([a-z0-9][a-z0-9._-]{0,99})/,
      /no (?:healthy |available )?(?:endpoints|instances|backends|upstreams?) (?:available )?for (?:service )?["']?([a-z0-9][a-z0-9._-]{0,99})/,
      'no healthy upstream',
      'no live upstreams',
      'no instances available',
      'name resolver error: produced zero addresses',
      'no endpoints available',
    ],
    cause: ({ service, dependency }) =>
      `No instance of ${named(dependency, 'a service that no message names')} was registered when ${service} called it`,
    actions: [
      'Check whether the missing service runs at all: replicas, restarts, failed deployments, evictions.',
      'If it runs, check its health checks and its registration (service registry, endpoints, selectors, namespace).',
      'Look at its log from just before the first failure: crash, out of memory, failed start.',
      'Check the registry itself if several services are missing at once.',
    ],
  },
];
