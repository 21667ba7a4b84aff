import { describe, expect, jest, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { takeIn } from '../../../src/domain/observe/intake.ts';
import { failure } from './signals.ts';

const file = new URL(
  '../../../../../../shared/datasets/nezha-trainticket/2023-01-29.logs.ndjson.gz',
  import.meta.url,
);
const testOnData = existsSync(file) ? test : test.skip;
const reason = existsSync(file) ? '' : ' (skipped: ../shared/datasets/nezha-trainticket is absent)';

// Reading 172,722 lines takes a while on a busy machine.
jest.setTimeout(120_000);

interface NezhaLine {
  service: string;
  level: string;
  traceId: string;
  spanId: string;
  message: string;
  timeUnixNano: number;
}

function readLines(): NezhaLine[] {
  return gunzipSync(readFileSync(file))
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as NezhaLine);
}

function takeLine(
  { service, traceId, spanId, message, timeUnixNano }: NezhaLine,
  knownServices: ReadonlySet<string>,
) {
  const position = { partition: 0, offset: 0, appendedAtMs: 0 };
  const value = failure({ service, traceId, spanId, message, occurredAt: Math.floor(timeUnixNano / 1000) });
  const intake = takeIn(value, position, { knownServices });
  if (intake.kind !== 'failure') throw new Error('an ERROR is no failure');
  return intake.signal;
}

describe('the intake of a day of TrainTicket', () => {
  testOnData(`makes at most 46 problems of its 1,332 ERROR lines and mixes no dependencies${reason}`, () => {
    const errors = readLines().filter(({ level }) => level === 'ERROR');
    const dependencies = new Map<string, Set<string>>();
    for (const line of errors) {
      const { fingerprint } = takeLine(line, new Set());
      const failing = dependencies.get(fingerprint) ?? new Set();
      failing.add(/No instances available for ([a-z0-9-]+)/.exec(line.message)?.[1] ?? '');
      dependencies.set(fingerprint, failing);
    }
    expect(errors).toHaveLength(1_332);
    expect(dependencies.size).toBeLessThanOrEqual(46);
    expect(dependencies.size).toBeGreaterThanOrEqual(18);
    expect([...dependencies.values()].filter(({ size }) => size > 1)).toEqual([]);
  });

  testOnData(`lets no JSON Web Token through${reason}`, () => {
    const withToken = readLines().filter(({ message }) => message.includes('eyJ'));
    expect(withToken.length).toBeGreaterThan(300);
    const leaking = withToken.filter((line) => JSON.stringify(takeLine(line, new Set())).includes('eyJ'));
    expect(leaking).toEqual([]);
  });
});
