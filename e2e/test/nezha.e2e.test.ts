import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
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

    test('the same file again changes no count', async () => {
      const before = await whole.totals();
      await whole.replay(file);
      await whole.settled();
      expect(await whole.totals()).toEqual(before);
    });
  },
);
