import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { migrateUp, openDatabase } from '@prodsentinel/database';
import { startSystem } from '@prodsentinel/demo';
import { Releasers } from '@prodsentinel/kernel';
import { startStack, type Stack } from '@prodsentinel/local-stack';
import {
  createCertificates,
  createScramUser,
  hasOpenssl,
  securedBrokerConfig,
  user,
} from './secured-broker.ts';

const root = join(import.meta.dirname, '..', '..');
const resources = new Releasers();
const ports = { plain: 0, scram: 0, tls: 0, mtls: 0 };
let stack: Stack;
let access: Record<'plain' | 'scram256' | 'scram512' | 'tls' | 'mtls', Record<string, string>>;
let certificates: ReturnType<typeof createCertificates>;

// Says why it is skipped in its own name.
const title = hasOpenssl ? 'a Kafka that asks who we are' : 'a Kafka that asks who we are (needs openssl)';

(hasOpenssl ? describe : describe.skip)(title, () => {
  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'secured-kafka-'));
    resources.add('the certificates', folder, async (each) => rmSync(each, { recursive: true }));
    certificates = createCertificates(folder);
    for (const name of ['plain', 'scram', 'tls', 'mtls'] as const) ports[name] = await findFreePort();
    const config = securedBrokerConfig(ports, certificates);
    stack = await startStack({ source: 'processes', kafka: { config } });
    resources.add('the stack', stack, (each) => each.stop());
    await createScramUser(stack.env.KAFKA_BROKERS);
    const passwordFile = join(folder, 'password');
    writeFileSync(passwordFile, `${user.password}\n`);
    const tls = { KAFKA_SSL: 'true', KAFKA_SSL_CA_FILE: certificates.authority };
    const scram = { KAFKA_BROKERS: `127.0.0.1:${ports.scram}`, KAFKA_SASL_USERNAME: user.name, ...tls };
    access = {
      plain: {
        KAFKA_BROKERS: `127.0.0.1:${ports.plain}`,
        KAFKA_SASL_MECHANISM: 'PLAIN',
        KAFKA_SASL_USERNAME: user.name,
        KAFKA_SASL_PASSWORD: user.password,
      },
      scram256: { ...scram, KAFKA_SASL_MECHANISM: 'SCRAM-SHA-256', KAFKA_SASL_PASSWORD_FILE: passwordFile },
      scram512: { ...scram, KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512', KAFKA_SASL_PASSWORD: user.password },
      tls: { KAFKA_BROKERS: `127.0.0.1:${ports.tls}`, ...tls },
      mtls: { KAFKA_BROKERS: `127.0.0.1:${ports.mtls}`, ...tls, ...certificates.client },
    };
  }, 120_000);

  afterAll(() => resources.release(), 60_000);

  test.each(['plain', 'scram256', 'tls', 'mtls'] as const)(
    'the command line reaches it: %s',
    async (kind) => {
      const { code, messages, data } = await setUp({ ...access[kind], KAFKA_TOPIC_PREFIX: `${kind}-` });
      expect({ code, messages }).toEqual({ code: 0, messages: '' });
      expect(data).toContain(`${kind}-failures`);
    },
    60_000,
  );

  test('a wrong password, an unknown authority and a mechanism that the broker lacks end with 78 and say what to check', async () => {
    const attempts = await Promise.all([
      setUp({ ...access.plain, KAFKA_SASL_PASSWORD: 'wrong-secret' }),
      setUp({ ...access.scram512, KAFKA_SASL_PASSWORD: 'wrong-secret' }),
      setUp({ ...access.plain, KAFKA_SASL_MECHANISM: 'SCRAM-SHA-256' }),
      setUp({ ...access.tls, KAFKA_SSL_CA_FILE: certificates.stranger }),
    ]);
    expect(attempts.map(({ code }) => code)).toEqual([78, 78, 78, 78]);
    for (const { messages } of attempts.slice(0, 3))
      expect(messages).toMatch(/check KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD/);
    expect(attempts[3]?.messages).toMatch(/check KAFKA_SSL_CA_FILE/);
    expect(attempts.map(({ messages }) => messages).join('')).not.toContain('wrong-secret');
  }, 60_000);

  test('a broker that asks for a certificate refuses who has none, or that of a stranger: exit 78, with what to check', async () => {
    const { KAFKA_SSL_CERT_FILE: _cert, KAFKA_SSL_KEY_FILE: _key, ...without } = access.mtls;
    const attempts = await Promise.all([
      setUp(without),
      setUp({ ...access.mtls, ...certificates.strangeClient }),
    ]);
    for (const { code, messages } of attempts)
      expect({ code, messages }).toEqual({
        code: 78,
        messages: expect.stringMatching(/check KAFKA_SSL_CERT_FILE and KAFKA_SSL_KEY_FILE/),
      });
  }, 60_000);

  test('all services work over TLS with SCRAM: a failure becomes an incident', async () => {
    expect((await setUp(access.scram512)).code).toBe(0);
    await migrateUp(stack.env.DATABASE_URL);
    const stackEnv = { ...stack.env, KAFKA_BROKERS: access.scram512.KAFKA_BROKERS! };
    const settings = { ...access.scram512, WINDOW_QUIET_MS: '300', WINDOW_MAX_AGE_MS: '1000' };
    const system = await startSystem({ stackEnv, settings, baseEnv: { PATH: process.env['PATH'] } });
    resources.add('the services', system, (each) => each.stop());
    const database = await openDatabase({
      url: stack.env.DATABASE_URL,
      applicationName: 'secured',
      poolSize: 1,
    });
    resources.add('the database', database, (each) => each.close());
    const response = await fetch(`${system.services.ingest[0]!.addresses['ingest']}/v1/failures`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ service: 'vault', level: 'error', message: 'sealed' }),
    });
    expect(response.status).toBe(202);
    for (;;) {
      const rows = await database.query<{ failure_count: string }>('select failure_count from incidents');
      if (rows.length > 0) return expect(Number(rows[0]?.failure_count)).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }, 120_000);
});

function setUp(env: Record<string, string>) {
  return new Promise<{ code: number; data: string; messages: string }>((resolve) => {
    const main = join(root, 'cli', 'src', 'main.ts');
    const registry = { SCHEMA_REGISTRY_URL: stack.env.SCHEMA_REGISTRY_URL, PATH: process.env['PATH'] };
    execFile(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', main, 'setup', '--partitions', '2'],
      { cwd: root, env: { ...registry, ...env } },
      (error, data, messages) => resolve({ code: error ? Number(error.code) : 0, data, messages }),
    );
  });
}

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
