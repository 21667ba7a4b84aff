import { expect, test } from '@jest/globals';
import type { AnalysisDetails, IncidentDetails } from '@prodsentinel/database';
import { renderIncidentPage } from '../src/incident-page.ts';

const analysis: AnalysisDetails = {
  id: 'a',
  requestId: 'r',
  requestNumber: 1,
  source: 'rules',
  verdict: 'likely',
  severity: 'high',
  rootCause: 'The pool of inventory ran dry.',
  category: 'pool_exhausted',
  suspectedService: 'inventory',
  confidence: 0.7,
  modelConfidence: null,
  claims: [],
  claimsDropped: 0,
  rejectedAlternatives: [],
  evidence: [],
  timeline: [],
  actions: [],
  model: null,
  promptVersion: null,
  inputTokens: null,
  outputTokens: null,
  dollars: null,
  latencyMs: null,
  modelCalls: 0,
  withoutModel: null,
  createdAt: '2026-11-24T10:00:00Z',
};

function pageOf(changes: Partial<AnalysisDetails>): string {
  const incident: IncidentDetails = {
    id: 'i',
    environment: 'production',
    title: 'PoolExhaustedError in inventory',
    severity: 'high',
    status: 'open',
    services: ['inventory'],
    failureCount: 1,
    traceCount: 1,
    firstSeenAt: '2026-11-24T10:00:00Z',
    lastSeenAt: '2026-11-24T10:00:00Z',
    rootCause: analysis.rootCause,
    category: analysis.category,
    suspectedService: analysis.suspectedService,
    confidence: analysis.confidence,
    verdict: analysis.verdict,
    source: analysis.source,
    evidence: [],
    releases: [],
    fingerprint: 'v1:0',
    fingerprintParts: [],
    signature: [],
    suspects: [],
    evidenceOmitted: 0,
    resolvedAt: null,
    closedAt: null,
    succeedsId: null,
    analysis: { ...analysis, ...changes },
    requests: [],
    events: [],
    traces: [],
  } as unknown as IncidentDetails;
  return renderIncidentPage(incident, { columns: 120, isColourful: false });
}

test('the page of an incident says why no model answered, and what was paid in vain', () => {
  const page = pageOf({
    withoutModel: 'the model gave no usable answer',
    modelCalls: 3,
    inputTokens: 3_000,
    outputTokens: 600,
    dollars: 0.0123,
  });
  expect(page).toContain('by rules, because the model gave no usable answer');
  expect(page).toContain('3 calls of the model: 3000 tokens in, 600 out, $0.0123');
});

test("what a model's answer cost stands beside it, and nothing where nothing was spent", () => {
  const page = pageOf({ source: 'model', model: 'gpt-5-mini', modelCalls: 1, inputTokens: 10 });
  expect(page).toContain('1 call of gpt-5-mini: 10 tokens in, 0 out, $0.0000');
  expect(page).not.toContain('because');
  expect(pageOf({})).not.toMatch(/calls? of/);
});
