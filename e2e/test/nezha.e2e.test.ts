import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { readTopic } from '@prodsentinel/messaging';
import { startWholeSystem, type WholeSystem } from './whole-system.ts';

jest.setTimeout(300_000);

const file = join(
  import.meta.dirname,
  '../../../shared/datasets/nezha-trainticket/2023-01-29.logs.ndjson.gz',
);
const isHere = existsSync(file);

// A user's checkout has no data set: the tests are skipped there, and say so by their names.
const describeWithData = isHere ? describe : describe.skip;

describeWithData(
  `a real day of failures${isHere ? '' : ' (skipped: the Nezha data set is not beside this checkout)'}`,
  () => {
    let whole: WholeSystem;

    beforeAll(async () => {
      whole = await startWholeSystem();
    });

    afterAll(() => whole?.stop());

    test('every failure counts once and every failing trace is linked, although both stages are killed on the way', async () => {
      const replayed = whole.replay(file);
      await whole.untilTrue('select coalesce(sum(failure_count), 0) > 100 from incidents');
      await whole.system.services.analyzer[0]!.kill('SIGKILL');
      await whole.system.startService('analyzer');
      await whole.untilTrue('select coalesce(sum(failure_count), 0) > 300 from incidents');
      await whole.system.services.persister[0]!.kill('SIGKILL');
      await whole.system.startService('persister');
      await replayed;
      await whole.settled();
      const totals = await whole.totals();
      expect(totals).toMatchObject({ failures: 1332, traces: 1200, doubleAnalyses: 0, deadLetters: 0 });
      expect(totals.incidents).toBeLessThanOrEqual(60);
      expect(totals.analyses).toBe(totals.incidents);
    });

    test('no JSON Web Token of the day is in the database or in any topic but failures', async () => {
      // A token's header, whose first bytes always are {" in base64: the masked word itself may stay.
      const token = /eyJ[\w-]{10,}/;
      for (const topic of ['observations', 'analysis-requests', 'analyses']) {
        const records = await readTopic(whole.connection, topic, { maxRecords: 100_000 });
        expect(records.length).toBeGreaterThan(0);
        const leaking = records.filter(({ value }) => token.test(value?.toString('latin1') ?? ''));
        expect({ topic, leaking: leaking.length }).toEqual({ topic, leaking: 0 });
      }
      const tables = await whole.database.query<{ name: string }>(
        `select quote_ident(table_name) as name from information_schema.tables where table_schema = 'public'`,
      );
      expect(tables.length).toBeGreaterThan(5);
      for (const { name } of tables) {
        const [row] = await whole.database.query<{ leaking: string }>(
          `select count(*) as leaking from ${name} as t where t::text ~ 'eyJ[A-Za-z0-9_-]{10,}'`,
        );
        expect({ name, leaking: row?.leaking }).toEqual({ name, leaking: '0' });
      }
    });

    test('nor in what the services logged', () => {
      const { ingest, analyzer, persister } = whole.system.services;
      const lines = [...ingest, ...analyzer, ...persister].flatMap((service) => service.lastLines());
      expect(lines.length).toBeGreaterThan(0);
      expect(lines.filter((line) => /eyJ[\w-]{10,}/.test(line))).toEqual([]);
    });

    test('the same file again changes no count', async () => {
      const before = await whole.totals();
      await whole.replay(file);
      await whole.settled();
      expect(await whole.totals()).toEqual(before);
    });
  },
);
