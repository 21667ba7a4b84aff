import { newId } from '@prodsentinel/kernel';
import type { TracesObserved } from '@prodsentinel/contracts';
import { openDatabase, type Database } from '@prodsentinel/database';
import { createTestDatabase, type TestDatabaseOptions } from '@prodsentinel/database/testing';
import type { DecisionRules } from '../src/domain/decide-observations.ts';
import { parseObservation } from '../src/domain/observation.ts';
import { persistObservations } from '../src/steps/persist-observations.ts';
import { retryConflicts } from '../src/steps/retry-conflicts.ts';
import { rules as defaultRules, startMicros } from './observations.ts';

export interface PersisterDatabase {
  readonly database: Database;
  readonly url: string;
  persist(
    events: readonly TracesObserved[],
    options?: { now?: number; rules?: DecisionRules },
  ): Promise<number>;
  rows<Row extends object>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
  empty(): Promise<void>;
  close(): Promise<void>;
}

/** A migrated database of its own, with the persister's transaction over it. */
export async function openPersisterDatabase(options: TestDatabaseOptions = {}): Promise<PersisterDatabase> {
  const { url, drop } = await createTestDatabase(options);
  const database = await openDatabase({ url, applicationName: 'persister-test' });
  return {
    database,
    url,
    persist: (events, { now = startMicros, rules = defaultRules } = {}) =>
      retryConflicts(() =>
        database.transaction((session) =>
          persistObservations(session, events.map(parseObservation), { rules, now, newId }),
        ),
      ),
    rows: (sql, parameters) => database.query(sql, parameters),
    async empty() {
      // Deleting a few rows is far quicker than truncating a few tables.
      await database.query(
        'update incidents set current_analysis_id = null where current_analysis_id is not null',
      );
      for (const table of tables) await database.query(`delete from ${table}`);
    },
    async close() {
      await database.close();
      await drop();
    },
  };
}

const tables = [
  'incident_events',
  'analysis_results',
  'analysis_requests',
  'traces',
  'counted_blocks',
  'incident_fingerprints',
  'incidents',
];
