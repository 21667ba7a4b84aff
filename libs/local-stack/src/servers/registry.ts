import { join } from 'node:path';
import { javaOptions, type PreparedServer, type ServerContext } from '../server.ts';

/** The jar inside the unpacked archive. */
export const registryJar = 'apicurio-registry-app-3.0.9-runner.jar';

/** Apicurio, by its Confluent-compatible API. Its schemas are kept in an H2 file, or in memory. */
export function prepareRegistry(context: ServerContext, unpacked: string): Promise<PreparedServer> {
  const { directory } = context;
  return Promise.resolve({
    name: 'registry',
    portCount: 1,
    program: ([port]) => ({
      name: 'registry',
      command: context.java,
      args: [...javaOptions(context, 384), '-jar', join(unpacked, registryJar)],
      cwd: directory,
      env: {
        ...context.env,
        QUARKUS_HTTP_HOST: '127.0.0.1',
        QUARKUS_HTTP_PORT: String(port),
        QUARKUS_HTTP_ACCESS_LOG_ENABLED: 'false',
        QUARKUS_LOG_LEVEL: 'WARN',
        ...(context.keepsData
          ? { APICURIO_DATASOURCE_URL: `jdbc:h2:file:${join(directory, 'schemas')}` }
          : {}),
      },
      logFile: join(directory, 'registry.log'),
    }),
    url: ([port]) => `http://127.0.0.1:${port}/apis/ccompat/v7`,
    signals: { gracefully: 'SIGTERM', atOnce: 'SIGKILL' },
  });
}
