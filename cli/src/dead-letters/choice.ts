import { InvalidArgumentError, Option, type Command } from 'commander';
import type { StoredDeadLetter } from '@prodsentinel/messaging';

/** Which dead letters are meant: those that fit everything that is named. */
export interface Choice {
  /** `PARTITION/OFFSET` in the dead-letter topic; any of them. */
  readonly positions?: readonly string[];
  /** Any of these error codes. */
  readonly code?: readonly string[];
  /** Part of the reason, in any case. */
  readonly reason?: string;
  /** `PARTITION` or `PARTITION/OFFSET` of the topic that it came from; any of them. */
  readonly source?: readonly string[];
  /** Set aside from then on; milliseconds since 1970. */
  readonly since?: number;
}

/** The options that choose, beside the positions, which are arguments. */
export function addChoiceOptions(command: Command): Command {
  return command
    .option('--code <code...>', 'only those with one of these error codes')
    .option('--reason <text>', 'only those whose reason holds this text')
    .addOption(
      new Option(
        '--source <place...>',
        'only those from this PARTITION, or PARTITION/OFFSET, of the topic',
      ).argParser((text: string, before?: readonly string[]) => [
        ...(before ?? []),
        parsePlace(text, /^\d+(\/\d+)?$/, 'PARTITION or PARTITION/OFFSET'),
      ]),
    )
    .addOption(
      new Option('--since <time>', 'only those set aside from then on, such as 2026-11-26T10:00Z').argParser(
        parseTime,
      ),
    );
}

export function parsePosition(text: string, before: readonly string[] = []): string[] {
  return [...before, parsePlace(text, /^\d+\/\d+$/, 'PARTITION/OFFSET')];
}

/** Whether anything is named. */
export function isChosen({ positions = [], code, reason, source, since }: Choice): boolean {
  return positions.length > 0 || [code, reason, source, since].some((each) => each !== undefined);
}

export function matches({ record, ...letter }: StoredDeadLetter, choice: Choice): boolean {
  const { positions = [], code, reason, source, since } = choice;
  const from = letter.source;
  return (
    (positions.length === 0 || positions.includes(`${record.partition}/${record.offset}`)) &&
    (code === undefined || code.includes(letter.code)) &&
    (reason === undefined || letter.reason.toLowerCase().includes(reason.toLowerCase())) &&
    (source === undefined ||
      (from !== undefined &&
        (source.includes(String(from.partition)) || source.includes(`${from.partition}/${from.offset}`)))) &&
    (since === undefined || record.timestampMs >= since)
  );
}

function parsePlace(text: string, pattern: RegExp, expected: string): string {
  if (pattern.test(text)) return text;
  throw new InvalidArgumentError(`expected ${expected}`);
}

function parseTime(text: string): number {
  const timeMs = Date.parse(text);
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(timeMs)) return timeMs;
  throw new InvalidArgumentError('expected a time such as 2026-11-26T10:00Z');
}
