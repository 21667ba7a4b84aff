import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { AppError, describeError } from '@prodsentinel/kernel';
import { setting } from './settings.ts';

const saslMechanisms = ['none', 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;

/** Settings of every process that talks to Kafka. */
export const kafkaSettings = {
  KAFKA_BROKERS: setting.list('Kafka brokers, host:port, comma-separated'),
  KAFKA_TOPIC_PREFIX: setting.text(
    'Before the names of all topics, schema subjects and consumer groups, so that several systems share a cluster',
    '',
  ),
  KAFKA_SSL: setting.flag('Talk to Kafka over TLS, and check who answers', false),
  KAFKA_SSL_CA_FILE: setting.text(
    'PEM file of the authorities that the brokers are checked against; empty: those that Node.js trusts',
    '',
  ),
  KAFKA_SSL_CERT_FILE: setting.text(
    'PEM file of our own certificate, where brokers ask for one; with KAFKA_SSL_KEY_FILE',
    '',
  ),
  KAFKA_SSL_KEY_FILE: setting.text('PEM file of its private key, not encrypted', ''),
  KAFKA_SASL_MECHANISM: setting.choice(
    'How we say who we are; PLAIN without KAFKA_SSL sends the password in the clear',
    saslMechanisms,
    'none',
  ),
  KAFKA_SASL_USERNAME: setting.text('User of Kafka', ''),
  KAFKA_SASL_PASSWORD: setting.secret('Password of that user, or give KAFKA_SASL_PASSWORD_FILE'),
  KAFKA_SASL_PASSWORD_FILE: setting.text(
    'File that holds the password; a line break at its end does not belong to it',
    '',
  ),
  SCHEMA_CACHE_DIR: setting.text(
    'Folder that keeps what the schema registry said, so that a start and new schemas survive a registry that is away; empty: none',
    '',
  ),
  SCHEMA_REGISTRY_URL: setting.url('Confluent-compatible schema registry', ['http:', 'https:']),
};

/** The settings that `readKafkaSecurity` looks at, as read from the environment. */
export interface KafkaSecuritySettings {
  readonly KAFKA_SSL: boolean;
  readonly KAFKA_SSL_CA_FILE: string;
  readonly KAFKA_SSL_CERT_FILE: string;
  readonly KAFKA_SSL_KEY_FILE: string;
  readonly KAFKA_SASL_MECHANISM: (typeof saslMechanisms)[number];
  readonly KAFKA_SASL_USERNAME: string;
  readonly KAFKA_SASL_PASSWORD?: string | undefined;
  readonly KAFKA_SASL_PASSWORD_FILE: string;
}

/** How a connection to Kafka is protected. Holds secrets: never to be logged. */
export interface KafkaSecurity {
  /** Present: TLS. PEM texts; without `ca` the authorities that Node.js trusts. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly sasl?: {
    readonly mechanism: Exclude<(typeof saslMechanisms)[number], 'none'>;
    readonly username: string;
    readonly password: string;
  };
}

/**
 * Reads the files that the settings name and checks that the settings fit together.
 *
 * @throws AppError `configuration`, naming every variable at fault and what to do; contents are never quoted
 */
export function readKafkaSecurity(settings: KafkaSecuritySettings): KafkaSecurity {
  const problems: string[] = [];
  const tls = readTls(settings, problems);
  const sasl = readSasl(settings, problems);
  if (problems.length > 0) {
    throw new AppError(
      'configuration',
      `the environment is not complete:\n${problems.map((each) => `  ${each}`).join('\n')}`,
    );
  }
  return { ...(tls ? { tls } : {}), ...(sasl ? { sasl } : {}) };
}

function readTls(settings: KafkaSecuritySettings, problems: string[]): KafkaSecurity['tls'] {
  const { KAFKA_SSL, KAFKA_SSL_CERT_FILE, KAFKA_SSL_KEY_FILE } = settings;
  const names = ['KAFKA_SSL_CA_FILE', 'KAFKA_SSL_CERT_FILE', 'KAFKA_SSL_KEY_FILE'] as const;
  if (!KAFKA_SSL) {
    for (const name of names.filter((each) => settings[each]))
      problems.push(`${name}: means nothing without KAFKA_SSL=true`);
    return undefined;
  }
  if (KAFKA_SSL_CERT_FILE && !KAFKA_SSL_KEY_FILE)
    problems.push('KAFKA_SSL_KEY_FILE: is not set; KAFKA_SSL_CERT_FILE needs its private key');
  if (KAFKA_SSL_KEY_FILE && !KAFKA_SSL_CERT_FILE)
    problems.push('KAFKA_SSL_CERT_FILE: is not set; KAFKA_SSL_KEY_FILE needs its certificate');
  const [ca, cert, key] = names.map((name) => readSettingFile(name, settings[name], problems));
  const tls = { ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}) };
  if (ca && !ca.includes('-----BEGIN CERTIFICATE-----'))
    problems.push('KAFKA_SSL_CA_FILE: holds no certificate in PEM form');
  if (problems.length === 0) checkPem(tls, problems);
  return tls;
}

function checkPem(tls: NonNullable<KafkaSecurity['tls']>, problems: string[]): void {
  const { ca, ...own } = tls;
  try {
    createSecureContext(ca ? { ca } : {});
  } catch (error) {
    problems.push(`KAFKA_SSL_CA_FILE: cannot be used: ${describeError(error)}`);
  }
  try {
    createSecureContext(own);
  } catch (error) {
    problems.push(`KAFKA_SSL_CERT_FILE, KAFKA_SSL_KEY_FILE: cannot be used: ${describeError(error)}`);
  }
}

function readSasl(settings: KafkaSecuritySettings, problems: string[]): KafkaSecurity['sasl'] {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username } = settings;
  const { KAFKA_SASL_PASSWORD, KAFKA_SASL_PASSWORD_FILE } = settings;
  if (mechanism === 'none') {
    const names = ['KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD', 'KAFKA_SASL_PASSWORD_FILE'] as const;
    for (const name of names.filter((each) => settings[each]))
      problems.push(
        `${name}: means nothing without KAFKA_SASL_MECHANISM, one of ${saslMechanisms.slice(1).join(', ')}`,
      );
    return undefined;
  }
  if (!username) problems.push(`KAFKA_SASL_USERNAME: is not set; ${mechanism} needs it`);
  if (KAFKA_SASL_PASSWORD && KAFKA_SASL_PASSWORD_FILE)
    problems.push('KAFKA_SASL_PASSWORD_FILE: is set beside KAFKA_SASL_PASSWORD; give one of them');
  if (!KAFKA_SASL_PASSWORD && !KAFKA_SASL_PASSWORD_FILE)
    problems.push(`KAFKA_SASL_PASSWORD: is not set, nor KAFKA_SASL_PASSWORD_FILE; ${mechanism} needs one`);
  const fromFile = readSettingFile('KAFKA_SASL_PASSWORD_FILE', KAFKA_SASL_PASSWORD_FILE, problems);
  return { mechanism, username, password: KAFKA_SASL_PASSWORD ?? fromFile?.replace(/\r?\n$/, '') ?? '' };
}

function readSettingFile(name: string, file: string, problems: string[]): string | undefined {
  if (!file) return undefined;
  try {
    const text = readFileSync(file, 'utf8');
    if (!text.trim()) problems.push(`${name}: ${file} is empty`);
    return text;
  } catch (error) {
    problems.push(`${name}: ${describeError(error)}`);
    return undefined;
  }
}
