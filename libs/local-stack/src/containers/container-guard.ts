import { randomBytes } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { hostname } from 'node:os';
import { AppError } from '@prodsentinel/kernel';
import { allOrNone } from '../all-or-none.ts';
import type { GuardMessage, GuardOptions } from '../guard-protocol.ts';
import { confirmBeginning, readBeginning } from '../kept-data.ts';
import { identifyProcess } from '../process-identity.ts';
import { makeStackFolder, planFolder } from '../stack-folder.ts';
import { writeState, type StackState } from '../state-file.ts';
import {
  serverNames,
  serverTitles,
  serverVariables,
  type ServerName,
  type StackEnvironment,
} from '../stack.ts';
import { removeStack, sweepDeadStacks } from '../sweep.ts';
import { imageOf } from './container-images.ts';
import { planKept, planThrowAway, type ContainerPlan } from './container-plans.ts';
import { startInContainer } from './container-server.ts';
import { askEngine, findEngine, type Engine } from './engine.ts';
import { obtainVolumes, takeBackBeginning } from './kept-volumes.ts';
import { obtainImage } from './obtain-image.ts';
import { stackLabel, stopContainers } from './remove-containers.ts';

/** What the servers run on. */
interface Place {
  readonly plans: Readonly<Record<ServerName, ContainerPlan>>;
  readonly volumes: Readonly<Partial<Record<ServerName, string>>>;
  readonly network?: string;
  /** Which start one after the other; the chains start at once. */
  readonly chains: readonly (readonly ServerName[])[];
}

/**
 * Owns the containers of one stack. That there will be some is recorded before the first is created, and each carries the
 * stack's id from its creation, so that whoever survives can clean up.
 */
export class ContainerGuard {
  readonly #options: GuardOptions;
  readonly #env: NodeJS.ProcessEnv;
  readonly #tell: (message: GuardMessage) => void;
  readonly #stopping = new AbortController();
  #state: StackState;
  /** A directory whose volumes may be those of a beginning. */
  #begun: string | undefined;
  #starting: Promise<unknown> = Promise.resolve();
  #stopped: Promise<void> | undefined;

  constructor(options: GuardOptions, env: NodeJS.ProcessEnv, tell: (message: GuardMessage) => void) {
    this.#options = options;
    this.#env = env;
    this.#tell = tell;
    this.#state = {
      id: options.id,
      host: hostname(),
      // Never made for throw-away data: containers have it inside.
      directory: planFolder(options.data, options.id, undefined),
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

  /** Ends and removes the containers, in any state, once. */
  stop(): Promise<void> {
    this.#stopping.abort();
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  command(): Promise<never> {
    return Promise.reject(new AppError('conflict', 'servers in containers are not handed on'));
  }

  async #start(): Promise<void> {
    const { stacks } = this.#options;
    const { signal } = this.#stopping;
    const say = (line: string) => this.#tell({ type: 'progress', line });
    writeState(stacks, this.#state);
    await sweepDeadStacks(stacks, say);
    const folder = await this.#claimFolder();
    const engine = await findEngine(this.#env);
    const { client, address } = engine;
    const images = serverNames.map((name) => imageOf(name, this.#env));
    await askEngine(() =>
      allOrNone(
        images.map((image) => () => obtainImage(client, image, { signal, onProgress: say })),
        this.#stopping,
      ),
    );
    this.#state = { ...this.#state, engine: address };
    writeState(stacks, this.#state);
    say('Starting Kafka, the schema registry, Redis and PostgreSQL in containers …');
    const place = await this.#makePlace(engine, folder);
    const env = await askEngine(() => this.#startServers(engine, images, place));
    if (folder !== undefined) confirmBeginning(folder);
    this.#tell({ type: 'ready', env });
  }

  /** Makes sure that no other stack has the kept data; returns where that is, undefined for throw-away data. */
  async #claimFolder(): Promise<string | undefined> {
    const { data, stacks, id } = this.#options;
    if (data.kind === 'throw-away') return undefined;
    const { directory } = this.#state;
    await makeStackFolder(directory, { data, stacks, id, account: undefined });
    return realpath(directory);
  }

  async #startServers(engine: Engine, images: readonly string[], place: Place): Promise<StackEnvironment> {
    const { signal } = this.#stopping;
    const say = (line: string) => this.#tell({ type: 'progress', line });
    const urls = new Map<string, string>();
    const startOne = async (name: ServerName) => {
      const url = await startInContainer(engine.client, {
        name,
        plan: place.plans[name],
        image: images[serverNames.indexOf(name)]!,
        labels: { [stackLabel]: this.#options.id },
        volume: place.volumes[name],
        network: place.network,
        signal,
        onEnd: (how, logTail) => say(`${name} ended unasked (${how}): ${logTail}`),
      });
      urls.set(serverVariables[name], url);
      say(`${serverTitles[name]} is ready`);
    };
    await allOrNone(
      place.chains.map((chain) => async () => {
        for (const name of chain) await startOne(name);
      }),
      this.#stopping,
    );
    return Object.fromEntries(urls) as unknown as StackEnvironment;
  }

  async #makePlace(engine: Engine, folder: string | undefined): Promise<Place> {
    if (folder === undefined) {
      const chains = serverNames.map((name) => [name]);
      return { plans: planThrowAway(randomBytes(18).toString('base64url')), volumes: {}, chains };
    }
    this.#begun = folder;
    const { password, volumes } = await obtainVolumes(engine, folder);
    const network = `prodsentinel-${this.#options.id}`;
    const { dockerode } = engine.client.container;
    const labels = { [stackLabel]: this.#options.id };
    await askEngine(() => dockerode.createNetwork({ Name: network, Labels: labels }));
    // The registry keeps its schemas in PostgreSQL.
    const chains = [['kafka'], ['redis'], ['postgres', 'registry']] as const;
    return { plans: planKept(password), volumes, network, chains };
  }

  async #stop(): Promise<void> {
    await this.#starting;
    const { throwAway, engine, id } = this.#state;
    if (!throwAway && engine !== undefined) await stopContainers(id, engine);
    await removeStack(this.#options.stacks, this.#state);
    const begun = this.#begun;
    if (begun && readBeginning(begun)) await takeBackBeginning(await findEngine(this.#env), begun);
  }
}
