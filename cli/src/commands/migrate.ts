import { Command } from 'commander';
import {
  createMigration,
  findSchemaDrift,
  migrateUp,
  migrationStatus,
  sealMigration,
  verifyMigrations,
} from '@prodsentinel/database';
import { AppError } from '@prodsentinel/kernel';
import { readSettings } from '@prodsentinel/process';
import type { ConsoleContext } from '../console-context.ts';
import { databaseSettings } from '../settings.ts';
import { withDatabase } from '../with-database.ts';

/** `prodsentinel migrate up | verify | status | create | seal` */
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
        .option('--drift', 'also compare the live tables, columns, indexes and constraints with this build')
        .addHelpText('after', exampleOf('verify --drift'))
        .action((options: { drift?: true }) => runVerify(options, context)),
    )
    .addCommand(
      new Command('status')
        .description('Show what was applied and what keeps this build from working with the database')
        .option('--json', 'one JSON object instead of text')
        .addHelpText('after', exampleOf('status --json'))
        .action((options: { json?: true }) => runStatus(options, context)),
    )
    .addCommand(
      new Command('create')
        .description('Write the next migration file, for a developer; says where it is and what to do next')
        .argument('<title>', 'lower-case words joined by hyphens, such as add-colour')
        .addHelpText('after', exampleOf('create add-colour', ''))
        .action((title: string) => runCreate(title, context)),
    )
    .addCommand(
      new Command('seal')
        .description(
          'List the checksum of a migration whose SQL is written; from its commit on it is immutable',
        )
        .argument('<name>', 'as `migrate create` named it')
        .addHelpText('after', exampleOf('seal 0007-add-colour', ''))
        .action((name: string) => {
          sealMigration(name);
          context.out(`sealed ${name}`);
        }),
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

async function runVerify({ drift }: { drift?: true }, { env, out }: ConsoleContext): Promise<void> {
  await withDatabase(env, async (database) => {
    await verifyMigrations(database);
    if (!drift) return;
    const { DATABASE_URL: url } = readSettings(databaseSettings, env);
    const differences = await findSchemaDrift(database, url);
    if (differences.length > 0)
      throw new AppError(
        'contract_mismatch',
        `the live schema is not the one the migrations made:\n${differences.map((each) => `  ${each}`).join('\n')}`,
      );
  });
  out(drift ? 'the database and its live schema match this build' : 'the database matches this build');
}

function runCreate(title: string, { out, say }: ConsoleContext): void {
  const name = createMigration(title);
  out(`libs/database/src/migrations/${name}.sql`);
  say(`write its SQL, check the number in its first line, then run \`prodsentinel migrate seal ${name}\``);
}

async function runStatus({ json }: { json?: true }, { env, out }: ConsoleContext): Promise<void> {
  const status = await withDatabase(env, (database) => migrationStatus(database));
  if (json) return out(JSON.stringify(status));
  out(`build ${status.build}`);
  for (const each of status.applied) out(`applied ${each.name} at ${each.appliedAt} by build ${each.build}`);
  for (const { kind, message } of status.problems) out(`${kind} ${message}`);
  if (status.problems.length === 0) out('the database matches this build');
}

const databaseUrl = 'DATABASE_URL=postgresql://prodsentinel@localhost/prodsentinel ';

function exampleOf(rest: string, prefix = databaseUrl): string {
  return `${prefix ? '\nEnvironment: DATABASE_URL\n' : ''}
Example:
  $ ${prefix}npm run prodsentinel -- migrate ${rest}`;
}
