import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { MikroORM } from '@mikro-orm/postgresql';
import {
  analysisReasons,
  analysisSources,
  incidentStatuses,
  severities,
  verdicts,
} from '@prodsentinel/contracts';
import { incidentEventKinds, openDatabase, requestStates, type Database } from '../src/index.ts';
import { entities } from '../src/entities/all-entities.ts';
import { createTestDatabase, type TestDatabase } from '../src/testing/create-test-database.ts';

let target: TestDatabase;
let database: Database;
beforeAll(async () => {
  target = await createTestDatabase();
  database = await openDatabase({ url: target.url, applicationName: 'drift-test' });
});
afterAll(async () => {
  await database.close();
  await target.drop();
});

test.each([
  ['incidents', 'severity', severities.values],
  ['incidents', 'observed_severity', severities.values],
  ['incidents', 'exemplar_severity', severities.values],
  ['incidents', 'status', incidentStatuses.values],
  ['analysis_requests', 'reason', analysisReasons.values],
  ['analysis_requests', 'state', requestStates],
  ['analysis_results', 'source', analysisSources.values],
  ['analysis_results', 'verdict', verdicts.values],
  ['analysis_results', 'severity', severities.values],
  ['incident_events', 'kind', incidentEventKinds],
])('the database accepts in %s.%s exactly what the closed set holds', async (table, column, values) => {
  const [check] = await database.query<{ definition: string }>(
    `select pg_get_constraintdef(oid) as definition from pg_constraint where conrelid = $1::regclass and conname = $2`,
    [table, `${table}_${column}_check`],
  );
  const accepted = [...(check?.definition ?? '').matchAll(/'([^']*)'::text/g)].map(([, value]) => value);
  expect(new Set(accepted)).toEqual(new Set<string>(values));
});

test('the entities have the columns and types that the migrations made', async () => {
  const orm = await MikroORM.init({
    entities: [...entities],
    clientUrl: target.url,
    dbName: new URL(target.url).pathname.slice(1),
    logger: () => undefined,
  });
  try {
    const difference = await orm.schema.getUpdateSchemaSQL({ wrap: false, safe: false });
    // Keys between tables, indexes and checks on numbers are the migrations' own: entities are for reading.
    const ownOfMigrations =
      /^drop index |^alter table "\w+" drop constraint "\w+_(foreign|unique|(number|payload|failure_count|trace_count)_check)";$/;
    const unexpected = difference
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('set names') && !ownOfMigrations.test(line));
    expect(unexpected).toEqual([]);
  } finally {
    await orm.close(true);
  }
});
