import { Argument, Command, Option } from 'commander';
import { deadLetterTopicOf, topics, type Topic } from '@prodsentinel/contracts';
import type { StoredDeadLetter } from '@prodsentinel/messaging';
import { readSettings } from '@prodsentinel/process';
import type { ConsoleContext } from '../console-context.ts';
import { addChoiceOptions, type Choice } from '../dead-letters/choice.ts';
import { readDeadLetters } from '../dead-letters/read-dead-letters.ts';
import { dlqSettings } from '../dead-letters/settings.ts';
import { readKafkaAccess } from '../kafka-access.ts';
import { printable } from '../terminal-text.ts';
import { wholeNumberOption } from '../whole-number-option.ts';
import { redriveCommand } from './redrive.ts';
import { showCommand } from './show-dead-letter.ts';

interface ListArguments extends Choice {
  readonly limit: number;
  readonly json?: true;
}

/** `prodsentinel dlq list | show | redrive` */
export function dlqCommand(context: ConsoleContext): Command {
  return new Command('dlq')
    .alias('dead-letters')
    .description(
      'Dead letters: what could not be processed, why, and sending it back when the cause is mended',
    )
    .addCommand(listCommand(context))
    .addCommand(showCommand(context))
    .addCommand(redriveCommand(context));
}

function listCommand(context: ConsoleContext): Command {
  const command = new Command('list')
    .description('List dead letters: where each lies, why it is there, and where it came from')
    .addArgument(new Argument('[topic]', 'that they came from; all when absent').choices(topics));
  return addChoiceOptions(command)
    .addOption(
      new Option('--limit <number>', 'at most so many of a topic')
        .argParser(wholeNumberOption({ min: 1, max: 100_000 }))
        .default(50),
    )
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      `
Values and keys are not shown: they may hold secrets. For one of them: dlq show.
Environment: KAFKA_BROKERS, SCHEMA_REGISTRY_URL, KAFKA_TOPIC_PREFIX, PRODSENTINEL_REDRIVE_KEY

Example:
  $ npm run prodsentinel -- dlq list failures --code undecodable --since 2026-11-26T10:00Z`,
    )
    .action((topic: Topic | undefined, options: ListArguments) => runList(topic, options, context));
}

async function runList(
  wanted: Topic | undefined,
  { limit, json, ...choice }: ListArguments,
  { env, out, say, signal }: ConsoleContext,
): Promise<void> {
  const { connection } = readKafkaAccess(env, 'prodsentinel-dlq', say);
  const { PRODSENTINEL_REDRIVE_KEY: key } = readSettings(dlqSettings, env);
  let count = 0;
  for (const topic of wanted ? [wanted] : topics) {
    const { letters, more } = await readDeadLetters(connection, { topic, choice, key, limit, signal });
    count += letters.length;
    for (const letter of letters) out(json ? toJson(topic, letter) : toLine(topic, letter));
    if (more > 0) say(`${deadLetterTopicOf(topic)}: ${more} more fit (--limit)`);
  }
  if (count === 0) say('no dead letter fits');
}

function toLine(
  topic: Topic,
  { record, source, code, reason, lastFailedAt, redrives }: StoredDeadLetter,
): string {
  const from = source ? ` from ${topic} ${source.partition}/${source.offset}` : ' from nobody knows where';
  const again = redrives > 0 ? `, redriven ${redrives} times` : '';
  const where = `${deadLetterTopicOf(topic)} ${record.partition}/${record.offset}`;
  return printable(`${where} at ${lastFailedAt}${from}${again}: ${code}: ${reason}`);
}

function toJson(topic: Topic, { record, ...letter }: StoredDeadLetter): string {
  const { partition, offset, value } = record;
  const bytes = value?.length ?? null;
  return JSON.stringify({ topic: deadLetterTopicOf(topic), partition, offset, bytes, ...letter });
}
