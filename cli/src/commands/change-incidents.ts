import { userInfo } from 'node:os';
import { Command, Option } from 'commander';
import { incidentStatuses, severities, type IncidentStatus, type Severity } from '@prodsentinel/contracts';
import { askForAnalysis, changeIncidentStatus, listIncidents, type Database } from '@prodsentinel/database';
import { AppError, isAppError, newId } from '@prodsentinel/kernel';
import type { ConsoleContext } from '../console-context.ts';
import { wholeNumberOption } from '../whole-number-option.ts';
import { withDatabase } from '../with-database.ts';

interface ChangeArguments {
  readonly status?: readonly IncidentStatus[];
  readonly severity?: readonly Severity[];
  readonly service?: string;
  readonly environment?: string;
  readonly limit: number;
  readonly actor: string;
  readonly reason?: string;
  readonly json?: true;
}

interface Change {
  readonly verb: 'acknowledge' | 'resolve' | 'close' | 'reanalyse';
  readonly description: string;
  readonly done: string;
  readonly apply: (database: Database, id: string, options: ChangeArguments) => Promise<unknown>;
}

/** `prodsentinel incidents acknowledge | resolve | close | reanalyse` */
export function changeIncidentCommands(context: ConsoleContext): Command[] {
  return changes.map((change) => changeCommand(change, context));
}

const changes: readonly Change[] = [
  {
    verb: 'acknowledge',
    description: 'Say that somebody works on open incidents: they become investigating',
    done: 'investigating',
    apply: changeTo('investigating'),
  },
  {
    verb: 'resolve',
    description: 'Say that incidents are over; a later failure reopens them as regressions',
    done: 'resolved',
    apply: changeTo('resolved'),
  },
  {
    verb: 'close',
    description: 'Close incidents for good; a later failure opens a successor',
    done: 'closed',
    apply: changeTo('closed'),
  },
  {
    verb: 'reanalyse',
    description: 'Ask for an analysis of incidents now, whatever was asked before',
    done: 'analysis requested',
    apply: (database, id, { actor }) => askForAnalysis(database, { id, actor, nowMs: Date.now(), newId }),
  },
];

function changeTo(to: 'investigating' | 'resolved' | 'closed'): Change['apply'] {
  return (database, id, { actor, reason }) =>
    changeIncidentStatus(database, {
      id,
      to,
      actor,
      nowMs: Date.now(),
      ...(reason === undefined ? {} : { reason }),
    });
}

function changeCommand(change: Change, context: ConsoleContext): Command {
  const command = new Command(change.verb)
    .description(change.description)
    .argument('[ids...]', 'as `incidents list` shows them; or choose by filters instead')
    .addOption(new Option('--status <status...>', 'all of these').choices(incidentStatuses.values))
    .addOption(new Option('--severity <severity...>', 'all of these').choices(severities.values))
    .option('--service <name>', 'all with a failure of this service')
    .option('--environment <name>', 'all of this environment')
    .addOption(
      new Option('--limit <number>', 'most incidents that filters may choose; more is refused')
        .argParser(wholeNumberOption({ min: 1, max: 1_000 }))
        .default(50),
    )
    .option('--actor <name>', 'who wants it', userInfo().username)
    .option('--json', 'one JSON object a line: {id, outcome} or {id, error}')
    .addHelpText('after', exampleOf(`${change.verb} --service checkout --severity low`));
  if (change.verb !== 'reanalyse') command.option('--reason <text>', 'why; it is kept with the incident');
  return command.action((ids: string[], options: ChangeArguments) => run(change, { ids, options }, context));
}

/**
 * Changes one incident after the other, each in a transaction of its own, and says of each what came of it.
 *
 * @throws AppError `invalid_input` when none or too many were chosen, `conflict` when one could not be changed
 */
async function run(
  change: Change,
  { ids, options }: { ids: readonly string[]; options: ChangeArguments },
  { env, out, say }: ConsoleContext,
): Promise<void> {
  await withDatabase(env, async (database) => {
    const chosen = await choose(database, ids, options);
    let refused = 0;
    for (const id of chosen) {
      try {
        await change.apply(database, id, options);
        out(options.json ? JSON.stringify({ id, outcome: change.done }) : `${id} ${change.done}`);
      } catch (error) {
        // What this incident forbids says nothing about the others; a database that is away does.
        if (!isAppError(error) || (error.code !== 'conflict' && error.code !== 'invalid_input')) throw error;
        refused++;
        if (options.json) out(JSON.stringify({ id, error: error.message }));
        else say(error.message);
      }
    }
    if (refused > 0) throw new AppError('conflict', `${refused} of ${chosen.length} could not be changed`);
  });
}

async function choose(
  database: Database,
  ids: readonly string[],
  { status, severity, service, environment, limit }: ChangeArguments,
): Promise<readonly string[]> {
  const filters = {
    ...(status ? { statuses: status } : {}),
    ...(severity ? { severities: severity } : {}),
    ...(service === undefined ? {} : { service }),
    ...(environment === undefined ? {} : { environment }),
  };
  const isFiltered = Object.keys(filters).length > 0;
  if (ids.length > 0 === isFiltered)
    throw new AppError('invalid_input', 'name incidents by their ids, or choose them by at least one filter');
  if (ids.length > 0) return [...new Set(ids)];
  const { incidents, next } = await listIncidents(database, { ...filters, limit });
  if (next)
    throw new AppError(
      'invalid_input',
      `more than ${limit} incidents match: nothing was changed; see --limit`,
    );
  return incidents.map(({ id }) => id);
}

function exampleOf(rest: string): string {
  return `
Environment: DATABASE_URL

Example:
  $ npm run prodsentinel -- incidents ${rest}`;
}
