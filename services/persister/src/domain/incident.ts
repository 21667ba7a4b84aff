import type {
  EvidenceSignal,
  FingerprintPart,
  IncidentStatus,
  Severity,
  Suspect,
  TemplateCount,
} from '@prodsentinel/contracts';

/** What deciding needs of an incident. Times in microseconds since 1970; of failures by Kafka's clock. */
export interface Incident {
  readonly id: string;
  readonly environment: string;
  readonly title: string;
  readonly severity: Severity;
  /** The deterministic part of the severity: a model may raise the incident one step above it. */
  readonly observedSeverity: Severity;
  readonly status: IncidentStatus;
  readonly services: readonly string[];
  readonly releases: readonly string[];
  readonly signature: readonly TemplateCount[];
  readonly fingerprint: string;
  readonly fingerprintParts: readonly FingerprintPart[];
  readonly exemplarSeverity: Severity;
  /** Templates the incident had when its exemplar was chosen; 0: none yet. */
  readonly exemplarTemplates: number;
  readonly failureCount: number;
  readonly traceCount: number;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  readonly resolvedAt: number | null;
  readonly closedAt: number | null;
  readonly succeedsId: string | null;
  readonly originService: string;
  /** Append hour of the failure that opened it. */
  readonly openedHour: number;
  readonly isOverflow: boolean;
  /** Present when it was chosen anew: what is stored stays otherwise. */
  readonly exemplar?: Exemplar;
}

/** The signals that show an incident best, and who is suspected. */
export interface Exemplar {
  readonly evidence: readonly EvidenceSignal[];
  readonly evidenceOmitted: number;
  readonly suspects: readonly Suspect[];
}

/** The bounds of what an incident accumulates; what comes beyond is not remembered. */
export const incidentBounds = { services: 50, releases: 100, templates: 200 } as const;
