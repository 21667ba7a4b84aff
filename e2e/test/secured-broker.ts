import { spawnSync } from 'node:child_process';
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';

/** A user that every listener knows. */
export const user = { name: 'sentinel', password: 'correct horse, battery' } as const;

export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** An authority, a certificate for 127.0.0.1 and one of a client that it signed, and an authority that nobody knows. */
export function createCertificates(folder: string) {
  const path = (name: string) => join(folder, name);
  const run = (line: string) => {
    // Names are ours and hold no blanks; the folder may.
    const args = line.split(' ').map((word) => word.replace('@', `${folder}/`));
    const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`openssl ${line}: ${stderr}`);
  };
  const toNewKey = 'req -newkey rsa:2048 -nodes';
  for (const name of ['authority', 'stranger'])
    run(`${toNewKey} -x509 -days 2 -subj /CN=${name} -keyout @${name}.key -out @${name}.pem`);
  writeFileSync(path('names'), 'subjectAltName=IP:127.0.0.1');
  run(`${toNewKey} -subj /CN=broker -keyout @broker.key -out @broker.csr`);
  run(
    'x509 -req -in @broker.csr -days 2 -extfile @names -CA @authority.pem -CAkey @authority.key -CAcreateserial -out @broker.pem',
  );
  run(`${toNewKey} -subj /CN=client -keyout @client.key -out @client.csr`);
  run('x509 -req -in @client.csr -days 2 -CA @authority.pem -CAkey @authority.key -out @client.pem');
  const keyStore = path('broker-store.pem');
  writeFileSync(
    keyStore,
    readFileSync(path('broker.key'), 'utf8') + readFileSync(path('broker.pem'), 'utf8'),
  );
  const pair = (name: string) => ({
    KAFKA_SSL_CERT_FILE: path(`${name}.pem`),
    KAFKA_SSL_KEY_FILE: path(`${name}.key`),
  });
  return {
    authority: path('authority.pem'),
    stranger: path('stranger.pem'),
    keyStore,
    /** What a client says that it is: one whom the authority knows, and one whom it does not. */
    client: pair('client'),
    strangeClient: pair('stranger'),
  };
}

/** Settings of a broker that also listens on four protected ports; the last asks for a certificate of the client. */
export function securedBrokerConfig(
  ports: { plain: number; scram: number; tls: number; mtls: number },
  { keyStore, authority }: { keyStore: string; authority: string },
) {
  const own = [
    `SASL_PLAINTEXT://127.0.0.1:${ports.plain}`,
    `SASL_SSL://127.0.0.1:${ports.scram}`,
    `SSL://127.0.0.1:${ports.tls}`,
    `MTLS://127.0.0.1:${ports.mtls}`,
  ];
  const login = 'org.apache.kafka.common.security';
  return {
    listeners: ['PLAINTEXT://127.0.0.1:<port>', 'CONTROLLER://127.0.0.1:<controllerPort>', ...own].join(','),
    'advertised.listeners': ['PLAINTEXT://127.0.0.1:<port>', ...own].join(','),
    'listener.security.protocol.map':
      'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL,MTLS:SSL',
    'listener.name.sasl_plaintext.sasl.enabled.mechanisms': 'PLAIN',
    'listener.name.sasl_plaintext.plain.sasl.jaas.config': `${login}.plain.PlainLoginModule required user_${user.name}="${user.password}";`,
    'listener.name.sasl_ssl.sasl.enabled.mechanisms': 'SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config': `${login}.scram.ScramLoginModule required;`,
    'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config': `${login}.scram.ScramLoginModule required;`,
    'listener.name.mtls.ssl.client.auth': 'required',
    'listener.name.mtls.ssl.truststore.type': 'PEM',
    'listener.name.mtls.ssl.truststore.location': authority,
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': keyStore,
  };
}

const iterations = 4096;
/** Apache Kafka, "Kafka protocol guide", AlterUserScramCredentials: key 51, version 0. */
const alterUserScramCredentials = 51;

/** Gives the user both SCRAM passwords, one request each. kafkajs does not know this request. */
export async function createScramUser(brokers: string): Promise<void> {
  for (const { mechanism, digest, length } of [
    { mechanism: 1, digest: 'sha256', length: 32 },
    { mechanism: 2, digest: 'sha512', length: 64 },
  ]) {
    const salt = randomBytes(16);
    const salted = pbkdf2Sync(user.password, salt, iterations, length, digest);
    const header = [int(alterUserScramCredentials, 2), int(0, 2), int(1, 4), int(-1, 2), noTags];
    // No deletions, one upsertion.
    const body = [Buffer.from([1, 2]), compact(user.name), int(mechanism, 1), int(iterations, 4)];
    await ask(brokers, Buffer.concat([...header, ...body, compact(salt), compact(salted), noTags, noTags]));
  }
}

const noTags = Buffer.from([0]);

function int(value: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeIntBE(value, 0, bytes);
  return buffer;
}

/** All of ours are shorter than 127 bytes: one byte of length. */
function compact(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length + 1]), bytes]);
}

function ask(brokers: string, request: Buffer): Promise<void> {
  const { hostname, port } = new URL(`kafka://${brokers.split(',')[0]}`);
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: hostname, port: Number(port) });
    let answer = Buffer.alloc(0);
    socket.once('error', reject);
    socket.on('data', (chunk) => {
      answer = Buffer.concat([answer, chunk]);
      if (answer.length < 4 || answer.length < 4 + answer.readInt32BE(0)) return;
      socket.destroy();
      // Length, correlation, tags, throttle time, count of results, then the user and the error of the first.
      const code = answer.readInt16BE(14 + 1 + user.name.length);
      if (code === 0) resolve();
      else reject(new Error(`the broker refused the user: error ${code}`));
    });
    socket.write(Buffer.concat([int(request.length, 4), request]));
  });
}
