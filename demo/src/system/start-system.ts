import { AppError, isAppError } from '@prodsentinel/kernel';
import {
  describeEnd,
  serviceNames,
  startChildService,
  type ChildService,
  type ServiceName,
} from './child-service.ts';

/** Where the servers are, as the services' environment variables. */
export interface StackEnv {
  readonly KAFKA_BROKERS: string;
  readonly SCHEMA_REGISTRY_URL: string;
  readonly REDIS_URL: string;
  readonly DATABASE_URL: string;
}

export interface SystemOptions {
  readonly stackEnv: StackEnv;
  /** Settings of all services, as environment variables; they win over everything else. */
  readonly settings?: Readonly<Record<string, string>>;
  /** What the services inherit. Default: the environment of this process. */
  readonly baseEnv?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (line: string) => void;
}

/** The services, each a process of its own. */
export interface System {
  /** The processes that run, by service; one that ended by itself or was killed is no longer among them. */
  readonly services: Readonly<Record<ServiceName, readonly ChildService[]>>;
  /** Starts one more process of a service. */
  startService(name: ServiceName): Promise<ChildService>;
  /** Rejects with the last lines of a process that ended with an error nobody asked for. */
  readonly failed: Promise<never>;
  /** Stops ingest, then the stages. @throws AppError `bug` when one did not exit with 0 */
  stop(): Promise<void>;
  /** Ends all processes at once, without waiting. */
  killNow(): void;
}

/**
 * Starts one process of each service on a stack that was set up and migrated, and waits until all are ready. If one does
 * not start, the others are stopped.
 *
 * @throws AppError `unavailable` with the last lines of the service that did not start, `aborted`
 */
export async function startSystem(options: SystemOptions): Promise<System> {
  const givingUp = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, givingUp.signal]) : givingUp.signal;
  const system = createSystem({ ...options, signal });
  const start = async (name: ServiceName) => {
    try {
      const { pid } = await system.startService(name);
      options.onProgress?.(`${name} is ready (pid ${pid})`);
    } catch (error) {
      // The others need not wait to be ready for nothing.
      givingUp.abort();
      throw error;
    }
  };
  const outcomes = await Promise.allSettled(serviceNames.map(start));
  const failures = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
  if (failures.length === 0) return system;
  await Promise.all(serviceNames.flatMap((name) => system.services[name].map((each) => each.kill())));
  // Whoever was told to give up is not the reason.
  throw failures.find((each) => !isAppError(each) || each.code !== 'aborted') ?? failures[0];
}

function createSystem({ stackEnv, settings, baseEnv = process.env, signal }: SystemOptions): System {
  const services: Record<ServiceName, ChildService[]> = { ingest: [], analyzer: [], persister: [] };
  const env = { ...modestSettings, ...baseEnv, ...defaultSettings, ...stackEnv, ...settings };
  const expectedEnds = new Set<number>();
  const { promise: failed, reject: fail } = Promise.withResolvers<never>();
  // Whoever does not wait for it must not be ended by it.
  failed.catch(() => undefined);
  const watch = (service: ChildService) => {
    services[service.name].push(service);
    void (async () => {
      const exit = await service.exited;
      services[service.name].splice(services[service.name].indexOf(service), 1);
      if (exit.code === 0 || expectedEnds.has(service.pid)) return;
      fail(new AppError('unavailable', describeEnd(service, exit)));
    })();
  };
  return {
    services,
    failed,
    async startService(name) {
      const service = await startChildService({ name, env, ...(signal ? { signal } : {}) });
      const watched: ChildService = {
        ...service,
        kill(by) {
          expectedEnds.add(service.pid);
          return service.kill(by);
        },
      };
      watch(watched);
      return watched;
    },
    async stop() {
      await stopAll([...services.ingest]);
      await stopAll([...services.analyzer, ...services.persister]);
    },
    killNow() {
      for (const each of serviceNames.flatMap((name) => services[name])) void each.kill();
    },
  };
}

/** To start soon; what is inherited may say otherwise. */
const modestSettings = { OBSERVE_THREADS: '1' };

/** A free port each, so that several systems live side by side; lines that a program can read. */
const defaultSettings = { LOG_FORMAT: 'json', HEALTH_PORT: '0', INGEST_PORT: '0' };

async function stopAll(services: readonly ChildService[]): Promise<void> {
  const exits = await Promise.all(services.map(async (service) => ({ service, exit: await service.stop() })));
  const unclean = exits.filter(({ exit }) => exit.code !== 0);
  if (unclean.length > 0) {
    throw new AppError('bug', unclean.map(({ service, exit }) => describeEnd(service, exit)).join('\n'));
  }
}
