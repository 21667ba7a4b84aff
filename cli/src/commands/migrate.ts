import { Command } from 'commander';
import { migrateUp, migrationStatus, verifyMigrations } from '@prodsentinel/database';
import { readSettings } from '@prodsentinel/process';
import type { ConsoleContext } from '../console-context.ts';
import { databaseSettings } from '../settings.ts';
import { withDatabase } from '../with-database.ts';

/** `prodsentinel migrate up | verify | status` */
export function migrateCommand(context: ConsoleContext): Command {
  return new Command('migrate')
    .description('Bring the database to what this build needs, or say how far it is')
    .addCommand(
      new Command('up')
        .description('Apply the migrations that are pending; concurrent calls wait for each other')
        .addHelpText('after', exampleOf('up'))
        .action(() => runMigrateUp(context)),
    )
    .addCommand(
      new Command('verify')
        .description('Check that this build can work with the database; exit 78 naming what is wrong if not')
        .addHelpText('after', exampleOf('verify'))
        .action(() => runVerify(context)),
    )
    .addCommand(
      new Command('status')
        .description('Show what was applied and what keeps this build from working with the database')
        .option('--json', 'one JSON object instead of text')
        .addHelpText('after', exampleOf('status --json'))
        .action((options: { json?: true }) => runStatus(options, context)),
    );
}

/**
 * Applies pending migrations and says which.
 *
 * @throws AppError as `migrateUp` says
 */
export async function runMigrateUp({ env, out }: Pick<ConsoleContext, 'env' | 'out'>): Promise<void> {
  const applied = await migrateUp(readSettings(databaseSettings, env).DATABASE_URL);
  for (const name of applied) out(`applied ${name}`);
  if (applied.length === 0) out('nothing to apply: the database is up to date');
}

async function runVerify({ env, out }: ConsoleContext): Promise<void> {
  await withDatabase(env, (database) => verifyMigrations(database));
  out('the database matches this build');
}

async function runStatus({ json }: { json?: true }, { env, out }: ConsoleContext): Promise<void> {
  const status = await withDatabase(env, (database) => migrationStatus(database));
  if (json) return out(JSON.stringify(status));
  out(`build ${status.build}`);
  for (const each of status.applied) out(`applied ${each.name} at ${each.appliedAt} by build ${each.build}`);
  for (const { kind, message } of status.problems) out(`${kind} ${message}`);
  if (status.problems.length === 0) out('the database matches this build');
}

function exampleOf(rest: string): string {
  return `
Environment: DATABASE_URL

Example:
  $ DATABASE_URL=postgresql://prodsentinel@localhost/prodsentinel npm run prodsentinel -- migrate ${rest}`;
}
