import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startStack, stackVariables } from '../src/index.ts';
import { ownerOf, writeBeginning, writeMarker } from '../src/kept-data.ts';
import { FakeEngine, type FakeEngineOptions } from './fake-engine.ts';

const timeoutMs = 120_000;

describe('where Docker cannot be used', () => {
  let directory: string;
  const before = { ...process.env };
  const engines: FakeEngine[] = [];
  const startEngine = async (options: FakeEngineOptions = {}) => {
    const engine = new FakeEngine(directory, options);
    engines.push(engine);
    await engine.start();
    process.env['DOCKER_HOST'] = engine.dockerHost;
    return engine;
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'prodsentinel-engine-'));
    for (const name of stackVariables) delete process.env[name];
  });
  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.stop();
    for (const name of ['DOCKER_HOST', ...stackVariables]) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
    rmSync(directory, { recursive: true });
  });

  test(
    'an engine that neither has nor can pull an image is named with its reason, and child processes take its place',
    async () => {
      const engine = await startEngine();
      const lines: string[] = [];
      const stack = await startStack({ onProgress: (line) => lines.push(line) });
      await stack.stop();
      expect(stack.source).toBe('processes');
      expect(lines).toContainEqual(
        expect.stringMatching(
          /^Without Docker \(the image \S+ is not here and cannot be pulled: .*no such host.*\): the servers are started as child processes$/,
        ),
      );
      expect(engine.requests.filter((each) => each.includes('/containers/'))).toEqual([]);
    },
    timeoutMs,
  );

  test(
    'whoever asks for Docker and nothing else is told why it is not there',
    async () => {
      await startEngine({ os: 'windows' });
      await expect(startStack({ source: 'docker' })).rejects.toMatchObject({
        code: 'unavailable',
        message: 'the Docker engine runs windows images, not Linux',
      });
      await engines.pop()?.stop();
      await startEngine({ hasImages: true });
      await expect(startStack({ source: 'docker' })).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringMatching(
          /^the Docker engine does not do what it is asked, because .*may only look/,
        ),
      });
      process.env['DOCKER_HOST'] = 'tcp://192.0.2.1:2375';
      await expect(startStack({ source: 'docker' })).rejects.toMatchObject({
        code: 'unavailable',
        message: 'the Docker engine is on another machine (DOCKER_HOST is tcp://192.0.2.1:2375)',
      });
      process.env['DOCKER_HOST'] = `unix://${join(directory, 'nobody.sock')}`;
      await expect(startStack({ source: 'docker' })).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringMatching(/^no Docker engine answers/),
      });
    },
    timeoutMs,
  );

  test('broker settings and throughput are not for containers', async () => {
    const engine = await startEngine();
    for (const options of [
      { kafka: { config: { 'message.max.bytes': '1' } } },
      { tunedFor: 'throughput' },
    ] as const) {
      await expect(startStack({ source: 'docker', ...options })).rejects.toMatchObject({
        code: 'configuration',
      });
    }
    expect(engine.requests).toEqual([]);
  });

  test(
    'data in volumes is never passed over: who has it, where it is and what to do is said, and nothing begins empty',
    async () => {
      process.env['DOCKER_HOST'] = `unix://${join(directory, 'nobody.sock')}`;
      const kept = join(directory, 'kept');
      mkdirSync(kept);
      const volumes = { kafka: 'the-kafka', redis: 'the-redis', postgres: 'the-postgres' };
      writeMarker(kept, { engine: '/var/run/docker.sock', volumes, password: 'secret' });
      const data = { kind: 'kept', directory: kept } as const;
      const before = readdirSync(kept);
      await expect(startStack({ data })).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringMatching(
          /kept is in volumes of the Docker engine at \/var\/run\/docker\.sock \(the-kafka, the-redis, the-postgres\), and cannot be had now: no Docker engine answers.* Start Docker, or choose another directory$/,
        ),
      });
      await expect(startStack({ source: 'processes', data })).rejects.toMatchObject({
        code: 'configuration',
        message: expect.stringContaining('the-postgres'),
      });
      await startEngine({ hasImages: true });
      await expect(startStack({ data })).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringMatching(/has no volume the-kafka, the-redis, the-postgres: use that engine/),
      });
      expect(readdirSync(kept)).toEqual(before);
    },
    timeoutMs,
  );

  test('a directory with data of child processes is not for containers', async () => {
    const engine = await startEngine({ hasImages: true });
    mkdirSync(join(directory, 'kept', 'postgres', 'data'), { recursive: true });
    const data = { kind: 'kept', directory: join(directory, 'kept') } as const;
    await expect(startStack({ source: 'docker', data })).rejects.toMatchObject({ code: 'configuration' });
    const lines: string[] = [];
    const abort = new AbortController();
    const onProgress = (line: string) => {
      lines.push(line);
      abort.abort();
    };
    await expect(startStack({ data, signal: abort.signal, onProgress })).rejects.toMatchObject({
      code: 'aborted',
    });
    expect(lines[0]).toMatch(
      /kept holds data of child processes: the servers are started as child processes$/,
    );
    expect(engine.requests).toEqual([]);
  });

  const keptData = () => ({ kind: 'kept', directory: join(realpathSync(directory), 'kept') }) as const;

  test.each<[string, FakeEngineOptions, RegExp]>([
    ['when no container starts', {}, /may only look/],
    ['when not every volume can be made', { volumesLeft: 2 }, /no space left on device/],
  ])(
    'a first start that fails leaves no volume and binds its directory to nothing, %s',
    async (_, options, reason) => {
      const engine = await startEngine({ hasImages: true, ...options });
      const data = keptData();
      await expect(startStack({ source: 'docker', data })).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringMatching(reason),
      });
      expect(engine.requests.some((each) => each.endsWith('/volumes/create'))).toBe(true);
      expect([...engine.volumes]).toEqual([]);
      expect(readdirSync(data.directory)).toEqual([]);
      expect(ownerOf(data)).toBeUndefined();
    },
    timeoutMs,
  );

  test(
    'volumes of a start that was cut off are made anew, and removed by no other engine',
    async () => {
      const data = keptData();
      mkdirSync(data.directory);
      const volumes = { kafka: 'the-kafka', redis: 'the-redis', postgres: 'the-postgres' };
      const engine = await startEngine({ hasImages: true, volumes: ['the-kafka', 'the-redis', 'anothers'] });
      writeBeginning(data.directory, { engine: '/elsewhere/docker.sock', volumes, password: 'secret' });
      await expect(startStack({ source: 'docker', data })).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('/elsewhere/docker.sock'),
      });
      expect([...engine.volumes]).toEqual(['the-kafka', 'the-redis', 'anothers']);
      const address = engine.dockerHost.replace('unix://', '');
      writeBeginning(data.directory, { engine: address, volumes, password: 'secret' });
      await expect(startStack({ source: 'docker', data })).rejects.toMatchObject({
        message: expect.stringContaining('may only look'),
      });
      expect([...engine.volumes]).toEqual(['anothers']);
      expect(readdirSync(data.directory)).toEqual([]);
    },
    timeoutMs,
  );

  test(
    'volumes whose directory has lost its marker, or that run already, are left as they are',
    async () => {
      const data = keptData();
      mkdirSync(data.directory);
      const hash = createHash('sha256').update(data.directory).digest('hex').slice(0, 12);
      const [kafka, redis, postgres] = ['kafka', 'redis', 'postgres'].map(
        (each) => `prodsentinel-${hash}-${each}`,
      );
      const volumes = { kafka: kafka!, redis: redis!, postgres: postgres! };
      const containers = ['0123456789abcdef'];
      const engine = await startEngine({ hasImages: true, volumes: Object.values(volumes), containers });
      await expect(startStack({ source: 'docker', data })).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringMatching(
          new RegExp(`docker-volumes.json, which had their password, is gone: .* docker volume rm ${kafka} `),
        ),
      });
      writeMarker(data.directory, { engine: '/var/run/docker.sock', volumes, password: 'secret' });
      await expect(startStack({ source: 'docker', data })).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringMatching(/in use by running containers: .* docker rm -f 0123456789ab$/),
      });
      expect([...engine.volumes]).toEqual(Object.values(volumes));
      expect(engine.requests.filter((each) => /^(POST|DELETE)/.test(each))).toEqual([]);
    },
    timeoutMs,
  );

  test(
    'a folder that cannot be made is no fault of the engine, and an empty one of a server is no data',
    async () => {
      await startEngine({ hasImages: true });
      writeFileSync(join(directory, 'a-file'), '');
      const below = join(directory, 'a-file', 'kept');
      await expect(
        startStack({ source: 'docker', data: { kind: 'kept', directory: below } }),
      ).rejects.toMatchObject({
        code: 'configuration',
        message: expect.stringMatching(/^the folder .*a-file\/kept cannot be made, because .*ENOTDIR/),
      });
      const data = keptData();
      mkdirSync(join(data.directory, 'kafka'), { recursive: true });
      expect(ownerOf(data)).toBeUndefined();
      writeFileSync(join(data.directory, 'kafka', 'meta.properties'), '');
      expect(ownerOf(data)).toBe('processes');
    },
    timeoutMs,
  );
});
