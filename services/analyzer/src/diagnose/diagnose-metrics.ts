import { Counter, Gauge, type Registry } from 'prom-client';

export interface DiagnoseMetrics {
  claim(outcome: 'acquired' | 'taken' | 'sealed' | 'unknown'): void;
  analysis(source: string, verdict: string): void;
  /** Why the rules answered: the part before the colon of a reason, one of a closed list. */
  noModel(reason: string): void;
  call(outcome: string, cost: { readonly tokens: number; readonly dollars: number } | undefined): void;
}

export function createDiagnoseMetrics(registry: Registry): DiagnoseMetrics {
  const counter = (name: string, help: string, ...labelNames: string[]) =>
    new Counter({ name: `prodsentinel_${name}`, help, labelNames, registers: [registry] });
  const claims = counter(
    'diagnose_claims_total',
    'Claims of analysis requests by outcome; sealed: paid for already; unknown: Redis did not answer',
    'outcome',
  );
  const analyses = counter('analyses_published_total', 'Analyses acknowledged by Kafka', 'source', 'verdict');
  const byRules = counter('diagnose_without_model_total', 'Requests answered by rules, by why', 'reason');
  const calls = counter('model_calls_total', 'Calls of the model by outcome', 'outcome');
  const tokens = counter('model_tokens_total', 'Tokens of charged calls, both ways');
  const dollars = counter('model_dollars_total', 'Dollars of charged calls, by the price file');
  const usable = new Gauge({
    name: 'prodsentinel_model_usable',
    help: '0 when the last call of the model gave no usable answer; absent before the first',
    labelNames: [],
    registers: [registry],
  });
  usable.remove();
  return {
    claim: (outcome) => claims.inc({ outcome }),
    analysis: (source, verdict) => analyses.inc({ source, verdict }),
    noModel: (reason) => byRules.inc({ reason }),
    call: (outcome, cost) => {
      calls.inc({ outcome });
      tokens.inc(cost?.tokens ?? 0);
      dollars.inc(cost?.dollars ?? 0);
      usable.set(outcome === 'answered' ? 1 : 0);
    },
  };
}
