import type { IncidentSummary } from '@prodsentinel/database';

/** What a line of an incident table shows. */
export interface IncidentRow extends Pick<
  IncidentSummary,
  | 'id'
  | 'severity'
  | 'status'
  | 'title'
  | 'services'
  | 'failureCount'
  | 'traceCount'
  | 'rootCause'
  | 'verdict'
  | 'source'
> {
  /** The most telling message, where it was read. */
  readonly evidence?: ShownEvidence | undefined;
}

export interface ShownEvidence {
  readonly service: string;
  readonly message: string;
}
