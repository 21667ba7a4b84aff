import { isIP } from 'node:net';
import { AppError } from '@prodsentinel/kernel';
import {
  commonSettings,
  kafkaSettings,
  readKafkaSecurity,
  readSettings,
  setting,
} from '@prodsentinel/process';

/** Every setting of ingest, as environment variables. */
export const ingestSettings = {
  ...commonSettings,
  ...kafkaSettings,
  HEALTH_PORT: setting.wholeNumber('Port of /health/live, /health/ready and /metrics; 0: a free one', {
    min: 0,
    max: 65_535,
    fallback: 9080,
  }),
  INGEST_HOST: setting.text('Address to listen on', '127.0.0.1'),
  INGEST_PORT: setting.wholeNumber('Port to listen on; 0: a free one', {
    min: 0,
    max: 65_535,
    fallback: 8080,
  }),
  INGEST_ALLOW_OPEN: setting.flag(
    'Listen on an address that is not loopback, although anyone may send',
    false,
  ),
  INGEST_TOKENS_FILE: setting.optionalText(
    'File of the tokens that may send (`prodsentinel token create`); without it, anyone may',
  ),
  INGEST_TLS_CERT_FILE: setting.optionalText(
    'Certificate (and chain) in PEM; with it, ingest speaks HTTPS only. Read anew when it changes',
  ),
  INGEST_TLS_KEY_FILE: setting.optionalText('Private key of the certificate, in PEM'),
  MAX_CONNECTIONS: setting.wholeNumber('Most connections at once; further ones are closed unseen', {
    min: 1,
    max: 1_000_000,
    fallback: 10_000,
  }),
  REDIS_URL: setting.optionalUrl(
    'Redis that counts the requests of sources with a rate (`requestsPerSecond`); not used without one',
    ['redis:', 'rediss:'],
  ),
  FORWARD_MIN_SEVERITY: setting.wholeNumber(
    'Least OpenTelemetry severity number that is passed on (13 WARN, 17 ERROR, 1 everything)',
    { min: 1, max: 24, fallback: 13 },
  ),
  MAX_BODY_BYTES: setting.wholeNumber('Largest body, compressed and decompressed, in bytes', {
    min: 1,
    max: 256 * 1024 * 1024,
    fallback: 10 * 1024 * 1024,
  }),
  MAX_ITEMS: setting.wholeNumber('Most items in one request', { min: 1, max: 1_000_000, fallback: 10_000 }),
  MAX_ITEM_BYTES: setting.wholeNumber('Largest item, in bytes of JSON; Kafka takes 2 MiB', {
    min: 1,
    max: 1_500_000,
    fallback: 1024 * 1024,
  }),
  MAX_NESTING_DEPTH: setting.wholeNumber('Deepest nesting of objects and arrays in one item', {
    min: 1,
    max: 1000,
    fallback: 64,
  }),
  MAX_IN_FLIGHT_BYTES: setting.wholeNumber(
    'Bytes of body held at once, over all requests; beyond, they are answered 503',
    {
      min: 1,
      max: 4 * 1024 * 1024 * 1024,
      fallback: 64 * 1024 * 1024,
    },
  ),
  REQUEST_TIMEOUT_MS: setting.wholeNumber('Milliseconds a client has to send its whole request', {
    min: 100,
    max: 600_000,
    fallback: 30_000,
  }),
  DRAIN_MS: setting.wholeNumber(
    'Milliseconds that requests in flight have to end when the process is asked to stop',
    {
      min: 0,
      max: 600_000,
      fallback: 20_000,
    },
  ),
};

export type IngestConfig = ReturnType<typeof readIngestConfig>;

/**
 * Reads the settings from the environment.
 *
 * @throws AppError `configuration` naming every variable at fault, or when ingest would be open to the network
 */
export function readIngestConfig(env: Readonly<Record<string, string | undefined>>) {
  const config = readSettings(ingestSettings, env);
  if (!isLoopback(config.INGEST_HOST) && !config.INGEST_TOKENS_FILE && !config.INGEST_ALLOW_OPEN) {
    throw new AppError(
      'configuration',
      'INGEST_HOST is not a loopback address, and anyone who reaches it could send: listen on 127.0.0.1, name a token file in INGEST_TOKENS_FILE, or set INGEST_ALLOW_OPEN=true if something else guards the port',
    );
  }
  if ((config.INGEST_TLS_CERT_FILE === undefined) !== (config.INGEST_TLS_KEY_FILE === undefined)) {
    throw new AppError('configuration', 'INGEST_TLS_CERT_FILE and INGEST_TLS_KEY_FILE: set both or neither');
  }
  return { ...config, kafkaSecurity: readKafkaSecurity(config) };
}

/** Whether only this machine can reach the address. Names other than localhost are not looked up: they count as open. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  return isIP(host) === 4 ? host.startsWith('127.') : host === '::1';
}
