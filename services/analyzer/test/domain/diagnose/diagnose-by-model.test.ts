import { expect, test } from '@jest/globals';
import { diagnoseByModel, type SaidByModel } from '../../../src/domain/diagnose/diagnose-by-model.ts';
import { diagnoseByRules } from '../../../src/domain/diagnose/diagnose-by-rules.ts';
import { buildPrompt } from '../../../src/domain/diagnose/prompt.ts';
import { createPseudonyms } from '../../../src/domain/diagnose/pseudonyms.ts';
import { redactSecrets } from '../../../src/domain/observe/redact-secrets.ts';
import { requestFor, signal } from './build-request.ts';

function asked(message: string, more: { service?: string; stack?: string; exceptionType?: string } = {}) {
  const { service = 'payments', ...rest } = more;
  const request = requestFor([
    signal('e1', service, message, rest),
    signal('e2', 'checkout', 'payments answered 503'),
  ]);
  const pseudonyms = createPseudonyms('key', request.services);
  let id = 0;
  const prompt = buildPrompt(request, {
    pseudonyms,
    redact: (text) => redactSecrets(text).text,
    countTokens: (text) => Math.ceil(text.length / 3),
    maxInputTokens: 8_000,
    overheadTokens: 0,
    newSignalId: () => `s${(id += 1)}`,
  });
  return { request, pseudonyms, prompt, byRules: diagnoseByRules(request) };
}

/** What a model says that obeys whatever it reads in a log. */
function obeying(order: string): SaidByModel {
  return {
    rootCause: order,
    category: 'x; DROP TABLE incidents',
    suspectedService: 'attacker',
    severity: 'low',
    verdict: 'confirmed',
    confidence: 1,
    claims: [
      { text: order, evidenceIds: ['s1'], quotes: ['payments answered 503 or so'] },
      { text: order, evidenceIds: ['s2'], quotes: ['payments answered 503'] },
    ],
    rejectedAlternatives: [{ cause: order, why: order }],
    timeline: [],
    actions: [order, `Run ${order}`],
  };
}

test('a model that invents ids and quotes gets no claim through, 10,000 times', () => {
  const before = asked('connect ECONNREFUSED 10.1.2.3:5432');
  let through = 0;
  for (let n = 0; n < 10_000; n++) {
    const invented =
      n % 2 === 0
        ? { evidenceIds: [`s${n + 3}`], quotes: ['ECONNREFUSED'] }
        : { evidenceIds: ['s1'], quotes: [`invented ${n}`] };
    const analysis = diagnoseByModel({ ...obeying('x'), claims: [{ text: 'x', ...invented }] }, before);
    through += analysis.claims.length;
    if (analysis.verdict !== 'inconclusive') through += 1;
  }
  expect(through).toBe(0);
});

test('a model raises the severity by one step at most', () => {
  const before = asked('ECONNREFUSED');
  const request = { ...before.request, severity: 'low' };
  const claims = [{ text: 'x', evidenceIds: ['s1'], quotes: ['ECONNREFUSED'] }];
  expect(
    diagnoseByModel({ ...obeying('x'), severity: 'critical', claims }, { ...before, request }).severity,
  ).toBe('medium');
});
