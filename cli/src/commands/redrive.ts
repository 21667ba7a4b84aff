import { Argument, Command, Option } from 'commander';
import { deadLetterTopicOf, topics, type Topic } from '@prodsentinel/contracts';
import { AppError } from '@prodsentinel/kernel';
import {
  createRedriveMemory,
  RawProducer,
  readTopicEnds,
  type KafkaConnection,
  type RedriveMemory,
  type StoredDeadLetter,
  type StoredRecord,
} from '@prodsentinel/messaging';
import { readSettings, setting } from '@prodsentinel/process';
import type { ConsoleContext } from '../console-context.ts';
import { addChoiceOptions, isChosen, parsePosition, type Choice } from '../dead-letters/choice.ts';
import { readDeadLetters } from '../dead-letters/read-dead-letters.ts';
import { keptMs, obstacleOf, redrive } from '../dead-letters/redrive.ts';
import { readKafkaAccess } from '../kafka-access.ts';
import { printable } from '../terminal-text.ts';
import { wholeNumberOption } from '../whole-number-option.ts';
import { withRedis } from '../with-redis.ts';

interface RedriveArguments extends Omit<Choice, 'positions'> {
  readonly all?: true;
  readonly yes?: true;
  readonly again?: true;
  readonly limit: number;
  readonly rate: number;
  readonly maxRedrives: number;
  /** Mebibytes. */
  readonly unpack?: number;
  readonly json?: true;
}

/** What a redrive needs beside Kafka. */
const redriveSettings = {
  REDIS_URL: setting.url('Redis that remembers what was redriven', ['redis:', 'rediss:']),
  PRODSENTINEL_REDRIVE_KEY: setting.secret('Key that redrives are signed with, the same as that of observe'),
};

/** `prodsentinel dlq redrive` */
export function redriveCommand(context: ConsoleContext): Command {
  const command = new Command('redrive')
    .description('Send dead letters back to where they came from; without --yes, say which that would be')
    .addArgument(new Argument('<topic>', 'that they came from').choices(topics))
    .addArgument(
      new Argument('[positions...]', 'PARTITION/OFFSET, as `dlq list` shows them').argParser(parsePosition),
    );
  return addChoiceOptions(command)
    .option('--all', 'all of the topic')
    .option('--yes', 'send them')
    .option('--again', 'also those that were redriven before')
    .addOption(numberOption('--limit <number>', 'at most so many, and 64 MiB', 1_000, 100_000))
    .addOption(numberOption('--rate <number>', 'at most so many a second', 100, 100_000))
    .addOption(numberOption('--max-redrives <number>', 'not what came back so often', 3, 1_000))
    .addOption(
      new Option('--unpack <mebibytes>', 'also whole batches (batch_too_large) of at most so much').argParser(
        wholeNumberOption({ min: 1, max: 2_000 }),
      ),
    )
    .option('--json', 'one JSON object a line: {topic, partition, offset, source, outcome}')
    .addHelpText('after', helpText)
    .action((topic: Topic, positions: string[], options: RedriveArguments) =>
      run(topic, { ...options, positions }, context),
    );
}

const helpText = `
They arrive as they were: value, key and headers, on their partition. Failures are signed with PRODSENTINEL_REDRIVE_KEY,
which observe must have too: each is then counted where it first was, once, however often it is redriven. What was
redriven is remembered in Redis and left out the next time, so that doing it again goes on.
Environment: KAFKA_BROKERS, SCHEMA_REGISTRY_URL, KAFKA_TOPIC_PREFIX, REDIS_URL, PRODSENTINEL_REDRIVE_KEY

Example:
  $ npm run prodsentinel -- dlq redrive failures --code undecodable
  $ npm run prodsentinel -- dlq redrive failures --code undecodable --yes`;

function bytesOf({ unpack }: Pick<RedriveArguments, 'unpack'>): number | undefined {
  return unpack === undefined ? undefined : unpack * 1024 * 1024;
}

function numberOption(flags: string, description: string, fallback: number, max: number): Option {
  return new Option(flags, description).argParser(wholeNumberOption({ min: 1, max })).default(fallback);
}

/**
 * @throws AppError `invalid_input` when nothing is chosen, `configuration` when failures could not be signed, `conflict` when
 *   some could not be redriven, `unavailable` when Kafka or Redis does not answer
 */
async function run(
  topic: Topic,
  options: RedriveArguments & { readonly positions: readonly string[] },
  context: ConsoleContext,
): Promise<void> {
  const { env, say } = context;
  if (isChosen(options) === (options.all === true))
    throw new AppError('invalid_input', 'choose by positions or filters, or else --all');
  const { connection } = readKafkaAccess(env, 'prodsentinel-dlq', say);
  const { REDIS_URL, PRODSENTINEL_REDRIVE_KEY: key } = readSettings(redriveSettings, env);
  if (topic === 'failures' && key === undefined)
    throw new AppError(
      'configuration',
      'PRODSENTINEL_REDRIVE_KEY is not set: without a signature that observe knows, failures would count as new ones',
    );
  const withMemory = <T>(work: (memory: RedriveMemory) => Promise<T>) =>
    withRedis(REDIS_URL, (redis) =>
      work(createRedriveMemory(redis, connection, { keepMs: keptMs(topic), nowMs: Date.now })),
    );
  const place = { topic, key, connection };
  const wasRedriven = await withMemory((memory) => memory.read(topic));
  const { letters, more } = await choose({ ...place, wasRedriven }, options, context);
  // Connected anew: reading may take longer than a connection is let idle on its way.
  if (options.yes) await withMemory((memory) => send({ ...place, memory }, { ...options, letters }, context));
  else say(`${letters.length} would be redriven, nothing was: again with --yes`);
  if (more > 0) say(`${more} more fit: do it again to go on (--limit)`);
}

interface Place {
  readonly topic: Topic;
  readonly key: string | undefined;
  readonly connection: KafkaConnection;
}

/** Those that may be redriven; says what is left out, and why. */
async function choose(
  {
    topic,
    key,
    connection,
    wasRedriven,
  }: Place & { readonly wasRedriven: (letter: StoredRecord) => boolean },
  options: RedriveArguments & Choice,
  context: ConsoleContext,
): Promise<{ letters: readonly StoredDeadLetter[]; more: number }> {
  const { size: partitions } = await readTopicEnds(connection, topic);
  const maxUnpackedBytes = bytesOf(options);
  const limits = { maxRedrives: options.maxRedrives, partitions, nowMs: Date.now(), maxUnpackedBytes };
  let before = 0;
  const isLeftOut = (letter: StoredDeadLetter) => {
    if (!options.again && wasRedriven(letter.record)) before += 1;
    else {
      const obstacle = obstacleOf(topic, letter, limits);
      if (obstacle === undefined) return false;
      tell(topic, letter, { outcome: 'left out', why: obstacle, ...options }, context);
    }
    return true;
  };
  const { limit } = options;
  const { signal } = context;
  const reading = { topic, choice: options, key, limit, isLeftOut, signal };
  const found = await readDeadLetters(connection, reading);
  if (before > 0) context.say(`${before} left out: redriven before (--again)`);
  if (!options.yes)
    for (const letter of found.letters)
      tell(topic, letter, { outcome: 'would be redriven', ...options }, context);
  return found;
}

async function send(
  { topic, key, connection, memory }: Place & { readonly memory: RedriveMemory },
  options: RedriveArguments & { readonly letters: readonly StoredDeadLetter[] },
  context: ConsoleContext,
): Promise<void> {
  const { letters, rate, json } = options;
  const { say, signal } = context;
  let refused = 0;
  const producer = new RawProducer(connection);
  await producer.start(signal);
  try {
    await redrive(letters, {
      topic,
      key,
      producer,
      memory,
      rate,
      maxUnpackedBytes: bytesOf(options),
      signal,
      onDone: (letter) => tell(topic, letter, { outcome: 'redriven', json }, context),
      onRefused: (letter, why) => {
        refused += 1;
        tell(topic, letter, { outcome: 'refused', why, json }, context);
      },
    });
  } finally {
    await producer.stop();
  }
  say(`${letters.length - refused} redriven`);
  if (refused > 0) throw new AppError('conflict', `${refused} of ${letters.length} could not be redriven`);
}

function tell(
  topic: Topic,
  { record, source, code }: StoredDeadLetter,
  { outcome, why, json }: { outcome: string; why?: string; json?: true | undefined },
  { out }: ConsoleContext,
): void {
  const { partition, offset } = record;
  const dlq = deadLetterTopicOf(topic);
  if (json) return out(JSON.stringify({ topic: dlq, partition, offset, source, outcome, why }));
  const to = source ? ` to ${topic} ${source.partition}/${source.offset}` : '';
  const told = `${dlq} ${partition}/${offset} (${code}) ${outcome}${why === undefined ? to : `: ${why}`}`;
  out(printable(told));
}
