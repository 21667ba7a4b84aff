import { expect, test } from '@jest/globals';
import { countModelTokens } from '../../../src/adapters/token-counter.ts';
import { buildPrompt, instructions } from '../../../src/domain/diagnose/prompt.ts';
import { createPseudonyms } from '../../../src/domain/diagnose/pseudonyms.ts';
import { redactSecrets } from '../../../src/domain/observe/redact-secrets.ts';
import { requestFor, signal } from './build-request.ts';

function promptOf(request: ReturnType<typeof requestFor>, maxInputTokens: number) {
  let id = 0;
  const prompt = buildPrompt(request, {
    pseudonyms: createPseudonyms('key', request.services),
    redact: (text) => redactSecrets(text).text,
    countTokens: countModelTokens,
    maxInputTokens,
    overheadTokens: 300,
    newSignalId: () => `s${(id += 1)}`,
  });
  const data = JSON.parse(prompt.text) as { signals: { message: string }[]; signalsCut: number };
  return { prompt, data };
}

const many = Array.from({ length: 60 }, (_, n) =>
  signal(`e${n}`, 'payments', `failure number ${n} of many: ${'the pool ran dry '.repeat(n % 7)}`),
);

test.each([1_000, 2_000, 3_000])(
  'a question stays within %d tokens, most telling first, and says how many signals were cut',
  (maxInputTokens) => {
    const { prompt, data } = promptOf({ ...requestFor(many), evidenceOmitted: 5 }, maxInputTokens);
    const counted = countModelTokens(instructions) + countModelTokens(prompt.text) + 300;
    expect(counted).toBeLessThanOrEqual(maxInputTokens);
    expect(prompt.tokens).toBeGreaterThanOrEqual(counted);
    expect(prompt.tokens).toBeLessThanOrEqual(maxInputTokens);
    expect(data.signals.length).toBeGreaterThan(0);
    expect(data.signals[0]!.message).toContain('number 0');
    expect(data.signalsCut).toBe(60 - data.signals.length + 5);
    expect(prompt.sent.size).toBe(data.signals.length);
  },
);

test('a signal that is too large for what is left leaves its place to smaller ones', () => {
  const huge = signal('e1', 'payments', 'x', { stack: 'at some.where.over.the.rainbow() '.repeat(90) });
  const { data } = promptOf(requestFor([huge, signal('e2', 'payments', 'small')]), 1_000);
  expect(data.signals.map(({ message }) => message)).toEqual(['small']);
  expect(data.signalsCut).toBe(1);
});

test('what could hide from a person is shown as an escape: directions, zero widths, controls', () => {
  const { prompt, data } = promptOf(requestFor([signal('e1', 'payments', 'a\u202eb\u200bc\u0085d')]), 3_000);
  expect(prompt.text).not.toMatch(/[\u0080-\u009f\u200b\u202e]/);
  expect(data.signals[0]!.message).toBe('a\u202eb\u200bc\u0085d');
});
