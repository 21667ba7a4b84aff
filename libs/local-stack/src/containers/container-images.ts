import type { ServerName } from '../stack.ts';

/** The official images that the servers run from: the ones that docker-compose.yml names, which a test compares. */
export const containerImages: Readonly<Record<ServerName, string>> = {
  kafka: 'apache/kafka:4.4.0',
  registry: 'apicurio/apicurio-registry:3.0.9',
  redis: 'redis:7.4.1',
  postgres: 'postgres:18.1',
};

/** The variables that name others instead, such as those of a mirror; docker-compose.yml reads the same. */
export const imageVariables: Readonly<Record<ServerName, string>> = {
  kafka: 'KAFKA_IMAGE',
  registry: 'REGISTRY_IMAGE',
  redis: 'REDIS_IMAGE',
  postgres: 'POSTGRES_IMAGE',
};

export function imageOf(server: ServerName, env: NodeJS.ProcessEnv): string {
  return env[imageVariables[server]] || containerImages[server];
}
