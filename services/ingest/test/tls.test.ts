import { execFile, spawnSync } from 'node:child_process';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { createLogger, Health } from '@prodsentinel/process';
import { readIngestConfig } from '../src/config.ts';
import { createIngestService } from '../src/service.ts';
import { FakeProducer } from './fake-producer.ts';

const env = { KAFKA_BROKERS: 'localhost:1', SCHEMA_REGISTRY_URL: 'http://localhost:1', INGEST_PORT: '0' };

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const testWithOpenssl = hasOpenssl ? test : test.skip;
const without = hasOpenssl ? '' : ' (skipped: openssl, which makes the certificates, is not on the path)';

testWithOpenssl(
  `it speaks HTTPS, takes a replaced certificate without a restart${without}`,
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tls-'));
    const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
    try {
      for (const name of ['first', 'second']) await makeCertificate(directory, name);
      await copyFile(join(directory, 'first.key'), key);
      await copyFile(join(directory, 'first.pem'), cert);
      const config = readIngestConfig({ ...env, INGEST_TLS_CERT_FILE: cert, INGEST_TLS_KEY_FILE: key });
      const logger = createLogger('ingest', { LOG_LEVEL: 'silent', LOG_FORMAT: 'json' });
      const context = { logger, health: new Health(), signal: new AbortController().signal };
      const service = createIngestService(config, context, { producer: new FakeProducer() });
      await service.start();
      try {
        const url = new URL(service.addresses!['ingest']!);
        expect(url.protocol).toBe('https:');
        expect(await greet(url)).toEqual({ name: 'first', status: 'HTTP/1.1 405 Method Not Allowed' });
        await copyFile(join(directory, 'second.key'), key);
        await copyFile(join(directory, 'second.pem'), cert);
        while ((await greet(url)).name !== 'second') await wait(20);
      } finally {
        await service.stop();
      }
    } finally {
      await rm(directory, { recursive: true });
    }
  },
  30_000,
);

test('a certificate without a key is a wrong configuration', () => {
  expect(() => readIngestConfig({ ...env, INGEST_TLS_CERT_FILE: 'cert.pem' })).toThrow(
    expect.objectContaining({
      code: 'configuration',
      message: expect.stringContaining('INGEST_TLS_KEY_FILE'),
    }),
  );
});

async function makeCertificate(directory: string, name: string): Promise<void> {
  const out = ['-keyout', join(directory, `${name}.key`), '-out', join(directory, `${name}.pem`)];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
  await promisify(execFile)('openssl', ['req', '-x509', ...kind, ...out, '-subj', `/CN=${name}`]);
}

/** Asks once; whose certificate it was and the first line of the answer. */
async function greet(url: URL): Promise<{ name: unknown; status: string | undefined }> {
  const socket = connect({ host: url.hostname, port: Number(url.port), rejectUnauthorized: false });
  let answer = '';
  socket.on('data', (chunk) => (answer += String(chunk)));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.on('error', reject).on('close', () => resolve());
  let name: unknown;
  socket.on('secureConnect', () => {
    name = socket.getPeerCertificate().subject.CN;
    socket.write('GET /v1/failures HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  });
  await promise;
  return { name, status: answer.split('\r\n')[0] };
}
