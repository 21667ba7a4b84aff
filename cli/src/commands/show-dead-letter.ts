import { Argument, Command } from 'commander';
import { deadLetterTopicOf, topics, type Topic } from '@prodsentinel/contracts';
import { AppError } from '@prodsentinel/kernel';
import { createCodec } from '@prodsentinel/messaging';
import { readSettings } from '@prodsentinel/process';
import type { ConsoleContext } from '../console-context.ts';
import { parsePosition } from '../dead-letters/choice.ts';
import { renderLetter } from '../dead-letters/letter-page.ts';
import { viewLetter } from '../dead-letters/letter-view.ts';
import { readDeadLetter } from '../dead-letters/read-dead-letters.ts';
import { dlqSettings } from '../dead-letters/settings.ts';
import { readKafkaAccess } from '../kafka-access.ts';

interface ShowArguments {
  readonly unredacted?: true;
  readonly json?: true;
}

/** `prodsentinel dlq show` */
export function showCommand(context: ConsoleContext): Command {
  return new Command('show')
    .description('Show one dead letter: why it is there, where it came from, its headers, and what it holds')
    .addArgument(new Argument('<topic>', 'that it came from').choices(topics))
    .addArgument(
      new Argument('<position>', 'PARTITION/OFFSET, as `dlq list` shows it').argParser((text: string) =>
        parsePosition(text),
      ),
    )
    .option('--unredacted', 'with its secrets')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `
Secrets that are recognised are taken out, as observe does it; others may be left.
Environment: KAFKA_BROKERS, SCHEMA_REGISTRY_URL, KAFKA_TOPIC_PREFIX, PRODSENTINEL_REDRIVE_KEY

Example:
  $ npm run prodsentinel -- dlq show failures 3/17`,
    )
    .action((topic: Topic, [position = '']: string[], options: ShowArguments) =>
      run(topic, position, options, context),
    );
}

/** @throws AppError `invalid_input` when there is none, `unavailable` when Kafka does not answer */
async function run(
  topic: Topic,
  position: string,
  { unredacted, json }: ShowArguments,
  { env, out, say }: ConsoleContext,
): Promise<void> {
  const { connection, registryUrl } = readKafkaAccess(env, 'prodsentinel-dlq', say);
  const { PRODSENTINEL_REDRIVE_KEY: key } = readSettings(dlqSettings, env);
  const [partition = 0, offset = 0] = position.split('/').map(Number);
  const letter = await readDeadLetter(connection, { topic, key, at: { partition, offset } });
  if (!letter)
    throw new AppError('invalid_input', `${deadLetterTopicOf(topic)} holds nothing at ${position}`);
  const codec = createCodec(registryUrl, connection.topicPrefix);
  const view = await viewLetter(letter, { topic, codec, isUnredacted: unredacted === true });
  if (json) out(JSON.stringify(view));
  else for (const line of renderLetter(view)) out(line);
}
