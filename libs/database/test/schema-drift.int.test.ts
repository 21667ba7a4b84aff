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

test('what an extension brings is no drift', async () => {
  await database.query('create extension pg_trgm');
  expect(await findSchemaDrift(database, target.url)).toEqual([]);
});

test('looking for drift leaves nothing behind', async () => {
  await findSchemaDrift(database, target.url);
  expect(await database.query(`select relname from pg_class where relpersistence = 't'`)).toEqual([]);
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
  [
    `drop index incidents_resolved_at_index;
    create index incidents_resolved_at_index on incidents (resolved_at) where status = 'closed'`,
    'incidents_resolved_at_index is "CREATE INDEX',
  ],
  [
    `drop index traces_incident_id_last_seen_at_index;
    create index traces_incident_id_last_seen_at_index on traces (incident_id, last_seen_at)`,
    'traces_incident_id_last_seen_at_index is',
  ],
  [
    `drop index analysis_requests_pending_unique;
    create index analysis_requests_pending_unique on analysis_requests (incident_id) where state = 'pending'`,
    'analysis_requests_pending_unique is',
  ],
  [
    `alter table incidents drop constraint incidents_failure_count_check;
    alter table incidents add constraint incidents_failure_count_check check (failure_count >= -1)`,
    'expected "incidents: CHECK ((failure_count >= 0))"',
  ],
  [
    `alter table analysis_requests drop constraint analysis_requests_payload_check;
    alter table analysis_requests add constraint analysis_requests_payload_check check (state <> '') not valid`,
    'analysis_requests_payload_check is not valid',
  ],
  [
    `alter table incident_events drop constraint incident_events_incident_id_foreign;
    alter table incident_events add constraint incident_events_incident_id_foreign foreign key (incident_id)
      references incidents (id) on delete cascade`,
    'incident_events_incident_id_foreign is',
  ],
  ['drop table incident_fingerprints', 'incident_fingerprints'],
  ['drop trigger traces_require_incidents on traces', 'traces_require_incidents is missing'],
  ['alter table traces disable trigger traces_require_incidents', 'traces_require_incidents is not valid'],
  [
    `create or replace function refuse_to_strand_traces() returns trigger language plpgsql as 'begin return null; end'`,
    'refuse_to_strand_traces is',
  ],
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
