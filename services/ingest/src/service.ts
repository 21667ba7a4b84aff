import { setInterval } from 'node:timers';
import { AppError, Releasers, withDeadline } from '@prodsentinel/kernel';
import { createProducer, openCodec, type Producer } from '@prodsentinel/messaging';
import type { Service, ServiceContext } from '@prodsentinel/process';
import type { FastifyInstance } from 'fastify';
import { isLoopback, type IngestConfig } from './config.ts';
import { InFlightBytes } from './http/in-flight-bytes.ts';
import { useCertificate } from './http/use-certificate.ts';
import { createMetrics } from './metrics.ts';
import { createServer } from './server.ts';
import { connectRateRedis } from './senders/connect-rate-redis.ts';
import { SenderRates } from './senders/sender-rates.ts';
import { TokenAdmission } from './senders/token-admission.ts';
import { refuseUntilStarted } from './started-producer.ts';
import { useWatchedFiles } from './watched-files.ts';

export interface IngestOverrides {
  readonly producer?: Producer;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/**
 * Ingest: HTTP in, `failures` out. It listens from the start and answers 503 until Kafka has been reached, so that senders
 * are told to come back instead of finding nobody.
 */
export function createIngestService(
  config: IngestConfig,
  context: ServiceContext,
  overrides: IngestOverrides = {},
): Service {
  const { logger, health, signal } = context;
  const producer = refuseUntilStarted(overrides.producer ?? createFailuresProducer(config, context));
  const rates =
    config.REDIS_URL === undefined
      ? undefined
      : new SenderRates(connectRateRedis(config.REDIS_URL, logger), config.KAFKA_TOPIC_PREFIX);
  const admission = config.INGEST_TOKENS_FILE === undefined ? undefined : new TokenAdmission(rates);
  const server = createIngestServer(config, context, {
    producer,
    admission,
    now: overrides.now ?? Date.now,
  });
  const addresses: Record<string, string> = {};
  const resources = new Releasers();
  return {
    addresses,
    failed: new Promise<never>(() => undefined),
    async start() {
      health.set('ingest', 'starting', 'waiting for Kafka');
      if (rates) resources.add('the rates', rates, (each) => each.close());
      if (admission) resources.add('the token file', await watchTokens(admission, config, logger), call);
      if (config.INGEST_TLS_CERT_FILE) {
        resources.add('the certificate', await watchCertificate(server, config, logger), call);
      }
      // Added first, released last: what is in flight still needs it.
      resources.add('the producer', producer, (each) => each.stop());
      resources.add('the HTTP server', server, (each) => closeServer(each, config.DRAIN_MS));
      await listen(server, config);
      addresses['ingest'] = urlOf(config, server);
      sayWhoMaySend(config, logger, addresses['ingest']);
      await producer.start(signal);
      resources.add('the health watch', watchHealth(producer, rates, health), clearInterval);
    },
    stop: () => resources.release(),
  };
}

function createFailuresProducer(config: IngestConfig, { logger }: ServiceContext): Producer {
  return createProducer({
    connection: {
      brokers: config.KAFKA_BROKERS,
      clientId: 'prodsentinel-ingest',
      topicPrefix: config.KAFKA_TOPIC_PREFIX,
      security: config.kafkaSecurity,
      logger,
    },
    codec: openCodec(config, logger),
    topics: ['failures'],
    idleCheckMs,
  });
}

/** Who asks whether it is ready must not have to send something to know. */
const idleCheckMs = 2_000;

function createIngestServer(
  config: IngestConfig,
  { logger, health }: ServiceContext,
  {
    producer,
    now,
    admission,
  }: { producer: Producer; now: () => number; admission?: TokenAdmission | undefined },
): FastifyInstance {
  const inFlight = new InFlightBytes(config.MAX_IN_FLIGHT_BYTES);
  return createServer({
    logger,
    producer,
    now,
    admission,
    inFlight,
    metrics: createMetrics(health.metrics, () => inFlight.bytes),
    minSeverityNumber: config.FORWARD_MIN_SEVERITY,
    isSecure: config.INGEST_TLS_CERT_FILE !== undefined,
    maxConnections: config.MAX_CONNECTIONS,
    requestTimeoutMs: config.REQUEST_TIMEOUT_MS,
    limits: {
      maxBodyBytes: config.MAX_BODY_BYTES,
      maxItems: config.MAX_ITEMS,
      maxItemBytes: config.MAX_ITEM_BYTES,
      maxDepth: config.MAX_NESTING_DEPTH,
    },
  });
}

async function watchTokens(
  admission: TokenAdmission,
  { INGEST_TOKENS_FILE }: IngestConfig,
  logger: ServiceContext['logger'],
): Promise<() => void> {
  return useWatchedFiles({
    settings: 'INGEST_TOKENS_FILE',
    paths: [INGEST_TOKENS_FILE!],
    use: (contents) => admission.use(contents),
    logger,
  });
}

async function watchCertificate(
  server: FastifyInstance,
  { INGEST_TLS_CERT_FILE, INGEST_TLS_KEY_FILE }: IngestConfig,
  logger: ServiceContext['logger'],
): Promise<() => void> {
  return useWatchedFiles({
    settings: 'INGEST_TLS_CERT_FILE and INGEST_TLS_KEY_FILE',
    paths: [INGEST_TLS_CERT_FILE!, INGEST_TLS_KEY_FILE!],
    use: (contents) => useCertificate(server, contents),
    logger,
  });
}

function call(end: () => void): void {
  end();
}

async function listen(server: FastifyInstance, config: IngestConfig): Promise<void> {
  const { INGEST_HOST: host, INGEST_PORT: port } = config;
  try {
    await server.listen({ host, port });
  } catch (cause) {
    throw new AppError('configuration', `cannot listen on INGEST_HOST and INGEST_PORT (${host}, ${port})`, {
      cause,
    });
  }
}

function urlOf({ INGEST_HOST: host, INGEST_TLS_CERT_FILE }: IngestConfig, server: FastifyInstance): string {
  const address = server.server.address();
  if (address === null || typeof address === 'string') throw new AppError('bug', 'the server has no port');
  const reachable = wildcardHosts.has(host) ? '127.0.0.1' : host;
  return `${INGEST_TLS_CERT_FILE ? 'https' : 'http'}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${address.port}`;
}

/** Addresses to listen on, not to connect to. */
const wildcardHosts = new Set(['0.0.0.0', '::']);

function sayWhoMaySend(config: IngestConfig, logger: ServiceContext['logger'], address: string): void {
  if (config.INGEST_TOKENS_FILE !== undefined) {
    if (!isLoopback(config.INGEST_HOST) && config.INGEST_TLS_CERT_FILE === undefined) {
      const message = `tokens travel in the clear to ${address}: set INGEST_TLS_CERT_FILE, unless something before it speaks TLS`;
      logger.warn({ event: 'tokens_in_the_clear', address }, message);
    }
    logger.info({ event: 'listening', address }, `listening on ${address}: who sends needs a token`);
  } else if (isLoopback(config.INGEST_HOST)) {
    logger.info({ event: 'listening', address }, `listening on ${address}: open, on loopback only`);
  } else {
    logger.warn(
      { event: 'listening_open', address },
      `listening on ${address}: open to everyone who reaches it`,
    );
  }
}

function watchHealth(
  producer: Producer,
  rates: SenderRates | undefined,
  health: ServiceContext['health'],
): NodeJS.Timeout {
  const look = () => {
    if (!producer.isReachable)
      health.set('ingest', 'paused', 'Kafka does not answer: requests are answered 503');
    else if (rates?.isShared === false)
      health.set('ingest', 'degraded', 'Redis is away: each process bounds the rates of sources on its own');
    else health.set('ingest', 'running');
  };
  look();
  return setInterval(look, watchIntervalMs).unref();
}

const watchIntervalMs = 500;

/** Takes nothing new and lets what is in flight end; who is still sending when the time is over is disconnected. */
async function closeServer(server: FastifyInstance, drainMs: number): Promise<void> {
  const closed = Promise.resolve(server.close());
  try {
    await withDeadline('draining the HTTP server', drainMs, closed);
  } catch {
    server.server.closeAllConnections();
    await closed;
  }
}
