import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PreparedServer, ServerContext } from '../server.ts';

/** Redis with one database file and no eviction: claims must not vanish. */
export async function prepareRedis(context: ServerContext, binary: string): Promise<PreparedServer> {
  const data = join(context.directory, 'data');
  await mkdir(data, { recursive: true });
  return {
    name: 'redis',
    portCount: 1,
    program: ([port]) => ({
      name: 'redis',
      command: binary,
      args: [
        '--port',
        String(port),
        '--bind',
        '127.0.0.1',
        '--dir',
        data,
        '--daemonize',
        'no',
        '--save',
        '',
        '--appendonly',
        context.keepsData ? 'yes' : 'no',
        '--maxmemory-policy',
        'noeviction',
      ],
      cwd: data,
      env: context.env,
      logFile: join(context.directory, 'redis.log'),
    }),
    url: ([port]) => `redis://127.0.0.1:${port}`,
    signals: { gracefully: 'SIGTERM', atOnce: 'SIGKILL' },
  };
}
