import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

/** Who reports: told of every record that does not say so itself. */
export interface Source {
  readonly service: string;
  readonly environment?: string;
  readonly release?: string;
}

/** What a record is made with. */
export interface RecordSettings {
  readonly source: Source;
  /** Characters of one text; longer ones are cut. */
  readonly maxTextLength: number;
}

/** Of a new record: with an id of its own it is counted once, though it be sent twice. */
export function identify({ service, environment, release }: Source): Record<string, unknown> {
  return { signalId: randomUUID(), service, environment, release, host: hostname() };
}
