export {
  incidentEventKinds,
  requestStates,
  type IncidentEventKind,
  type RequestState,
} from './closed-sets.ts';
export { toDatabaseError } from './database-errors.ts';
export { currentBuild, loadMigrations, parseMigration, type MigrationFile } from './migration-files.ts';
export { findMigrationProblems, type AppliedMigration, type MigrationProblem } from './migration-problems.ts';
export {
  migrateUp,
  migrationStatus,
  verifyMigrations,
  type MigrationSource,
  type MigrationStatus,
} from './migrate.ts';
export { openDatabase, type Database, type DatabaseOptions } from './open-database.ts';
export { fromMicros, toMicros, type SqlSession } from './sql-session.ts';
