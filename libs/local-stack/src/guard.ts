import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { AppError } from '@prodsentinel/kernel';
import { allOrNone } from './all-or-none.ts';
import { fillCache } from './cache-folder.ts';
import { obtainClassArchive } from './class-archive.ts';
import { runTool, type ChildRegister, type Program } from './child-process.ts';
import { downloads, installedRedis, missingDownloads, obtain, type DownloadName } from './downloads.ts';
import type { GuardMessage, GuardOptions, ServerCommand } from './guard-protocol.ts';
import { ManagedServer } from './managed-server.ts';
import { postgresBinaries } from './postgres-binaries.ts';
import { findPrerequisites, type Prerequisites } from './prerequisites.ts';
import { identifyProcess } from './process-identity.ts';
import { postgresAccount, type Account } from './server-account.ts';
import type { PreparedServer, ServerContext } from './server.ts';
import { formatStorage, prepareKafka } from './servers/kafka.ts';
import { preparePostgres } from './servers/postgres.ts';
import { prepareRedis } from './servers/redis.ts';
import { prepareRegistry } from './servers/registry.ts';
import { makeServerFolder, makeStackFolder, planFolder } from './stack-folder.ts';
import { writeState, type StackState } from './state-file.ts';
import {
  serverNames,
  serverTitles,
  serverVariables,
  type ServerName,
  type StackEnvironment,
} from './stack.ts';
import { removeStack, sweepDeadStacks } from './sweep.ts';

/**
 * Owns the servers of one stack and its folder. Everything it starts is recorded before anything else happens, so that
 * whoever survives can clean up.
 */
export class Guard {
  readonly #options: GuardOptions;
  readonly #tell: (message: GuardMessage) => void;
  readonly #env: NodeJS.ProcessEnv;
  readonly #stopping = new AbortController();
  readonly #servers = new Map<ServerName, ManagedServer>();
  readonly #account: Account | undefined;
  #state: StackState;
  #starting: Promise<unknown> = Promise.resolve();
  #stopped: Promise<void> | undefined;

  constructor(options: GuardOptions, env: NodeJS.ProcessEnv, tell: (message: GuardMessage) => void) {
    this.#options = options;
    this.#env = env;
    this.#tell = tell;
    this.#account = postgresAccount();
    this.#state = {
      id: options.id,
      host: hostname(),
      directory: planFolder(options.data, options.id, this.#account),
      throwAway: options.data.kind === 'throw-away',
      parent: options.parent,
      guard: identifyProcess(process.pid),
      children: [],
    };
  }

  /** Starts everything; what was begun is left to `stop` when it fails. */
  start(): Promise<void> {
    const starting = this.#start();
    this.#starting = Promise.allSettled([starting]);
    return starting;
  }

  /** Ends the servers and removes throw-away data, in any state, once. */
  stop(): Promise<void> {
    this.#stopping.abort();
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async command(server: ServerName, command: ServerCommand): Promise<void> {
    const managed = this.#servers.get(server);
    if (!managed || this.#stopping.signal.aborted) throw new AppError('conflict', `${server} is not running`);
    if (command.type === 'kill') return managed.kill(command.signal);
    await managed.stop('gracefully');
    await managed.start(this.#stopping.signal);
  }

  async #start(): Promise<void> {
    const { data, stacks, id } = this.#options;
    const say = (line: string) => this.#tell({ type: 'progress', line });
    writeState(stacks, this.#state);
    await sweepDeadStacks(stacks, say);
    await makeStackFolder(this.#state.directory, { data, stacks, id, account: this.#account });
    const redis = installedRedis(this.#env);
    const wanted: DownloadName[] = redis ? ['kafka', 'registry'] : ['kafka', 'registry', 'redis'];
    const missing = await missingDownloads(this.#options.cache, wanted);
    const tools = findPrerequisites(this.#env, { maven: missing.length > 0 });
    say('Starting Kafka, the schema registry, Redis and PostgreSQL …');
    await allOrNone(
      serverNames.map((name) => async () => {
        const server = new ManagedServer(await this.#prepare(name, tools, redis), this.#register, {
          running: (server, pid) => this.#tell({ type: 'running', server, pid: pid ?? null }),
          endedUnasked: (server, how, log) => say(`${server} ended unasked (${how}): ${log}`),
        });
        this.#servers.set(name, server);
        await server.start(this.#stopping.signal);
        say(`${serverTitles[name]} is ready`);
      }),
      this.#stopping,
    );
    const env = Object.fromEntries(
      serverNames.map((name) => [serverVariables[name], this.#servers.get(name)?.url]),
    ) as unknown as StackEnvironment;
    this.#tell({ type: 'ready', env, directory: this.#state.directory });
  }

  async #prepare(name: ServerName, tools: Prerequisites, redis: string | undefined): Promise<PreparedServer> {
    const context = await this.#context(name, tools);
    switch (name) {
      case 'kafka': {
        const jars = join(await this.#obtain('kafka', tools), 'lib');
        const formatted = await this.#formattedStorage(context, jars);
        const { kafkaConfig } = this.#options;
        const make = (each: ServerContext, config: Readonly<Record<string, string>>) =>
          prepareKafka(each, jars, { config, formatted });
        const jvmOptions = await this.#classArchive('kafka', tools, context, (each) => make(each, {}));
        return make({ ...context, jvmOptions }, kafkaConfig);
      }
      case 'registry': {
        const unpacked = await this.#obtain('registry', tools);
        const make = (each: ServerContext) => prepareRegistry(each, unpacked);
        const jvmOptions = await this.#classArchive('registry', tools, context, make);
        return make({ ...context, jvmOptions });
      }
      case 'redis':
        return prepareRedis(context, redis ?? join(await this.#obtain('redis', tools), 'redis-server'));
      case 'postgres':
        return preparePostgres(
          context,
          await postgresBinaries(this.#options.cache, this.#account),
          this.#account,
        );
    }
  }

  #obtain(name: DownloadName, { maven }: Prerequisites): Promise<string> {
    return obtain(name, {
      cache: this.#options.cache,
      maven,
      // Maven needs what the user set for it: proxies, settings, its own options.
      run: (program) => this.#run({ ...program, env: this.#env }),
      onProgress: (line) => this.#tell({ type: 'progress', line }),
    });
  }

  async #formattedStorage(context: ServerContext, jars: string): Promise<string> {
    const artifact = { name: 'kafka-storage', recipe: `${downloads.kafka.recipe} formatted` };
    return fillCache(this.#options.cache, artifact, (draft) => formatStorage(context, jars, draft));
  }

  #classArchive(
    name: 'kafka' | 'registry',
    tools: Prerequisites,
    context: ServerContext,
    make: (context: ServerContext) => Promise<PreparedServer>,
  ): Promise<string[]> {
    const recipe = `${downloads[name].recipe}\n${tools.javaVersion}`;
    return obtainClassArchive(
      this.#options.cache,
      { name: `${name}-classes`, recipe },
      {
        prepare: (directory, jvmOptions) => make({ ...context, directory, keepsData: false, jvmOptions }),
        register: this.#register,
        signal: this.#stopping.signal,
        onProgress: (line) => this.#tell({ type: 'progress', line }),
      },
    );
  }

  async #context(name: ServerName, { java }: Prerequisites): Promise<ServerContext> {
    const env = serverEnvironment(this.#env);
    return {
      directory: await makeServerFolder(this.#state.directory, name),
      keepsData: this.#options.data.kind === 'kept',
      tunedFor: this.#options.tunedFor,
      java,
      jvmOptions: [],
      env,
      newSecret: () => randomBytes(18).toString('base64url'),
      run: (program) => this.#run({ ...program, env }),
    };
  }

  #run(program: Program): Promise<void> {
    return runTool(program, this.#register, this.#stopping.signal);
  }

  readonly #register: ChildRegister = {
    started: (name, pid) => {
      const identity = identifyProcess(pid);
      if (identity) this.#record([...this.#state.children, { ...identity, name }]);
    },
    ended: (pid) => this.#record(this.#state.children.filter((child) => child.pid !== pid)),
  };

  #record(children: StackState['children']): void {
    this.#state = { ...this.#state, children };
    writeState(this.#options.stacks, this.#state);
  }

  async #stop(): Promise<void> {
    await this.#starting;
    const how = this.#state.throwAway ? 'atOnce' : 'gracefully';
    await Promise.allSettled([...this.#servers.values()].map((server) => server.stop(how)));
    // Kills what did not end, too.
    await removeStack(this.#options.stacks, this.#state);
  }
}

/** Only what a program needs to run: QUARKUS_*, PG* and the like would change the servers' settings. */
function serverEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = [
    'PATH',
    'HOME',
    'TZ',
    'JAVA_HOME',
    'LD_LIBRARY_PATH',
    'DYLD_LIBRARY_PATH',
    'SYSTEMROOT',
    'TEMP',
  ];
  return {
    LC_ALL: 'C',
    ...Object.fromEntries(names.filter((name) => env[name]).map((name) => [name, env[name]])),
  };
}
