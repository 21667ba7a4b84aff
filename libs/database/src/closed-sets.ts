/** The life of a request in the outbox; the database's CHECK constraint follows from here. */
export const requestStates = ['pending', 'frozen', 'published', 'answered', 'failed', 'superseded'] as const;
/**
 * - `pending` will be asked when it is due; what it asks with may still grow
 * - `frozen` its payload is fixed, it may or may not be on the topic yet
 * - `published` acknowledged by Kafka, no result yet
 * - `answered` a result was stored
 * - `failed` published as often as allowed without a result
 * - `superseded` a newer request was frozen before a result came
 */
export type RequestState = (typeof requestStates)[number];

/** What can happen to an incident. */
export const incidentEventKinds = [
  'opened',
  'regressed',
  'succeeded',
  'severity_raised',
  'release_appeared',
  'status_changed',
  'analysis_requested',
  'analysed',
  'analysis_differs',
  'analysis_failed',
  'reduced',
] as const;
/**
 * - `succeeded` a failure after this incident was closed opened a successor, named in the detail
 * - `analysis_differs` a second, different result came for the same request and source: somebody worked (or paid) twice
 * - `reduced` an observation could only be stored with its counts
 */
export type IncidentEventKind = (typeof incidentEventKinds)[number];
