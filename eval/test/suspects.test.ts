import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, jest, test } from '@jest/globals';
import { runSuspects } from '../src/suspects.ts';

jest.setTimeout(120_000);

const folder = fileURLToPath(new URL('../../../shared/datasets/nezha-trainticket/', import.meta.url));
const isHere = existsSync(folder);
const testOnData = isHere ? test : test.skip;

// A user's checkout has no data set: the test is skipped there, and says so by its name.
testOnData(
  `the injected service is the first suspect of 14 of 24 code faults and of 3 of 4 infrastructure faults${isHere ? '' : ' (skipped: the Nezha data set is not beside this checkout)'}`,
  async () => {
    const lines: string[] = [];
    const day = `${folder}2023-01-29`;
    await runSuspects(
      {
        logs: `${day}.logs.ndjson.gz`,
        spans: `${day}.spans.ndjson.gz`,
        historyLogs: `${day}.fault-free.logs.ndjson.gz`,
        historySpans: `${day}.fault-free.spans.ndjson.gz`,
        faults: `${day}.faults.json`,
        json: true,
      },
      { out: (line) => lines.push(line) },
    );
    expect(lines).toHaveLength(29);
    const { all, code, infrastructure } = JSON.parse(lines.at(-1) ?? '') as Record<
      string,
      { faults: number; at1: number; at3: number }
    >;
    expect(all?.faults).toBe(28);
    expect(code?.faults).toBe(24);
    expect(code?.at1).toBeGreaterThanOrEqual(14 / 24);
    expect(infrastructure?.at1).toBeGreaterThanOrEqual(3 / 4);
    expect(infrastructure?.at3).toBe(1);
  },
);
