import { describe, expect, test } from '@jest/globals';
import { createServer } from 'node:net';
import { findFreePorts, isPortFree, portRange } from '../src/free-ports.ts';

describe('free ports', () => {
  test('are different, and below the ranges of outgoing connections', async () => {
    const ports = await findFreePorts(5);
    expect(new Set(ports).size).toBe(5);
    for (const port of ports) {
      expect(port).toBeGreaterThanOrEqual(portRange.first);
      expect(port).toBeLessThanOrEqual(portRange.last);
    }
  });

  test('leave out a port that somebody listens on', async () => {
    const [taken] = await findFreePorts(1);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: taken! }, resolve));
    try {
      expect(await isPortFree(taken!)).toBe(false);
      // The first two draws hit the taken port, the third the one after it.
      const width = portRange.last - portRange.first + 1;
      const draws = [taken!, taken!, taken! + 1].map((port) => (port - portRange.first + 0.5) / width);
      const [found] = await findFreePorts(1, () => draws.shift() ?? 0.99);
      expect(found).not.toBe(taken);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test('that cannot be found are an error that says where they were looked for', async () => {
    await expect(findFreePorts(2, () => 0.5)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('15000 and 32000'),
    });
  });
});
