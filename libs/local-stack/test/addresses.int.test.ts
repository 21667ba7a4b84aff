import { describe, expect, test } from '@jest/globals';
import { startStack, stackVariables } from '../src/index.ts';

describe('the stack of the integration tests', () => {
  test('is named in the environment of every test and answers', async () => {
    const stack = await startStack({ source: 'environment' });
    expect(Object.keys(stack.env)).toEqual([...stackVariables]);
    await stack.stop();
  });

  test('refuses an environment that names only some of the servers, and says which are missing', async () => {
    const redis = process.env['REDIS_URL'];
    delete process.env['REDIS_URL'];
    try {
      await expect(startStack()).rejects.toMatchObject({
        code: 'configuration',
        message: expect.stringContaining('not set: REDIS_URL'),
      });
    } finally {
      process.env['REDIS_URL'] = redis;
    }
  });

  test('names every server of the environment that does not answer', async () => {
    const kept = { ...process.env };
    process.env['REDIS_URL'] = 'redis://127.0.0.1:1';
    process.env['DATABASE_URL'] = 'postgres://nobody@127.0.0.1:1/none';
    try {
      await expect(startStack({ source: 'environment' })).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringMatching(/^(?!.*KAFKA).*REDIS_URL: .*DATABASE_URL: /),
      });
    } finally {
      process.env['REDIS_URL'] = kept['REDIS_URL'];
      process.env['DATABASE_URL'] = kept['DATABASE_URL'];
    }
  });
});
