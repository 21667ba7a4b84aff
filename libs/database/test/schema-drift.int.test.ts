import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  analysisReasons,
  analysisSources,
  incidentStatuses,
  severities,
  verdicts,
} from '@prodsentinel/contracts';
import {
  findSchemaDrift,
  incidentEventKinds,
  openDatabase,
  requestStates,
  type Database,
} from '../src/index.ts';
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

test('a live database agrees with the entities and the migrations', async () => {
  expect(await findSchemaDrift(database, target.url)).toEqual([]);
});

test.each([
  ['alter table traces add column colour text', 'colour'],
  ['alter table incidents alter column title drop not null', 'title'],
  ['alter table incidents alter column evidence_omitted type int', 'evidence_omitted'],
  ['drop index incidents_services_index', 'incidents_services_index is missing'],
  ['create index traces_hurried on traces (failure_count)', 'traces_hurried: no migration made it'],
  [
    'alter table analysis_results drop constraint analysis_results_request_id_source_unique',
    'analysis_results_request_id_source_unique is missing',
  ],
  ['drop table incident_fingerprints', 'incident_fingerprints'],
])('drift is named: %s', async (sql, reason) => {
  const { url, drop } = await createTestDatabase();
  const changed = await openDatabase({ url, applicationName: 'drift-test' });
  try {
    await changed.query(sql);
    expect((await findSchemaDrift(changed, url)).join('\n')).toContain(reason);
  } finally {
    await changed.close();
    await drop();
  }
});
