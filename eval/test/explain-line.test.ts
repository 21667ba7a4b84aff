import { expect, test } from '@jest/globals';
import { fingerprintVersions } from '@prodsentinel/analyzer';
import { explainLine } from '../src/explain-record.ts';
import { readInput } from '../src/read-input.ts';
import { gzipSync } from 'node:zlib';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const explain = (text: string) => explainLine({ number: 7, bytes: Buffer.from(text) }, new Set());

test('a failure signal is explained by its fingerprint, its parts, its template and what was redacted', () => {
  const explanation = explain('{"service":"pay","message":"charge 42 failed, token=abcdef123456"}');
  expect(explanation).toMatchObject({
    line: 7,
    version: 'v1',
    template: 'charge <*> failed, token=[redacted:token]',
    message: 'charge 42 failed, token=[redacted:token]',
    redactions: [{ kind: 'token', count: 1 }],
  });
  expect(explanation).toHaveProperty('fingerprint', expect.stringMatching(/^v1:[0-9a-f]{32}$/));
  expect(explanation).toHaveProperty(
    'parts',
    expect.arrayContaining([
      expect.objectContaining({ kind: 'service', value: 'pay', why: expect.any(String) }),
    ]),
  );
});

test('the fingerprint by the version before is shown where there is one', () => {
  const text = '{"message":"charge 42 failed"}';
  const { current: previous } = fingerprintVersions;
  const fingerprint = `v2:${'0'.repeat(32)}`;
  const current = { ...previous, version: 'v2', fingerprintOf: () => ({ fingerprint, parts: [] }) };
  const line = { number: 7, bytes: Buffer.from(text) };
  const before = explain(text);
  expect(before).not.toHaveProperty('previousFingerprint');
  expect(explainLine(line, new Set(), { current, previous })).toMatchObject({
    fingerprint,
    version: 'v2',
    previousFingerprint: 'fingerprint' in before && before.fingerprint,
  });
});

test('a log line of a data set and the failure signal that it stands for have one fingerprint', () => {
  const line = explain('{"timeUnixNano":"1","service":"pay","level":"ERROR","message":"charge 1 failed"}');
  const signal = explain('{"service":"pay","severityNumber":17,"message":"charge 2 failed"}');
  expect('fingerprint' in line && line.fingerprint).toBe('fingerprint' in signal && signal.fingerprint);
});

test('what is no record is an error that does not quote it', () => {
  expect(explain('password=hunter2')).toEqual({ line: 7, error: 'not JSON' });
  expect(explain('[1]')).toEqual({ line: 7, error: expect.stringContaining('expected a JSON object') });
  const typed = explain('{"severityNumber":"s3cret-value"}');
  expect(typed).toEqual({ line: 7, error: expect.stringContaining('severityNumber') });
  expect(JSON.stringify(typed)).not.toContain('s3cret-value');
  expect(explainLine({ number: 1, bytes: undefined }, new Set())).toHaveProperty('error');
});

test('a gzipped file and a plain one give the same lines, with and without a line feed at the end', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'prodsentinel-explain-'));
  try {
    for (const [name, content] of [
      ['plain', Buffer.from('one\n\nthree')],
      ['zipped', gzipSync('one\n\nthree\n')],
    ] as const) {
      await writeFile(join(folder, name), content);
      const lines: string[] = [];
      for await (const { number, bytes } of readInput(join(folder, name)))
        lines.push(`${number} ${bytes?.toString() ?? 'too long'}`);
      expect(lines).toEqual(['1 one', '2 ', '3 three']);
    }
    await expect(readInput(join(folder, 'none')).next()).rejects.toThrow(/cannot read .*none/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
