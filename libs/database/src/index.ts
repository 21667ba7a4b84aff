export {
  incidentEventKinds,
  requestStates,
  type IncidentEventKind,
  type RequestState,
} from './closed-sets.ts';
export { createMigration, sealMigration } from './create-migration.ts';
export { toDatabaseError, toRunningDatabaseError } from './database-errors.ts';
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
export { toNumberArray, toTextArray } from './sql-arrays.ts';
export { fromMicros, toMicros, type SqlSession } from './sql-session.ts';
export { askForAnalysis } from './ask-for-analysis.ts';
export { changeIncidentStatus, type StatusChange } from './change-status.ts';
export {
  listIncidents,
  type IncidentFilters,
  type IncidentPage,
  type IncidentSummary,
} from './list-incidents.ts';
export { findSchemaDrift } from './schema-drift.ts';
export { listAnalyses, listEvents, listTraces, type Page, type PageRequest } from './list-details.ts';
export { readTotals, type Totals } from './read-totals.ts';
export {
  showIncident,
  type AnalysisDetails,
  type EventDetails,
  type IncidentDetails,
  type RequestDetails,
  type TraceDetails,
} from './show-incident.ts';
