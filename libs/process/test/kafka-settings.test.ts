import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { kafkaSettings, readKafkaSecurity, readSettings } from '../src/index.ts';

const base = { KAFKA_BROKERS: 'b:1', SCHEMA_REGISTRY_URL: 'http://r' };
const read = (env: Record<string, string>) =>
  readKafkaSecurity(readSettings(kafkaSettings, { ...base, ...env }));
let folder = '';
const file = (name: string, text: string) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kafka-settings-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('nothing set: neither TLS nor SASL', () => {
  expect(read({})).toEqual({});
});

test('TLS alone trusts whom Node.js trusts; the password of SASL may lie in a file', () => {
  expect(read({ KAFKA_SSL: 'true' })).toEqual({ tls: {} });
  const sasl = { KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512', KAFKA_SASL_USERNAME: 'ps' };
  expect(read({ ...sasl, KAFKA_SASL_PASSWORD_FILE: file('password', ' with blanks \n') })).toEqual({
    sasl: { mechanism: 'SCRAM-SHA-512', username: 'ps', password: ' with blanks ' },
  });
});

test.each([
  [{ KAFKA_SSL_CA_FILE: '/ca.pem' }, ['KAFKA_SSL_CA_FILE: means nothing without KAFKA_SSL=true']],
  [{ KAFKA_SSL: 'true', KAFKA_SSL_CA_FILE: '/not/there' }, ['KAFKA_SSL_CA_FILE: ENOENT', '/not/there']],
  [{ KAFKA_SSL: 'true', KAFKA_SSL_CERT_FILE: '/c' }, ['KAFKA_SSL_KEY_FILE: is not set']],
  [{ KAFKA_SSL: 'true', KAFKA_SSL_KEY_FILE: '/k' }, ['KAFKA_SSL_CERT_FILE: is not set']],
  [{ KAFKA_SASL_MECHANISM: 'GSSAPI' }, ['KAFKA_SASL_MECHANISM: expected one of none, PLAIN']],
  [{ KAFKA_SASL_USERNAME: 'u' }, ['KAFKA_SASL_USERNAME: means nothing without KAFKA_SASL_MECHANISM']],
  [
    { KAFKA_SASL_MECHANISM: 'PLAIN', KAFKA_SSL_CA_FILE: '/ca.pem' },
    ['KAFKA_SSL_CA_FILE', 'KAFKA_SASL_USERNAME: is not set', 'KAFKA_SASL_PASSWORD: is not set'],
  ],
])('says what is wrong with %j, everything at once', (env, reasons) => {
  for (const reason of reasons) {
    expect(() => read(env)).toThrow(
      expect.objectContaining({ code: 'configuration', message: expect.stringContaining(reason) }),
    );
  }
});

test('two passwords are one too many, and neither is quoted', () => {
  const env = {
    KAFKA_SASL_MECHANISM: 'PLAIN',
    KAFKA_SASL_USERNAME: 'u',
    KAFKA_SASL_PASSWORD: 'hunter2',
    KAFKA_SASL_PASSWORD_FILE: file('second', 'hunter3'),
  };
  expect(() => read(env)).toThrow(/KAFKA_SASL_PASSWORD_FILE: is set beside KAFKA_SASL_PASSWORD/);
  expect(() => read(env)).not.toThrow(/hunter/);
});

test('a file that holds no certificate is no authority', () => {
  const env = { KAFKA_SSL: 'true', KAFKA_SSL_CA_FILE: file('ca.pem', 'not a certificate') };
  expect(() => read(env)).toThrow(/KAFKA_SSL_CA_FILE: holds no certificate in PEM form/);
});

test('the documentation names each setting with its sentence', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/kafka-security.md'), 'utf8');
  for (const [name, type] of Object.entries(kafkaSettings)) {
    if (name in base || name === 'KAFKA_TOPIC_PREFIX') continue;
    expect(page.split('\n').find((line) => line.startsWith(`| \`${name}\``))).toContain(type.description);
  }
});
