import { Command, Option } from 'commander';
import { setUp } from '@prodsentinel/messaging';
import type { ConsoleContext } from '../console-context.ts';
import { readKafkaAccess } from '../kafka-access.ts';
import { wholeNumberOption } from '../whole-number-option.ts';

export interface SetupArguments {
  /** Partitions of topics that are created. */
  readonly partitions: number;
  /** Copies of each partition of topics that are created. */
  readonly replicationFactor: number;
}

/** For one broker on this machine. */
export const defaultSetup: SetupArguments = { partitions: 12, replicationFactor: 1 };

/** `prodsentinel setup` */
export function setupCommand(context: ConsoleContext): Command {
  return new Command('setup')
    .description(
      'Create the topics that are missing and register the schemas; doing it again changes nothing',
    )
    .addOption(
      new Option('--partitions <number>', 'partitions of topics that are created; production 48')
        .argParser(wholeNumberOption({ min: 1, max: 10_000 }))
        .default(defaultSetup.partitions),
    )
    .addOption(
      new Option('--replication-factor <number>', 'copies of each partition; production 3')
        .argParser(wholeNumberOption({ min: 1, max: 9 }))
        .default(defaultSetup.replicationFactor),
    )
    .addHelpText(
      'after',
      `
Environment: KAFKA_BROKERS, SCHEMA_REGISTRY_URL

Example:
  $ KAFKA_BROKERS=localhost:9092 SCHEMA_REGISTRY_URL=http://localhost:8081 \\
    npm run prodsentinel -- setup --partitions 48 --replication-factor 3`,
    )
    .action((options: SetupArguments) => runSetup(options, context));
}

/**
 * Creates what is missing of the topics and registers the schemas, and says what it did, a line each.
 *
 * @throws AppError `configuration`, `unavailable`, or `contract_mismatch` as `setUp` says
 */
export async function runSetup(
  { partitions, replicationFactor }: SetupArguments,
  { env, out, say }: Pick<ConsoleContext, 'env' | 'out' | 'say'>,
): Promise<void> {
  const { connection, registryUrl } = readKafkaAccess(env, 'prodsentinel-setup', say);
  await setUp({
    connection,
    registryUrl,
    partitions,
    replicationFactor,
    onProgress: out,
  });
}
