import { AppError } from '@prodsentinel/kernel';
import {
  commonSettings,
  consumerSettings,
  kafkaSettings,
  readKafkaSecurity,
  readSettings,
  setting,
} from '@prodsentinel/process';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** Every setting of the persister, as environment variables. */
export const persisterSettings = {
  ...commonSettings,
  ...kafkaSettings,
  HEALTH_PORT: setting.wholeNumber('Port of /health/live, /health/ready and /metrics; 0: a free one', {
    min: 0,
    max: 65_535,
    fallback: 9082,
  }),
  READ_HOST: setting.text(
    'Address that serves incidents for reading; it asks nobody who they are',
    '127.0.0.1',
  ),
  READ_PORT: setting.wholeNumber('Port that serves incidents for reading; 0: a free one, told in the log', {
    min: 0,
    max: 65_535,
    fallback: 0,
  }),
  DATABASE_URL: setting.url('PostgreSQL 14 or newer, migrated', ['postgres:', 'postgresql:']),
  REDIS_URL: setting.url(
    'Redis that remembers halted partitions, and at which records processes ended; without it a restart resumes and forgets them',
    ['redis:', 'rediss:'],
    '',
  ),
  DATABASE_POOL_SIZE: setting.wholeNumber('Most connections to PostgreSQL', {
    min: 2,
    max: 100,
    fallback: 5,
  }),
  PERSIST_MAX_RECORDS: setting.wholeNumber('Most records persisted in one transaction', {
    min: 1,
    max: 10_000,
    fallback: 2_000,
  }),
  PERSIST_MAX_WINDOWS: setting.wholeNumber(
    'Most windows counted in one transaction; an observation that holds more is counted alone',
    { min: 1, max: 100_000, fallback: 5_000 },
  ),
  PERSIST_CONCURRENCY: setting.wholeNumber(
    'Most transactions of the stage persist at once, each of partitions of its own; less than DATABASE_POOL_SIZE',
    { min: 1, max: 32, fallback: 3 },
  ),
  FIRST_ANALYSIS_DELAY_MS: setting.wholeNumber(
    'Milliseconds from the first failure of an incident to its first analysis, so that evidence gathers',
    { min: 0, max: dayMs, fallback: 5_000 },
  ),
  NEXT_ANALYSIS_DELAY_MS: setting.wholeNumber(
    'Least milliseconds from one analysis of an incident to the next',
    {
      min: 0,
      max: dayMs,
      fallback: 10 * minuteMs,
    },
  ),
  ANALYSIS_RESULT_TIMEOUT_MS: setting.wholeNumber(
    'Milliseconds without a result after which an analysis is requested again',
    { min: 100, max: dayMs, fallback: 10 * minuteMs },
  ),
  SWEEP_INTERVAL_MS: setting.wholeNumber('Milliseconds between sweeps of the outbox', {
    min: 10,
    max: minuteMs,
    fallback: 1_000,
  }),
  HOUSEKEEPING_INTERVAL_MS: setting.wholeNumber('Milliseconds between rounds of housekeeping', {
    min: 100,
    max: dayMs,
    fallback: minuteMs,
  }),
  RESOLVE_AFTER_MS: setting.wholeNumber(
    'Milliseconds without a failure, by the clock of Kafka, after which an incident is resolved',
    { min: 1, max: 36_500 * dayMs, fallback: 30 * minuteMs },
  ),
  CLOCK_TOLERANCE_MS: setting.wholeNumber(
    'Milliseconds by which the clock of this process may be ahead of those of the brokers',
    { min: 0, max: dayMs, fallback: 10_000 },
  ),
  REMOVE_AFTER_MS: setting.wholeNumber(
    'Milliseconds after which a closed incident is removed with all that belongs to it; not less than COUNTED_RETENTION_MS',
    { min: 0, max: 36_500 * dayMs, fallback: 180 * dayMs },
  ),
  COUNTED_RETENTION_MS: setting.wholeNumber(
    'Milliseconds that is remembered which failures were counted: the retentions of failures and of its dead letters together, and some more',
    { min: 0, max: 36_500 * dayMs, fallback: 45 * dayMs },
  ),
  CLOSE_AFTER_MS: setting.wholeNumber('Milliseconds after which a resolved incident is closed', {
    min: 0,
    max: 3_650 * dayMs,
    fallback: 7 * dayMs,
  }),
  REGRESSION_GRACE_MS: setting.wholeNumber(
    'Milliseconds after resolving within which a failure does not regress an incident',
    { min: 0, max: dayMs, fallback: 2 * minuteMs },
  ),
  NEW_INCIDENTS_PER_HOUR: setting.wholeNumber(
    'Most new incidents of one service and environment in one hour; what comes beyond shares one incident',
    { min: 1, max: 1_000_000, fallback: 100 },
  ),
  SESSION_TIMEOUT_MS: setting.wholeNumber('Milliseconds without a heartbeat until the group takes over', {
    min: 1_000,
    max: 30 * minuteMs,
    fallback: 15_000,
  }),
  HANDLER_HANGS_MS: setting.wholeNumber(
    'Milliseconds after which work on records counts as hanging: it is named, not ended, and the stage is not ready until it ends',
    { min: 100, max: 24 * 60 * minuteMs, fallback: 60_000 },
  ),
  ...consumerSettings,
  DRAIN_MS: setting.wholeNumber('Milliseconds that work in flight gets when stopping', {
    min: 0,
    max: 10 * minuteMs,
    fallback: 20_000,
  }),
};

export type PersisterConfig = ReturnType<typeof readPersisterConfig>;

/**
 * Reads the settings from the environment.
 *
 * @throws AppError `configuration` naming every variable at fault
 */
export function readPersisterConfig(env: Readonly<Record<string, string | undefined>>) {
  const config = readSettings(persisterSettings, env);
  // Else a failure that may still be sent again could outlive the memory of its incident.
  if (config.REMOVE_AFTER_MS < config.COUNTED_RETENTION_MS)
    throw new AppError(
      'configuration',
      `REMOVE_AFTER_MS: expected at least COUNTED_RETENTION_MS (${config.COUNTED_RETENTION_MS})`,
    );
  // The sweep, housekeeping and readers need one, too.
  if (config.PERSIST_CONCURRENCY >= config.DATABASE_POOL_SIZE)
    throw new AppError(
      'configuration',
      `PERSIST_CONCURRENCY: expected less than DATABASE_POOL_SIZE (${config.DATABASE_POOL_SIZE})`,
    );
  return { ...config, kafkaSecurity: readKafkaSecurity(config) };
}
