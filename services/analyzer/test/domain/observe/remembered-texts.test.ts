import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseStack } from '../../../src/domain/observe/parse-stack.ts';
import { redactSecrets, redactWhole } from '../../../src/domain/observe/redact-secrets.ts';
import { TextMemory } from '../../../src/domain/observe/text-memory.ts';

const pieces = [
  'password=hunter2hunter2',
  '{"name":"password",',
  '"value":"hunter2"}',
  '<name>',
  '<value>hunter2</value>',
  '-----BEGIN RSA PRIVATE KEY-----',
  '-----END RSA PRIVATE KEY-----',
  'MIIEowIBAAKCAQEA1',
  '%',
  '%20',
  'XeyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc',
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc',
  'ghp_0123456789abcdefghij0123456789',
  'Xghp_0123456789abcdefghij0123456789',
  'AKIAIOSFODNN7EXAMPLE',
  'Authorization: Basic ',
  'Bearer abc123def456',
  '--password ',
  'hunter2',
  'token:',
  'cookie: a=b; c=d',
  '4111 1111 1111 1111',
  'postgres://u:p@ss@db:5432/x',
  'a plain line that says nothing, '.repeat(8),
  'at com.shop.Orders.place(Orders.java:12)',
  'é—👩',
];
const line = fc.array(fc.constantFrom(...pieces), { maxLength: 3 }).map((each) => each.join(' '));
const glued = fc.array(fc.constantFrom(...pieces), { maxLength: 3 }).map((each) => each.join(''));
const text = fc.array(fc.oneof(line, glued), { minLength: 3, maxLength: 9 }).map((lines) => lines.join('\n'));

/** Lines that go together, what becomes of them, and what is removed, each in words of its own. */
const blocks: readonly { readonly given: string; readonly expected: string; readonly kind?: string }[] = [
  {
    given: 'a plain line that says nothing, '.repeat(4),
    expected: 'a plain line that says nothing, '.repeat(4),
  },
  {
    given: '\tat com.shop.Orders.place(Orders.java:12)',
    expected: '\tat com.shop.Orders.place(Orders.java:12)',
  },
  { given: '100 %', expected: '100 %' },
  { given: '', expected: '' },
  {
    given: 'login password=hunter2 failed',
    expected: 'login password=[redacted:password] failed',
    kind: 'password',
  },
  {
    given: 'with ghp_0123456789abcdefghij0123456789 refused',
    expected: 'with [redacted:github_token] refused',
    kind: 'github_token',
  },
  { given: 'key AKIAIOSFODNN7EXAMPLE', expected: 'key [redacted:aws_access_key]', kind: 'aws_access_key' },
  // What reaches over the end of a line.
  {
    given: '-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA1\n-----END RSA PRIVATE KEY-----',
    expected: '[redacted:private_key]',
    kind: 'private_key',
  },
  {
    given: '{"name":"password",\n"value":"hunter2"}',
    expected: '{"name":"password",\n"value":"[redacted:password]"}',
    kind: 'password',
  },
  {
    given: '50%\n2ghp_0123456789abcdefghij0123456789',
    expected: '50%\n2[redacted:github_token]',
    kind: 'github_token',
  },
];

describe('what is remembered of texts', () => {
  test('changes no redaction: each block of lines becomes what it has to, whatever stands around it, the first time and again', () => {
    const several = fc.array(fc.constantFrom(...blocks), { minLength: 3, maxLength: 9 });
    fc.assert(
      fc.property(several, (chosen) => {
        const text = chosen.map(({ given }) => given).join('\n');
        const counts: Record<string, number> = {};
        for (const { kind } of chosen) if (kind !== undefined) counts[kind] = (counts[kind] ?? 0) + 1;
        for (let time = 0; time < 2; time++) {
          redactSecrets('something else');
          redactSecrets('and another');
          expect(redactSecrets(text)).toEqual({
            text: chosen.map(({ expected }) => expected).join('\n'),
            counts,
          });
        }
      }),
      { numRuns: 3_000 },
    );
  });

  test('cuts no secret in two: looked up in parts or scanned whole is the same, also where lines are glued', () => {
    fc.assert(
      fc.property(text, (each) => {
        const whole = redactWhole(each);
        for (let time = 0; time < 2; time++) {
          redactSecrets('something else');
          expect(redactSecrets(each)).toEqual(whole);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  test('changes no frames: the same stack behind another message, and again, is read the same', () => {
    const frames = Array.from({ length: 5 }, (_, i) => `\tat com.shop.Orders.step${i}(Orders.java:${i})`);
    const read = (n: number) => parseStack([`com.shop.OrderException: order ${n}`, ...frames].join('\n'));
    expect(read(2)).toEqual([{ ...read(1)[0], message: 'order 2' }]);
    expect(read(1)[0]!.frames.map((frame) => frame.function)).toEqual([
      'step0',
      'step1',
      'step2',
      'step3',
      'step4',
    ]);
    const withCause = [
      `com.shop.OrderException: order 1`,
      ...frames,
      'Caused by: java.io.IOException: gone',
      ...frames,
    ];
    for (let time = 0; time < 2; time++) {
      const chain = parseStack(withCause.join('\n'));
      expect(chain.map(({ type, frames: read }) => [type, read.length])).toEqual([
        ['com.shop.OrderException', 5],
        ['java.io.IOException', 5],
      ]);
    }
  });

  test('changes no chain of exceptions: looked up or read line by line is the same', () => {
    const pieces = [
      'Traceback (most recent call last):',
      '  File "/app/orders/views.py", line 5, in place',
      '    charge(order)',
      '  File "/usr/lib/python3.12/site-packages/x.py", line 9, in call',
      'orders.errors.OrderFailed: order 7',
      'ValueError: bad',
      'During handling of the above exception, another exception occurred:',
      'com.shop.OrderException: order 1',
      '\tat com.shop.Orders.place(Orders.java:12)',
      'Caused by: java.io.IOException: gone',
      'Suppressed: java.io.IOException: gone',
      'main.handle(0x1, 0x2)',
      '\t/srv/app/main.go:42 +0x1d',
      "/app/x.rb:10:in 'run': message (NoMethodError)",
      '',
    ];
    const lines = fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 9 });
    const trace = fc
      .tuple(fc.constantFrom(...pieces), lines)
      .map(([first, rest]) => [first, ...rest].join('\n'));
    fc.assert(
      fc.property(trace, (text) => {
        // Behind an empty first line nothing is looked up.
        const read = parseStack(`\n${text}`);
        for (let time = 0; time < 2; time++) expect(parseStack(text)).toEqual(read);
      }),
      { numRuns: 5_000 },
    );
  });

  test('tells texts apart that agree in most characters, and remembers only some of them', () => {
    const memory = new TextMemory<number>(1_000_000);
    // One character of 1,000 differs, and seldom one of those by which texts are found.
    const alike = Array.from({ length: 200 }, (_, n) => `${'a'.repeat(n + 300)}b${'a'.repeat(699 - n)}`);
    for (const [n, text] of alike.entries()) memory.set(text, n);
    const found = alike.map((text) => memory.get(text));
    for (const [n, value] of found.entries()) expect([n, undefined]).toContain(value);
    expect(found.at(-1)).toBe(199);
  });

  test('is bounded, and what is asked for again and again stays', () => {
    const memory = new TextMemory<number>(100);
    memory.set('kept', 1);
    for (let n = 0; n < 1_000; n++) {
      memory.set(`text ${String(n).padStart(5, '0')}`, n);
      expect(memory.get('kept')).toBe(1);
    }
    const remembered = Array.from({ length: 1_000 }, (_, n) =>
      memory.get(`text ${String(n).padStart(5, '0')}`),
    );
    expect(remembered.filter((each) => each !== undefined).length).toBeLessThanOrEqual(10);
    expect(remembered.at(-1)).toBe(999);
  });
});
