import { createServer } from 'node:net';
import { AppError } from '@prodsentinel/kernel';

/**
 * Below the ranges that operating systems hand to outgoing connections (Linux from 32768, others from 49152), so that
 * nobody takes the port of a server that is being restarted.
 */
export const portRange = { first: 15_000, last: 32_000 } as const;

/**
 * Loopback ports that nobody listens on, all different. Somebody may still take one before it is used: a server that
 * fails to start is to be given another.
 *
 * @throws AppError `unavailable` when 200 tries find too few
 */
export async function findFreePorts(count: number, random: () => number = Math.random): Promise<number[]> {
  const found = new Set<number>();
  for (let tries = 0; tries < 200 && found.size < count; tries++) {
    const port = portRange.first + Math.floor(random() * (portRange.last - portRange.first + 1));
    if (!found.has(port) && (await isPortFree(port))) found.add(port);
  }
  if (found.size < count) {
    throw new AppError(
      'unavailable',
      `found only ${found.size} of ${count} free ports between ${portRange.first} and ${portRange.last} on 127.0.0.1`,
    );
  }
  return [...found];
}

/** Whether a server could listen on 127.0.0.1 at this port now. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false);
      else reject(error);
    });
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
