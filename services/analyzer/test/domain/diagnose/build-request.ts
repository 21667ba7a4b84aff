import { emptyRecord, type AnalysisRequested, type EvidenceSignal } from '@prodsentinel/contracts';

/** 2026-11-24T10:00:00Z in microseconds. */
export const tenOClock = Date.UTC(2026, 10, 24, 10) * 1000;

/** One failure signal as evidence. */
export function signal(
  evidenceId: string,
  service: string,
  message: string,
  more: Partial<EvidenceSignal> = {},
): EvidenceSignal {
  return {
    evidenceId,
    service,
    message,
    traceId: 't1',
    spanId: null,
    kind: 'log',
    severityText: 'ERROR',
    exceptionType: null,
    stack: null,
    release: null,
    partition: 0,
    offset: 1,
    occurredAt: tenOClock,
    ...more,
  };
}

/** A request about this evidence: the first signal's template leads the suspects, each template was seen ten times. */
export function requestFor(
  evidence: EvidenceSignal[],
  more: Partial<AnalysisRequested> = {},
): AnalysisRequested {
  const templates = evidence.map(({ service, message }) => ({
    service,
    template: message.slice(0, 500).replaceAll(/\S*\d\S*/g, '<*>'),
  }));
  return {
    ...emptyRecord('analysis-requests'),
    requestId: 'request-1',
    incidentId: 'incident-1',
    requestNumber: 3,
    environment: 'production',
    severity: 'high',
    services: [...new Set(evidence.map(({ service }) => service))],
    evidence,
    signature: templates.map((each) => ({ ...each, count: 10 })),
    suspects: templates.map((each, rank) => ({ ...each, score: 1 / (rank + 1), why: '' })),
    failureCount: 412,
    traceCount: 97,
    firstSeenAt: tenOClock,
    lastSeenAt: tenOClock + 60_000_000,
    ...more,
  };
}
