import { openDatabase, type Database } from '@prodsentinel/database';
import { createTestDatabase } from '@prodsentinel/database/testing';
import { AppError } from '@prodsentinel/kernel';
import type { Bench, BenchContext } from '../bench.ts';
import { startMeter, type Measured } from '../tools/measured.ts';
import { runPairs, summarise } from '../tools/pairs.ts';
import { createReport } from '../tools/report.ts';
import { explain } from './plan.ts';
import { createQuestions, type Ask } from './questions.ts';
import { incidentId, seedDatabase, type Seed } from './seed.ts';

const defaultTraces = 1_000_000;
const tracesPerIncident = 100;
const asksPerRun = 300;
const seedTimeoutMs = 120_000;

/** The five questions of an engineer on call against as many look-ups by primary key. `--records` are traces. */
export const queriesBench: Bench = {
  name: 'queries',
  summary: 'the five questions of an engineer on call over 1,000,000 traces, beside look-ups by key',
  async run(context) {
    const traces = context.records ?? defaultTraces;
    const seed: Seed = { traces, incidents: Math.max(10, Math.round(traces / tracesPerIncident)) };
    const created = await createTestDatabase({ server: context.stack.env.DATABASE_URL });
    const database = await openDatabase({
      url: created.url,
      applicationName: 'bench-queries',
      statementTimeoutMs: seedTimeoutMs,
    });
    try {
      context.say(`writing ${seed.incidents} incidents and ${traces} traces …`);
      await seedDatabase(database, seed);
      await measure(context, database, seed);
    } finally {
      await database.close();
      await created.drop();
    }
  },
};

async function measure({ runs, asJson, out }: BenchContext, database: Database, seed: Seed): Promise<void> {
  const questions = createQuestions(seed);
  const report = createReport(out, asJson);
  const figures: Record<string, unknown> = {};
  const sequential: string[] = [];
  for (const [name, ask] of Object.entries(questions)) {
    const { scans, sequentialTables } = await explain(database, (session) => ask(session, 1));
    sequential.push(...sequentialTables.map((table) => `${name} reads all of ${table}`));
    figures[`${name}Plan`] = scans.join(', ');
    Object.assign(figures, await latencies(name, (number) => ask(database, number)));
  }
  const pairs = await runPairs({
    runs,
    ours: () => askAll(Object.values(questions), database),
    floor: () => askAll([lookUp(seed)], database),
    onPair: (pair) => report.pair(pair),
  });
  report.summary({ ...summarise('queries', pairs), ...seed, ...figures });
  if (sequential.length > 0) throw new AppError('bug', `an index is missing: ${sequential.join('; ')}`);
}

/** Median and 99th percentile of one question, milliseconds. */
async function latencies(name: string, ask: (number: number) => Promise<number>) {
  const tookMs: number[] = [];
  for (let number = 0; number < asksPerRun; number++) {
    const startedAt = performance.now();
    const rows = await ask(number);
    tookMs.push(performance.now() - startedAt);
    if (rows === 0) throw new AppError('bug', `${name}: the question found nothing`);
  }
  tookMs.sort((a, b) => a - b);
  const at = (share: number) => tookMs[Math.floor(share * (tookMs.length - 1))];
  return { [`${name}P50Ms`]: at(0.5), [`${name}P99Ms`]: at(0.99) };
}

async function askAll(asks: readonly Ask[], database: Database): Promise<Measured> {
  const meter = startMeter();
  for (let number = 0; number < asksPerRun; number++) for (const ask of asks) await ask(database, number);
  return meter.stop(asksPerRun * asks.length);
}

function lookUp({ incidents }: Seed): Ask {
  const sql = 'select id, title, severity, status from incidents where id = $1';
  return async (session, number) =>
    (await session.query(sql, [incidentId((number * 7919) % incidents)])).length;
}
