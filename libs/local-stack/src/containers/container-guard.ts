import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { AppError } from '@prodsentinel/kernel';
import { allOrNone } from '../all-or-none.ts';
import type { GuardMessage, GuardOptions } from '../guard-protocol.ts';
import { identifyProcess } from '../process-identity.ts';
import { planFolder } from '../stack-folder.ts';
import { writeState, type StackState } from '../state-file.ts';
import { serverNames, serverTitles, serverVariables, type StackEnvironment } from '../stack.ts';
import { removeStack, sweepDeadStacks } from '../sweep.ts';
import { imageOf } from './container-images.ts';
import { planContainers } from './container-plans.ts';
import { startInContainer } from './container-server.ts';
import { findEngine, toEngineError } from './engine.ts';
import { obtainImage } from './obtain-image.ts';
import { stackLabel } from './remove-containers.ts';

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
  #starting: Promise<unknown> = Promise.resolve();
  #stopped: Promise<void> | undefined;

  constructor(options: GuardOptions, env: NodeJS.ProcessEnv, tell: (message: GuardMessage) => void) {
    this.#options = options;
    this.#env = env;
    this.#tell = tell;
    this.#state = {
      id: options.id,
      host: hostname(),
      // Never made: containers have their data inside.
      directory: planFolder({ kind: 'throw-away' }, options.id, undefined),
      throwAway: true,
      parent: options.parent,
      guard: identifyProcess(process.pid),
      children: [],
    };
  }

  /** Starts everything; what was begun is left to `stop` when it fails. */
  start(): Promise<void> {
    const starting = this.#start().catch((error: unknown) => {
      throw toEngineError(error);
    });
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
    const { stacks, id } = this.#options;
    const { signal } = this.#stopping;
    const say = (line: string) => this.#tell({ type: 'progress', line });
    writeState(stacks, this.#state);
    await sweepDeadStacks(stacks, say);
    const { client, address } = await findEngine(this.#env);
    const images = serverNames.map((name) => imageOf(name, this.#env));
    await allOrNone(
      images.map((image) => () => obtainImage(client, image, { signal, onProgress: say })),
      this.#stopping,
    );
    this.#state = { ...this.#state, engine: address };
    writeState(stacks, this.#state);
    say('Starting Kafka, the schema registry, Redis and PostgreSQL in containers …');
    const plans = planContainers(randomBytes(18).toString('base64url'));
    const urls = new Map<string, string>();
    await allOrNone(
      serverNames.map((name, index) => async () => {
        const url = await startInContainer(client, {
          name,
          plan: plans[name],
          image: images[index]!,
          labels: { [stackLabel]: id },
          signal,
          onEnd: (how, logTail) => say(`${name} ended unasked (${how}): ${logTail}`),
        });
        urls.set(serverVariables[name], url);
        say(`${serverTitles[name]} is ready`);
      }),
      this.#stopping,
    );
    this.#tell({ type: 'ready', env: Object.fromEntries(urls) as unknown as StackEnvironment });
  }

  async #stop(): Promise<void> {
    await this.#starting;
    await removeStack(this.#options.stacks, this.#state);
  }
}
