import { Command, Option } from 'commander';
import { incidentStatuses, severities, type IncidentStatus, type Severity } from '@prodsentinel/contracts';
import { listIncidents, showIncident } from '@prodsentinel/database';
import { AppError } from '@prodsentinel/kernel';
import type { ConsoleContext } from '../console-context.ts';
import { renderIncidentPage } from '../incident-page.ts';
import { renderIncidentTable } from '../incident-table.ts';
import { changeIncidentCommands } from './change-incidents.ts';
import { wholeNumberOption } from '../whole-number-option.ts';
import { withDatabase } from '../with-database.ts';

interface ListArguments {
  readonly status?: readonly IncidentStatus[];
  readonly severity?: readonly Severity[];
  readonly service?: string;
  readonly trace?: string;
  readonly environment?: string;
  readonly limit: number;
  readonly after?: string;
  readonly json?: true;
}

/** `prodsentinel incidents list | show | acknowledge | resolve | close | reanalyse` */
export function incidentsCommand(context: ConsoleContext): Command {
  const command = new Command('incidents')
    .description('Read what went wrong, and why; say what became of it')
    .addCommand(listCommand(context))
    .addCommand(showCommand(context));
  for (const change of changeIncidentCommands(context)) command.addCommand(change);
  return command;
}

function listCommand(context: ConsoleContext): Command {
  return new Command('list')
    .description('List incidents, the most recently seen first')
    .addOption(new Option('--status <status...>', 'only these').choices(incidentStatuses.values))
    .addOption(new Option('--severity <severity...>', 'only these').choices(severities.values))
    .option('--service <name>', 'only those with a failure of this service')
    .option('--trace <id>', 'only those that hold this trace')
    .option('--environment <name>', 'only those of this environment')
    .addOption(
      new Option('--limit <number>', 'at most so many')
        .argParser(wholeNumberOption({ min: 1, max: 1_000 }))
        .default(50),
    )
    .option('--after <cursor>', 'go on where the page before ended')
    .option('--json', 'one JSON object: {incidents, next}')
    .addHelpText('after', exampleOf('list --status open --severity high critical'))
    .action((options: ListArguments) => runList(options, context));
}

function showCommand(context: ConsoleContext): Command {
  return new Command('show')
    .description('Show one incident: root cause, claims with their evidence, what happened, traces')
    .argument('<id>', 'as `incidents list` shows it')
    .option('--json', 'one JSON object')
    .addHelpText('after', exampleOf('show 0197a4c2-6f0e-7c31-9d53-0d6f6c1f5b11'))
    .action((id: string, options: { json?: true }) => runShow(id, options, context));
}

async function runList(options: ListArguments, context: ConsoleContext): Promise<void> {
  const { env, out, say } = context;
  const page = await withDatabase(env, (database) =>
    listIncidents(database, {
      limit: options.limit,
      ...(options.status ? { statuses: options.status } : {}),
      ...(options.severity ? { severities: options.severity } : {}),
      ...(options.service === undefined ? {} : { service: options.service }),
      ...(options.trace === undefined ? {} : { traceId: options.trace }),
      ...(options.environment === undefined ? {} : { environment: options.environment }),
      ...(options.after === undefined ? {} : { after: options.after }),
    }),
  );
  if (options.json) return out(JSON.stringify(page));
  out(renderIncidentTable(page.incidents, context));
  if (page.next) say(`there are more: --after ${page.next}`);
}

async function runShow(id: string, options: { json?: true }, context: ConsoleContext): Promise<void> {
  const incident = await withDatabase(context.env, (database) => showIncident(database, id));
  if (!incident) throw new AppError('invalid_input', 'there is no incident with this id');
  context.out(options.json ? JSON.stringify(incident) : renderIncidentPage(incident, context));
}

function exampleOf(rest: string): string {
  return `
Environment: DATABASE_URL

Example:
  $ npm run prodsentinel -- incidents ${rest}`;
}
