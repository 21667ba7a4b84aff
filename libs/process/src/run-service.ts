import { createInterface } from 'node:readline';
import { describeError, exitCodes, isAppError, type AppError, type ExitCode } from '@prodsentinel/kernel';
import { Health } from './health.ts';
import { createLogger, type Logger, type LoggerSettings } from './logger.ts';
import { keepNewObjectsYoung } from './new-objects.ts';

/** A service as its composition root returns it. */
export interface Service {
  /** Connects and begins to work. May wait for dependencies; must end when the signal aborts. */
  start(): Promise<void>;
  /** Stops taking, finishes what is in flight, commits, closes. */
  stop(): Promise<void>;
  /** Rejects when the service cannot go on; never resolves otherwise. */
  readonly failed: Promise<never>;
  /** Where it can be reached, by name, once started: told to whoever started this process. */
  readonly addresses?: Readonly<Record<string, string>>;
}

export interface ServiceContext {
  readonly logger: Logger;
  readonly health: Health;
  /** Aborts when the process was asked to stop. */
  readonly signal: AbortSignal;
}

export interface RunOptions<Config extends RunSettings> {
  readonly name: string;
  /** Reads the settings; throws AppError `configuration`. */
  readonly readConfig: (env: NodeJS.ProcessEnv) => Config;
  readonly create: (config: Config, context: ServiceContext) => Service;
}

export interface RunSettings extends LoggerSettings {
  readonly HEALTH_HOST: string;
  readonly HEALTH_PORT: number;
  readonly SHUTDOWN_GRACE_MS: number;
}

/**
 * The life of a service process: settings, start, work, orderly stop, exit code. It stops on SIGTERM or SIGINT, on the
 * message `{ type: 'shutdown' }` or the end of the IPC channel, and on the line `shutdown` on standard input, so that no
 * platform needs signals. A second request exits at once. A parent that gave us an IPC channel is told
 * `{ type: 'ready', addresses }`.
 */
export async function runService<Config extends RunSettings>(options: RunOptions<Config>): Promise<void> {
  keepNewObjectsYoung();
  const config = readConfigOrExit(options);
  if (!config) return;
  const logger = createLogger(options.name, config);
  const health = new Health();
  const stopping = new AbortController();
  const requested = listenForShutdown(logger, stopping);
  let exitCode: ExitCode = exitCodes.ok;
  try {
    const server = await health.serve(config.HEALTH_HOST, config.HEALTH_PORT);
    const service = options.create(config, { logger, health, signal: stopping.signal });
    try {
      await Promise.race([service.start(), service.failed, requested]);
      if (!stopping.signal.aborted) tellParent({ health: server.listeningOrigin, ...service.addresses });
      await Promise.race([service.failed, requested]);
    } catch (error) {
      exitCode = reportFailure(logger, error, stopping.signal);
    }
    forceExitAfter(config.SHUTDOWN_GRACE_MS, logger);
    stopping.abort();
    await service.stop();
    await server.close();
    logger.info({ event: 'stopped' }, 'stopped');
  } catch (error) {
    exitCode = reportFailure(logger, error, undefined);
  }
  process.exitCode = exitCode;
  releaseControlChannel();
  exitAfterLinger(logger, exitCode);
}

function readConfigOrExit<Config extends RunSettings>({ name, readConfig }: RunOptions<Config>) {
  try {
    return readConfig(process.env);
  } catch (error) {
    process.stderr.write(`${name}: ${(error as Error).message}\n`);
    process.exitCode = exitCodeOf(error);
    if (process.connected) process.disconnect();
    return undefined;
  }
}

function listenForShutdown(logger: Logger, stopping: AbortController): Promise<void> {
  return new Promise((resolve) => {
    const request = (how: string) => {
      if (stopping.signal.aborted) {
        logger.warn({ event: 'exit_forced', how }, 'asked to stop again: exiting at once');
        process.exit(exitCodes.failed);
      }
      logger.info({ event: 'stopping', how }, `stopping on ${how}`);
      stopping.abort();
      resolve();
    };
    process.on('SIGTERM', () => request('SIGTERM'));
    process.on('SIGINT', () => request('SIGINT'));
    process.on('message', (message) => {
      if ((message as { type?: unknown } | null)?.type === 'shutdown') request('the control channel');
    });
    // The end of the channel is the end of our parent: nobody is left to stop us later.
    process.once('disconnect', () => {
      if (!stopping.signal.aborted) request('the end of the control channel');
    });
    if (!process.stdin.isTTY) {
      const lines = createInterface({ input: process.stdin });
      lines.on('line', (line) => {
        if (line.trim() === 'shutdown') request('standard input');
      });
      process.stdin.on('error', (error) => logger.debug({ err: error }, 'standard input closed'));
      (process.stdin as NodeJS.ReadStream & { unref?: () => void }).unref?.();
    }
  });
}

function tellParent(addresses: Record<string, string>): void {
  process.send?.({ type: 'ready', addresses });
}

function releaseControlChannel(): void {
  process.stdin.destroy();
  if (process.connected) process.disconnect();
}

function reportFailure(logger: Logger, error: unknown, signal: AbortSignal | undefined): ExitCode {
  if (signal?.aborted && isAppError(error) && error.code === 'aborted') return exitCodes.ok;
  logger.fatal({ event: 'failed', err: error }, describeError(error));
  return exitCodeOf(error);
}

function exitCodeOf(error: unknown): ExitCode {
  if (!isAppError(error)) return exitCodes.failed;
  const code: AppError['code'] = error.code;
  if (code === 'configuration' || code === 'contract_mismatch') return exitCodes.misconfigured;
  return code === 'unavailable' ? exitCodes.unavailable : exitCodes.failed;
}

/**
 * Everything of ours is closed and the event loop empties by itself. What a library still keeps alive (kafkajs can join a
 * group once more while it is told to leave) is named, and not waited for until the grace period ends.
 */
function exitAfterLinger(logger: Logger, exitCode: ExitCode): void {
  const timer = setTimeout(() => {
    const open = process.getActiveResourcesInfo();
    logger.warn(
      { event: 'exit_lingering', open },
      `stopped, but something is still open after ${lingerMs} ms: exiting`,
    );
    process.exit(exitCode);
  }, lingerMs);
  timer.unref();
}

const lingerMs = 3_000;

function forceExitAfter(graceMs: number, logger: Logger): void {
  const timer = setTimeout(() => {
    logger.error({ event: 'exit_forced', graceMs }, `not stopped after ${graceMs} ms: exiting`);
    process.exit(exitCodes.failed);
  }, graceMs);
  timer.unref();
}
