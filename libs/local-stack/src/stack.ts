/** The servers of a stack, by the names that messages and handles use. */
export const serverNames = ['kafka', 'registry', 'redis', 'postgres'] as const;
export type ServerName = (typeof serverNames)[number];

export const serverTitles: Readonly<Record<ServerName, string>> = {
  kafka: 'Kafka',
  registry: 'The schema registry',
  redis: 'Redis',
  postgres: 'PostgreSQL',
};

/** Where the servers listen, as the variables that every service of ours reads. */
export interface StackEnvironment {
  /** `host:port`, comma-separated. */
  readonly KAFKA_BROKERS: string;
  /** Base URL of the Confluent-compatible API. */
  readonly SCHEMA_REGISTRY_URL: string;
  readonly REDIS_URL: string;
  /** The user may create tables, schemas and databases when we started the server. */
  readonly DATABASE_URL: string;
}
export const stackVariables = [
  'KAFKA_BROKERS',
  'SCHEMA_REGISTRY_URL',
  'REDIS_URL',
  'DATABASE_URL',
] as const satisfies readonly (keyof StackEnvironment)[];

/** Which variable says where a server is. */
export const serverVariables: Readonly<Record<ServerName, keyof StackEnvironment>> = {
  kafka: 'KAFKA_BROKERS',
  registry: 'SCHEMA_REGISTRY_URL',
  redis: 'REDIS_URL',
  postgres: 'DATABASE_URL',
};

/**
 * - `throw-away` a new temporary folder, removed with the stack however it ends
 * - `kept` a folder of yours, which outlives the stack and is found again by the next one; one stack at a time. With Docker
 *   the data is in volumes of the engine, and the folder has a file that names them
 */
export type StackData =
  { readonly kind: 'throw-away' } | { readonly kind: 'kept'; readonly directory: string };

export interface StackOptions {
  /**
   * Which servers. `environment`: those the variables of `StackEnvironment` name; `docker`: the official images in an
   * engine on this machine; `processes`: real servers as child processes; `auto` (default): the environment when it names
   * all four, else as `started`; `started`: Docker where an engine answers and the images can be had, else child processes,
   * which alone take broker settings and wishes for throughput. A kept directory stays with what first used it.
   */
  readonly source?: 'auto' | 'started' | StackSource;
  /** Default `throw-away`. Means nothing for servers of the environment. */
  readonly data?: StackData;
  /**
   * Broker settings that are added to ours or replace them, such as `message.max.bytes`. `<port>` and `<controllerPort>`
   * in a value stand for the ports that were chosen.
   */
  readonly kafka?: { readonly config?: Readonly<Record<string, string>> };
  /** `starting` (default) starts in the shortest time; `throughput` lets the JVMs optimise, for benchmarks. */
  readonly tunedFor?: 'starting' | 'throughput';
  /** Told in plain sentences what is being downloaded or started, and when a server ends unasked. */
  readonly onProgress?: (line: string) => void;
  /** Ends the start: what was begun is stopped and removed, and `startStack` rejects with the code `aborted`. */
  readonly signal?: AbortSignal;
}

export type StackSource = 'environment' | 'docker' | 'processes';

/** Hands on one server, so that tests can break it. */
export interface ServerHandle {
  /** Undefined while the server is down. */
  readonly pid: number | undefined;
  /**
   * Sends the signal; for one that ends the server, resolves when the process is gone (at most 30 s).
   *
   * @throws AppError `conflict` when the server is down, `unavailable` when it does not end
   */
  kill(signal: NodeJS.Signals): Promise<void>;
  /**
   * Stops the server where it runs and starts it again on the same port with the same data; resolves when it answers.
   *
   * @throws AppError `unavailable` with the end of its log when it does not start
   */
  restart(): Promise<void>;
}

export interface Stack extends AsyncDisposable {
  readonly env: StackEnvironment;
  readonly source: StackSource;
  /** Present when the servers are our child processes. */
  readonly servers?: Readonly<Record<ServerName, ServerHandle>>;
  /** Where data and logs of our child processes lie. */
  readonly directory?: string;
  /** Ends the servers that we started and removes throw-away data. May be called more than once. */
  stop(): Promise<void>;
}
