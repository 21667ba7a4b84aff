/**
 * Every closed set of the product, once. The database's CHECK constraints, the schemas' readers and the compiler follow
 * from here; a test fails where they drift. On the wire they are strings: an unknown one reads as the named fallback, so
 * that an old reader survives a new writer.
 */
function closedSet<const Values extends readonly string[]>(values: Values, fallback: Values[number]) {
  const known = new Set<string>(values);
  return {
    values,
    fallback,
    has: (text: string): text is Values[number] => known.has(text),
    /** The value itself when it is known, else the fallback. */
    read: (text: string): Values[number] => (known.has(text) ? text : fallback),
  };
}

/** From harmless to worst: the order is the ranking. */
export const severities = closedSet(['low', 'medium', 'high', 'critical'], 'medium');
export type Severity = (typeof severities.values)[number];

export const incidentStatuses = closedSet(['open', 'investigating', 'resolved', 'closed'], 'open');
export type IncidentStatus = (typeof incidentStatuses.values)[number];

export const verdicts = closedSet(['confirmed', 'likely', 'inconclusive'], 'inconclusive');
export type Verdict = (typeof verdicts.values)[number];

export const analysisSources = closedSet(['model', 'rules'], 'rules');
export type AnalysisSource = (typeof analysisSources.values)[number];

export const analysisReasons = closedSet(
  ['first', 'templates_doubled', 'new_release', 'failures_tenfold', 'human', 'model_back'],
  'human',
);
export type AnalysisReason = (typeof analysisReasons.values)[number];

export const signalKinds = closedSet(['log', 'span', 'metric'], 'log');
export type SignalKind = (typeof signalKinds.values)[number];

export const spanStatuses = closedSet(['unset', 'ok', 'error'], 'unset');
export type SpanStatus = (typeof spanStatuses.values)[number];

/** The higher of two severities. */
export function worseSeverity(a: Severity, b: Severity): Severity {
  return severities.values.indexOf(a) >= severities.values.indexOf(b) ? a : b;
}
