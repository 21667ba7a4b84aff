import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseItems } from '../src/http/parse-items.ts';
import { HttpProblem } from '../src/http/problem.ts';

const limits = { maxItems: 1000, maxItemBytes: 1_000_000, maxDepth: 1000 };

const plainJson = fc.jsonValue({ maxDepth: 4 });

describe('cutting and parsing', () => {
  test('gives the items that JSON.parse gives, however the text is laid out', () => {
    fc.assert(
      fc.property(fc.array(plainJson), fc.constantFrom('', ' ', '\n\t'), (items, indent) => {
        const text = JSON.stringify(items, null, indent);
        expect(itemsOf(text)).toEqual(JSON.parse(text, asTextWhereUnsafe));
      }),
      { seed: 6, numRuns: 300 },
    );
  });

  test('finds the end of every text, long or short, whatever is escaped in it, and every number beside it', () => {
    const piece = fc.constantFrom(
      '"',
      '\\',
      '\n',
      'a',
      ',',
      ']',
      '}',
      '\u{1f600}',
      'x'.repeat(30),
      '\\"'.repeat(20),
    );
    const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
    // As written, and as it is kept.
    const number = fc.constantFrom<[string, string | number]>(
      ['1', 1],
      ['-1.5', -1.5],
      ['1e-7', 1e-7],
      ['9007199254740993', '9007199254740993'],
      ['12345678901234567890', '12345678901234567890'],
      ['1e400', '1e400'],
      ['-2.5E+400', '-2.5E+400'],
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(text, number), { minLength: 1 }), fc.boolean(), (pairs, isArray) => {
        const bodies = pairs.map(([each, [n]]) => `{"a":[${n},${JSON.stringify(each)}]}`);
        const kept = pairs.map(([each, [, n]]) => ({ a: [n, each] }));
        const body = isArray ? `[${bodies.join()}]` : bodies[0]!;
        expect(itemsOf(body)).toEqual(isArray ? kept : kept.slice(0, 1));
      }),
      { seed: 6, numRuns: 1000 },
    );
  });

  test('refuses exactly what JSON.parse refuses, at a place inside the text', () => {
    const scraps = fc.array(
      fc.constantFrom(
        '[',
        ']',
        '{',
        '}',
        ',',
        ':',
        '"',
        '\\',
        'a',
        '1',
        '-',
        '.',
        'e',
        'true',
        ' ',
        '\n',
        '\u0001',
        '"a":',
      ),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(
        scraps.map((parts) => parts.join('')),
        fc.constantFrom('', '[', '{"a":'),
        (scrap, head) => {
          const text = head + scrap;
          if (text.trim() === '') return;
          const problem = problemOf(text);
          expect(problem === undefined).toBe(isJson(text));
          const place = problem?.details.members?.['place'] as { offset: number } | undefined;
          if (place) expect(place.offset).toBeLessThanOrEqual(Buffer.byteLength(text));
          if (place && place.offset > 0) expect(canGoOn(text.slice(0, place.offset))).toBe(true);
        },
      ),
      { seed: 6, numRuns: 5000 },
    );
  });
});

function itemsOf(text: string): unknown[] {
  return [...parseItems(Buffer.from(text), 'json', limits)].map((item) =>
    item.kind === 'parsed' ? item.json : item,
  );
}

function asTextWhereUnsafe(_key: string, value: unknown): unknown {
  const isUnsafe = Number.isInteger(value) && !Number.isSafeInteger(value) && /^-?\d+$/.test(String(value));
  return isUnsafe ? String(value) : value;
}

function problemOf(text: string): HttpProblem | undefined {
  try {
    itemsOf(text);
    return undefined;
  } catch (error) {
    if (error instanceof HttpProblem) return error;
    throw error;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether the text before the place is not itself at fault: the place is never too late. */
function canGoOn(prefix: string): boolean {
  const problem = problemOf(prefix);
  const place = problem?.details.members?.['place'] as { offset: number } | undefined;
  return problem === undefined || place === undefined || place.offset >= Buffer.byteLength(prefix.trimEnd());
}
