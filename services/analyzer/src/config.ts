import { AppError } from '@prodsentinel/kernel';
import { modelSettings, toModelConfig } from './model-config.ts';
import {
  commonSettings,
  consumerSettings,
  kafkaSettings,
  readKafkaSecurity,
  readSettings,
  setting,
} from '@prodsentinel/process';

export const stageNames = ['observe', 'diagnose'] as const;
export type StageName = (typeof stageNames)[number];

const minute = 60_000;

/** Every setting of the analyzer, as environment variables. */
export const analyzerSettings = {
  ...commonSettings,
  ...kafkaSettings,
  HEALTH_PORT: setting.wholeNumber('Port of /health/live, /health/ready and /metrics; 0: a free one', {
    min: 0,
    max: 65_535,
    fallback: 9081,
  }),
  REDIS_URL: setting.url('Redis that keeps the claims; must run noeviction', ['redis:', 'rediss:']),
  REDIS_CLUSTER: setting.flag('REDIS_URL names a node of a Redis cluster', false),
  ANALYZER_STAGES: setting.list('Stages this process runs: observe, diagnose or both', 'observe,diagnose'),
  OBSERVE_THREADS: setting.wholeNumber(
    'Threads that observe, each a member of the group with some 100 MB of its own; 0: one for each core, at most 4',
    { min: 0, max: 64, fallback: 0 },
  ),
  KNOWN_SERVICES: setting.list(
    'Service names that are never masked, beside those that look like one',
    'unknown_service',
  ),
  WINDOW_QUIET_MS: setting.wholeNumber('Milliseconds without a failure of a trace until its window closes', {
    min: 10,
    max: 10 * minute,
    fallback: 5_000,
  }),
  WINDOW_MAX_AGE_MS: setting.wholeNumber('Milliseconds after which a window closes whatever comes', {
    min: 10,
    max: 60 * minute,
    fallback: 15_000,
  }),
  WINDOW_MAX_OFFSETS: setting.wholeNumber('Failures of one window, and of one observation', {
    min: 1,
    max: 10_000,
    fallback: 10_000,
  }),
  OBSERVATION_MAX_WINDOWS: setting.wholeNumber('Windows of one observation', {
    min: 1,
    max: 500,
    fallback: 500,
  }),
  OPEN_FAILURES_MAX: setting.wholeNumber(
    'Open failures of one partition, at which its oldest windows close early',
    {
      min: 100,
      max: 80_000,
      fallback: 50_000,
    },
  ),
  OPEN_CHARS_MAX: setting.wholeNumber(
    'Characters kept of one partition, at which its oldest windows close early',
    {
      min: 100_000,
      max: 1_000_000_000,
      fallback: 16_000_000,
    },
  ),
  OPEN_FAILURES_TOTAL_MAX: setting.wholeNumber(
    'Open failures of all partitions of this process, at which the windows of the fullest close early',
    { min: 100, max: 10_000_000, fallback: 200_000 },
  ),
  OPEN_CHARS_TOTAL_MAX: setting.wholeNumber(
    'Characters kept of all partitions of this process, at which the windows of the fullest close early',
    { min: 100_000, max: 4_000_000_000, fallback: 64_000_000 },
  ),
  CONTEXT_SIGNALS_MAX: setting.wholeNumber(
    'Signals that are no failures, remembered to be shown beside failures of their trace; some 3 KB each at most',
    { min: 0, max: 1_000_000, fallback: 20_000 },
  ),
  SIGNAL_CLAIM_TTL_MS: setting.wholeNumber('Milliseconds in which a repeated send is recognised', {
    min: 1_000,
    max: 30 * 24 * 60 * minute,
    fallback: 60 * minute,
  }),
  LEASE_MS: setting.wholeNumber('Milliseconds that a claimed analysis is left to whoever claimed it', {
    min: 100,
    max: 10 * minute,
    fallback: 30_000,
  }),
  DIAGNOSE_CONCURRENCY: setting.wholeNumber('Analyses worked on at once', {
    min: 1,
    max: 1_000,
    fallback: 4,
  }),
  ...modelSettings,
  SESSION_TIMEOUT_MS: setting.wholeNumber('Milliseconds without a heartbeat until the group takes over', {
    min: 1_000,
    max: 30 * minute,
    fallback: 15_000,
  }),
  HANDLER_HANGS_MS: setting.wholeNumber(
    'Milliseconds after which work on records counts as hanging: it is named, not ended, and the stage is not ready until it ends',
    { min: 100, max: 24 * 60 * minute, fallback: 120_000 },
  ),
  ...consumerSettings,
  PRODSENTINEL_REDRIVE_KEY: setting.secret(
    'Key that `prodsentinel dlq redrive` signs with; without it what is redriven counts as new',
  ),
  DRAIN_MS: setting.wholeNumber('Milliseconds that work in flight gets when stopping', {
    min: 0,
    max: 10 * minute,
    fallback: 20_000,
  }),
};

export type AnalyzerConfig = ReturnType<typeof readAnalyzerConfig>;

/**
 * Reads the settings from the environment.
 *
 * @throws AppError `configuration` naming every variable at fault
 */
export function readAnalyzerConfig(env: Readonly<Record<string, string | undefined>>) {
  const settings = readSettings(analyzerSettings, env);
  const unknown = settings.ANALYZER_STAGES.filter((name) => !stageNames.includes(name as StageName));
  if (unknown.length > 0) {
    throw new AppError('configuration', `  ANALYZER_STAGES: expected ${stageNames.join(', ')} or both`);
  }
  return {
    ...settings,
    kafkaSecurity: readKafkaSecurity(settings),
    model: toModelConfig(settings),
    windows: {
      quietMs: settings.WINDOW_QUIET_MS,
      maxAgeMs: settings.WINDOW_MAX_AGE_MS,
      maxOffsets: settings.WINDOW_MAX_OFFSETS,
      maxOpenFailures: settings.OPEN_FAILURES_MAX,
      maxKeptChars: settings.OPEN_CHARS_MAX,
    },
    allWindows: {
      maxOpenFailures: settings.OPEN_FAILURES_TOTAL_MAX,
      maxKeptChars: settings.OPEN_CHARS_TOTAL_MAX,
    },
    observations: { maxWindows: settings.OBSERVATION_MAX_WINDOWS, maxOffsets: settings.WINDOW_MAX_OFFSETS },
  };
}
