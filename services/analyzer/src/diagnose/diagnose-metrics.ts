import { Counter, type Registry } from 'prom-client';

export interface DiagnoseMetrics {
  claim(outcome: 'acquired' | 'taken' | 'unknown'): void;
  analysis(source: string, verdict: string): void;
}

export function createDiagnoseMetrics(registry: Registry): DiagnoseMetrics {
  const claims = new Counter({
    name: 'prodsentinel_diagnose_claims_total',
    help: 'Claims of analysis requests by outcome; unknown: Redis did not answer',
    labelNames: ['outcome'],
    registers: [registry],
  });
  const analyses = new Counter({
    name: 'prodsentinel_analyses_published_total',
    help: 'Analyses acknowledged by Kafka',
    labelNames: ['source', 'verdict'],
    registers: [registry],
  });
  return {
    claim: (outcome) => claims.inc({ outcome }),
    analysis: (source, verdict) => analyses.inc({ source, verdict }),
  };
}
