import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { TracesObserved } from '@prodsentinel/contracts';
import fc from 'fast-check';
import { fingerprint, hourMicros, observationOf, startMicros, windowOf } from './observations.ts';
import { openPersisterDatabase, type PersisterDatabase } from './persister-database.ts';

let persister: PersisterDatabase;
beforeAll(async () => {
  persister = await openPersisterDatabase();
});
afterAll(() => persister.close());
beforeEach(() => persister.empty());

describe('counting by source offset', () => {
  test('a window that comes again changes nothing', async () => {
    const event = observationOf([windowOf('t1', [1, 2, 3])]);
    expect(await persister.persist([event])).toBe(3);
    const before = await contents();
    expect(await persister.persist([event])).toBe(0);
    expect(await contents()).toEqual(before);
    expect(before.incidents).toEqual([{ fingerprint: fingerprint(1), failures: '3', traces: '1' }]);
  });

  test('overlapping windows of one batch count each offset once', async () => {
    const events = [
      observationOf([windowOf('t1', [1, 2, 3]), windowOf('t1', [3, 4])]),
      observationOf([windowOf('t1', [2, 3, 4, 5])]),
    ];
    expect(await persister.persist(events)).toBe(5);
    expect((await contents()).traces).toEqual([{ traceId: 't1', failures: '5' }]);
  });

  test('a recreated topic counts anew: the same offsets in another append hour are other failures', async () => {
    await persister.persist([observationOf([windowOf('t1', [1])])]);
    expect(
      await persister.persist([observationOf([windowOf('t1', [1], { at: startMicros + hourMicros })])]),
    ).toBe(1);
  });

  test('failures without a trace count, and are no trace', async () => {
    await persister.persist([observationOf([windowOf('', [1, 2])])]);
    expect(await contents()).toMatchObject({ incidents: [{ failures: '2', traces: '0' }], traces: [] });
  });

  test('two members that persist the same storm at once count it once', async () => {
    const events = Array.from({ length: 40 }, (_, n) =>
      observationOf([windowOf(`t${n % 7}`, [n, n + 7, n + 14])], { fingerprint: fingerprint(n % 5) }),
    );
    await Promise.all([
      persister.persist(events),
      persister.persist(events.toReversed()),
      persister.persist(events),
    ]);
    const { incidents } = await contents();
    expect(incidents).toHaveLength(5);
    expect(incidents.reduce((sum, { failures }) => sum + Number(failures), 0)).toBe(54);
    expect((await contents()).countedOffsets).toBe('54');
  });

  test('however the windows are cut, doubled and ordered, the tables equal a count of each offset once', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async ({ failures, batches }) => {
        await persister.empty();
        for (const batch of batches) await persister.persist(batch.map((cut) => toEvent(failures, cut)));
        expect(await contents()).toEqual(modelOf(failures, batches.flat()));
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});

/** A failure that Kafka holds; its fingerprint and trace are functions of the record. */
interface Failure {
  readonly partition: number;
  readonly offset: number;
  readonly hour: number;
  readonly trace: number;
  readonly fingerprint: number;
}
/** A window shows some of the failures of one trace and fingerprint on one partition. */
interface Cut {
  readonly like: number;
  readonly keep: readonly boolean[];
}

const histories = fc
  .uniqueArray(
    fc.record({
      partition: fc.nat(1),
      // Around the borders of a block of 1024 offsets.
      offset: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 1018, max: 1030 })),
      hour: fc.nat(1),
      trace: fc.nat(3),
      fingerprint: fc.nat(2),
    }),
    { minLength: 1, maxLength: 40, selector: ({ partition, offset }) => `${partition}/${offset}` },
  )
  .chain((failures) =>
    fc.record({
      failures: fc.constant(failures as Failure[]),
      batches: fc.array(
        fc.array(
          fc.record({
            like: fc.nat(failures.length - 1),
            keep: fc.array(fc.boolean(), { minLength: failures.length, maxLength: failures.length }),
          }),
          { minLength: 1, maxLength: 6 },
        ),
        { minLength: 1, maxLength: 5 },
      ),
    }),
  );

function shownBy(failures: readonly Failure[], { like, keep }: Cut): Failure[] {
  const model = failures[like] as Failure;
  return failures.filter(
    (each, index) =>
      each === model ||
      (keep[index] &&
        each.partition === model.partition &&
        each.trace === model.trace &&
        each.fingerprint === model.fingerprint),
  );
}

function toEvent(failures: readonly Failure[], cut: Cut): TracesObserved {
  const shown = shownBy(failures, cut).toSorted((a, b) => a.offset - b.offset);
  const model = failures[cut.like] as Failure;
  const firstHour = Math.floor(startMicros / hourMicros);
  return observationOf(
    [
      {
        traceId: traceName(model),
        partition: model.partition,
        firstAppendedAt: startMicros,
        lastAppendedAt: startMicros + 2 * hourMicros - 1,
        offsets: [0, 1].map((hour) => ({
          appendHour: firstHour + hour,
          offsets: shown.filter((each) => each.hour === hour).map(({ offset }) => offset),
        })),
      },
    ],
    { fingerprint: fingerprint(model.fingerprint) },
  );
}

function traceName({ trace }: Failure): string {
  return trace === 0 ? '' : `t${trace}`;
}

/** The rule in a few lines: of all failures that any window showed, each counts once. */
function modelOf(failures: readonly Failure[], cuts: readonly Cut[]) {
  const counted = [...new Set(cuts.flatMap((cut) => shownBy(failures, cut)))];
  const byFingerprint = Map.groupBy(counted, (each) => each.fingerprint);
  const traced = counted.filter(({ trace }) => trace !== 0);
  return {
    incidents: [...byFingerprint]
      .map(([number, ofIncident]) => ({
        fingerprint: fingerprint(number),
        failures: String(ofIncident.length),
        traces: String(new Set(ofIncident.filter(({ trace }) => trace !== 0).map(({ trace }) => trace)).size),
      }))
      .toSorted((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1)),
    traces: [...Map.groupBy(traced, (each) => `${traceName(each)}/${each.fingerprint}`)]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, ofTrace]) => ({ traceId: name.split('/')[0], failures: String(ofTrace.length) })),
    countedOffsets: String(counted.length),
  };
}

async function contents() {
  const incidents = await persister.rows<{ fingerprint: string; failures: string; traces: string }>(
    `select fingerprint, failure_count as failures, trace_count as traces from incidents order by fingerprint collate "C"`,
  );
  const traces = await persister.rows<{ traceId: string; failures: string }>(
    `select trace_id as "traceId", traces.failure_count as failures from traces join incidents on incident_id = id
    order by trace_id collate "C", fingerprint collate "C"`,
  );
  const [counted] = await persister.rows<{ count: string }>(
    `select coalesce(sum(bit_count(counted)), 0)::text as count from counted_blocks`,
  );
  return { incidents, traces, countedOffsets: counted?.count };
}
