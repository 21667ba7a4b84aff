import {
  defaultSetup,
  readKafkaAccess,
  runMigrateUp,
  runSetup,
  type ConsoleContext,
  type KafkaAccess,
} from '@prodsentinel/cli';
import { openDatabase, type Database } from '@prodsentinel/database';
import { Releasers } from '@prodsentinel/kernel';
import { startStack } from '@prodsentinel/local-stack';
import { startSystem, type System } from './system/start-system.ts';

/** A whole ProdSentinel, running. */
export interface Everything extends KafkaAccess {
  readonly system: System;
  readonly database: Database;
  /** Stops the services, then the stack. */
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly context: ConsoleContext;
  /** Settings of the services, as environment variables. */
  readonly settings: Readonly<Record<string, string>>;
  /** Told as soon as there are processes, so that they can be ended at once. */
  readonly onSystem: (system: System) => void;
}

/**
 * Starts the stack with throw-away data (or uses the servers that the environment names), sets it up, migrates it and
 * starts the services.
 *
 * @throws AppError as `startStack`, `runSetup`, `runMigrateUp` and `startSystem` do; what was started is stopped
 */
export async function startEverything({ context, settings, onSystem }: StartOptions): Promise<Everything> {
  const { say, signal } = context;
  const resources = new Releasers();
  try {
    const stack = await startStack({ onProgress: say, signal });
    resources.add('the stack', stack, (each) => {
      say('stopping the servers …');
      return each.stop();
    });
    const env = { ...context.env, ...stack.env };
    await runSetup(defaultSetup, { env, out: ignore, say });
    say('topics and schemas are set up');
    await runMigrateUp({ env, out: ignore });
    say('the database is migrated');
    const system = await startSystem({
      stackEnv: stack.env,
      settings,
      baseEnv: context.env,
      signal,
      onProgress: say,
    });
    resources.add('the services', system, (each) => {
      say('stopping the services …');
      return each.stop();
    });
    onSystem(system);
    const database = resources.add(
      'the database',
      await openDatabase({ url: stack.env.DATABASE_URL, applicationName: 'prodsentinel-demo', poolSize: 2 }),
      (each) => each.close(),
    );
    const access = readKafkaAccess(env, 'prodsentinel-demo', say);
    return { ...access, system, database, stop: () => resources.release() };
  } catch (error) {
    await resources.release();
    throw error;
  }
}

function ignore(): void {}
