import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { containerImages, imageOf, imageVariables } from '../src/containers/container-images.ts';
import { serverNames } from '../src/index.ts';

const read = (file: string) => readFileSync(join(import.meta.dirname, '..', '..', '..', file), 'utf8');

test('the images are those of docker-compose.yml and .env.example, which name each with a full version', () => {
  for (const server of serverNames) {
    const image = containerImages[server];
    expect(image).toMatch(/:\d+\.\d+(\.\d+)?$/);
    expect(read('docker-compose.yml')).toContain(`image: \${${imageVariables[server]}:-${image}}`);
    expect(read('.env.example')).toContain(`\n#${imageVariables[server]}=${image}\n`);
  }
});

test('a mirror takes the place of an image', () => {
  expect(imageOf('redis', { REDIS_IMAGE: 'mirror.example/redis:7.4.1' })).toBe('mirror.example/redis:7.4.1');
  expect(imageOf('redis', { REDIS_IMAGE: '' })).toBe(containerImages.redis);
});
