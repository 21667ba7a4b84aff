import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { containerImages, serverNames, startStack } from '../src/index.ts';
import { markerOf } from '../src/kept-data.ts';
import { isRunning } from '../src/process-identity.ts';
import { docker, holdContainers, type HeldContainers } from './held-containers.ts';
import { waitFor } from './waiting.ts';
import { read, write, written } from './written.ts';

const timeoutMs = 400_000;
const why = whyNoContainers();
// Who watches whom is the same as in leaves-nothing.e2e.test.ts, which kills both every time.
const whenFull = process.env['PRODSENTINEL_TEST_FULL'] === '1' ? test : test.skip;
const describeInContainers = why ? describe.skip : describe;

describeInContainers(`a stack of containers${why ? ` (skipped: ${why})` : ''}`, () => {
  const held: HeldContainers[] = [];
  const hold = async (...args: string[]) => {
    const stack = await holdContainers(...args);
    held.push(stack);
    return stack;
  };

  afterEach(async () => {
    for (const { parent, remains } of held.splice(0)) {
      parent.kill('SIGKILL');
      await waitFor('the containers of this test are gone', () => remains().length === 0);
    }
  }, timeoutMs);

  test(
    'does what the four servers do, on loopback only, and leaves nothing when Ctrl-C makes its parent stop it',
    async () => {
      const { parent, env, containers, remains } = await hold('--drain-on-interrupt');
      await write(env, 'docker');
      expect(await read(env)).toEqual(written('docker'));
      expect(await consumed(env.KAFKA_BROKERS, 'docker')).toBe('a record');
      expect(containers.map(({ server }) => server).toSorted()).toEqual([...serverNames].toSorted());
      for (const { image, server, hostIps } of containers) {
        expect(image).toBe(containerImages[server]);
        expect(hostIps).toEqual(['127.0.0.1']);
      }
      process.kill(-parent.pid!, 'SIGINT');
      await waitFor('the parent ends by itself', () => parent.exitCode !== null);
      expect({ exitCode: parent.exitCode, remains: remains() }).toEqual({ exitCode: 0, remains: [] });
    },
    timeoutMs,
  );

  test(
    'keeps records, schemas, keys and rows in volumes when told to, lets in one stack at a time, and leaves nothing else',
    async () => {
      const directory = mkdtempSync(join(tmpdir(), 'prodsentinel-kept-test-'));
      const volumes = () =>
        docker('volume', 'ls', '-q', '--filter', `label=prodsentinel.directory=${realpathSync(directory)}`);
      const data = { kind: 'kept', directory } as const;
      let id = '';
      try {
        const first = await startStack({ source: 'started', data });
        try {
          expect(first.source).toBe('docker');
          id = stackWith(volumes().split('\n')[0]!);
          expect(leftOf(id)).not.toEqual([]);
          await write(first.env, 'kept');
          await send(first.env.KAFKA_BROKERS, 'kept');
          await expect(startStack({ source: 'started', data })).rejects.toMatchObject({ code: 'conflict' });
          expect(await read(first.env)).toEqual(written('kept'));
        } finally {
          await first.stop();
        }
        expect(leftOf(id)).toEqual([]);
        expect(volumes().trim().split('\n')).toHaveLength(3);
        expect(statSync(markerOf(directory)).mode & 0o777).toBe(0o600);
        const second = await startStack({ source: 'started', data });
        try {
          expect(await read(second.env)).toEqual(written('kept'));
          expect(await firstRecord(second.env.KAFKA_BROKERS, 'kept')).toBe('a record');
        } finally {
          await second.stop();
        }
      } finally {
        for (const volume of volumes().split('\n').filter(Boolean)) docker('volume', 'rm', volume);
        rmSync(directory, { recursive: true });
      }
    },
    timeoutMs,
  );

  whenFull(
    'leaves nothing when its parent is killed; when its guard is killed too, the next start removes what is left (PRODSENTINEL_TEST_FULL=1)',
    async () => {
      const [first, second] = await Promise.all([hold(), hold()]);
      first.parent.kill('SIGKILL');
      await waitFor('nothing is left of the first', () => first.remains().length === 0);
      // A guard that is stopped cannot react to its parent's death, as if both had died in one moment.
      process.kill(second.guard.pid, 'SIGSTOP');
      second.parent.kill('SIGKILL');
      process.kill(second.guard.pid, 'SIGKILL');
      await waitFor('both are gone', () => !isRunning(second.guard) && second.parent.signalCode !== null);
      expect(second.remains()).toContain(`container ${second.containers[0]!.id}`);
      const lines: string[] = [];
      const abort = new AbortController();
      // The sweep comes before everything else, whatever the next stack runs in.
      const next = startStack({
        source: 'processes',
        signal: abort.signal,
        onProgress: (line) => {
          lines.push(line);
          if (line.startsWith('Starting')) abort.abort();
        },
      });
      await expect(next).rejects.toMatchObject({ code: 'aborted' });
      expect(second.remains()).toEqual([]);
      expect(lines.join('\n')).toContain(second.id);
    },
    timeoutMs,
  );
});

/** Sends a record and reads it as a member of a group, which makes the broker speak to itself. */
async function consumed(broker: string, topic: string): Promise<string | undefined> {
  await send(broker, topic);
  return firstRecord(broker, topic);
}

async function send(broker: string, topic: string): Promise<void> {
  const producer = clientOf(broker).producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  await producer.send({ topic, messages: [{ value: 'a record' }] });
  await producer.disconnect();
}

async function firstRecord(broker: string, topic: string): Promise<string | undefined> {
  const consumer = clientOf(broker).consumer({ groupId: 'readers' });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  await consumer.run({
    eachMessage: ({ message }) => Promise.resolve(resolve(message.value?.toString())),
  });
  const value = await promise;
  await consumer.disconnect();
  return value;
}

function clientOf(broker: string): Kafka {
  return new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING });
}

/** The stack whose container has the volume. */
function stackWith(volume: string): string {
  return docker('ps', '--filter', `volume=${volume}`, '--format', '{{.Label "prodsentinel.stack"}}').trim();
}

/** The containers and networks of a stack. */
function leftOf(id: string): string[] {
  const filter = ['--filter', `label=prodsentinel.stack=${id}`];
  return [docker('ps', '-aq', ...filter), docker('network', 'ls', '-q', ...filter)].filter(Boolean);
}

function whyNoContainers(): string | undefined {
  const engine = spawnSync('docker', ['info']);
  if (engine.error || engine.status !== 0) return 'no Docker engine answers';
  const missing = Object.values(containerImages).filter(
    (image) => spawnSync('docker', ['image', 'inspect', image]).status !== 0,
  );
  return missing.length > 0 ? `images are not here: ${missing.join(', ')}` : undefined;
}
