import type { SqlSession } from './sql-session.ts';

/** What the database holds, over all environments. */
export interface Totals {
  /** Failures counted in incidents, each record of Kafka once. */
  readonly failures: number;
  /** Distinct traces with a failure. */
  readonly traces: number;
  readonly incidents: number;
  /** Results stored, by whatever source. */
  readonly analyses: number;
  /** Second, different results for one request and source: work that was done (or paid) twice. 0 is what we promise. */
  readonly doubleAnalyses: number;
  /** Paid calls that the stored results took, those in vain before the rules answered included. */
  readonly modelCalls: number;
}

/** Reads all totals from one snapshot. */
export async function readTotals(session: SqlSession): Promise<Totals> {
  const [row] = await session.query<Totals>(`select
    (select coalesce(sum(failure_count), 0) from incidents)::float8 as failures,
    (select count(*) from (select distinct environment, trace_id from traces) as trace)::float8 as traces,
    (select count(*) from incidents)::float8 as incidents,
    (select count(*) from analysis_results)::float8 as analyses,
    (select count(*) from incident_events where kind = 'analysis_differs')::float8 as "doubleAnalyses",
    (select coalesce(sum(model_calls), 0) from analysis_results)::float8 as "modelCalls"`);
  return row as Totals;
}
