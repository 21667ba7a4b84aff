// Generated from schemas/*.avsc by `npm run contracts:generate`. Do not edit.
/** Microseconds since 1970-01-01T00:00Z, a whole number. */
export type TimestampMicros = number;

/** A statement and what shows it. */
export interface Claim {
  text: string;
  /** Ids of the evidence below. */
  evidenceIds: string[];
  /** Each a substring of that evidence. */
  quotes: string[];
}

/** A cause that was considered and ruled out. */
export interface RejectedAlternative {
  cause: string;
  why: string;
}

/** One signal shown as evidence, secrets removed. */
export interface EvidenceSignal {
  /** Stable within one request: claims cite it. */
  evidenceId: string;
  service: string;
  traceId: null | string;
  spanId: null | string;
  kind: string;
  severityText: string;
  /** Redacted, capped. */
  message: string;
  exceptionType: null | string;
  /** Redacted, capped. */
  stack: null | string;
  release: null | string;
  /** Partition of `failures` that holds the record. */
  partition: number;
  /** Its offset there. */
  offset: number;
  /** By the producer's clock. */
  occurredAt: null | TimestampMicros;
}

/** What happened when. */
export interface TimelineEntry {
  at: null | TimestampMicros;
  what: string;
}

/** The answer to one request. */
export interface AnalysisCompleted {
  requestId: string;
  /** The record's key. */
  incidentId: string;
  requestNumber: number;
  /** model or rules; anything else reads as rules. */
  source: string;
  /** confirmed, likely or inconclusive; anything else reads as inconclusive. */
  verdict: string;
  /** The sentence an engineer reads first. */
  rootCause: string;
  /** What kind of cause, for example connection_refused. */
  category: string;
  suspectedService: null | string;
  severity: string;
  /** Between 0 and 1, computed from the surviving evidence. */
  confidence: number;
  /** What the model said of itself. */
  modelConfidence: null | number;
  /** Only claims whose evidence was really there. */
  claims: Claim[];
  /** Claims whose evidence was not there. */
  claimsDropped: number;
  rejectedAlternatives: RejectedAlternative[];
  /** A snapshot of what the claims cite. */
  evidence: EvidenceSignal[];
  timeline: TimelineEntry[];
  /** What to check or do next, most useful first. */
  actions: string[];
  /** As the server named it. */
  model: null | string;
  promptVersion: null | string;
  inputTokens: null | number;
  outputTokens: null | number;
  dollars: null | number;
  /** Of the model. */
  latencyMs: null | number;
  /** Paid calls that this answer took, or that were made in vain before the rules answered. */
  modelCalls: number;
  /** When a rules answer asks to be replaced by the model's. */
  askAgainAt: null | TimestampMicros;
  /** Why the rules answered and no model; null in a model's answer. */
  withoutModel: null | string;
}

/** One thing that went into the fingerprint. */
export interface FingerprintPart {
  /** caller, exception-type, frame, code, message, service or level. */
  kind: string;
  /** The value as it was hashed. */
  value: string;
  /** Why this part was chosen. */
  why: string;
}

/** One template of failure signals and how often it was seen. */
export interface TemplateCount {
  /** The service that logged it. */
  service: string;
  /** The masked message. */
  template: string;
  /** Failure signals of this template. */
  count: number;
}

/** A (service, template) pair ranked by how likely it is the origin. */
export interface Suspect {
  service: string;
  /** The masked message. */
  template: string;
  /** Between 0 and 1, the highest first. */
  score: number;
  /** The reasons in words. */
  why: string;
}

/** Asks for one root-cause analysis. Stands alone: who answers needs no database. */
export interface AnalysisRequested {
  /** UUIDv7. */
  requestId: string;
  /** UUIDv7; the record's key. */
  incidentId: string;
  /** 1, 2, 3 … within the incident. */
  requestNumber: number;
  /** first, templates_doubled, new_release, failures_tenfold, human or model_back; anything else reads as human. */
  reason: string;
  environment: string;
  title: string;
  severity: string;
  services: string[];
  releases: string[];
  fingerprint: string;
  fingerprintParts: FingerprintPart[];
  signature: TemplateCount[];
  suspects: Suspect[];
  evidence: EvidenceSignal[];
  evidenceOmitted: number;
  failureCount: number;
  traceCount: number;
  /** Append time. */
  firstSeenAt: null | TimestampMicros;
  /** Append time. */
  lastSeenAt: null | TimestampMicros;
  /** When the request was frozen. */
  requestedAt: null | TimestampMicros;
  /** UTC day that spentDollars is about, YYYY-MM-DD. */
  spentDay: string;
  /** What analyses cost on that day so far. */
  spentDollars: number;
}

/** One exception of a chain. */
export interface ExceptionCause {
  /** Class or type of the exception. */
  type: null | string;
  /** Its message. */
  message: null | string;
  /** Its stack trace as text. */
  stack: null | string;
}

/** An exception with its chain of causes, outermost first. */
export interface ExceptionInfo {
  /** exception.type. */
  type: null | string;
  /** exception.message. */
  message: null | string;
  /** exception.stacktrace. */
  stack: null | string;
  /** What it was caused by, nearest cause first. */
  causes: ExceptionCause[];
}

/** What a span adds. */
export interface SpanInfo {
  /** Span name. */
  name: string;
  /** Duration in microseconds. */
  durationMicros: null | number;
  /** unset, ok or error; anything else reads as unset. */
  status: string;
}

/** What a metric sample adds. */
export interface MetricInfo {
  /** Metric name. */
  name: string;
  /** The sample. */
  value: number;
  /** UCUM unit. */
  unit: null | string;
}

/** One thing that was observed: a log record, a span or a metric sample. Producers write it, Avro or plain JSON. */
export interface FailureSignal {
  /** The producer's id of this signal, at most 128 bytes; the same id sent again within an hour is counted once. Absent: never taken for a repetition. */
  signalId: null | string;
  /** Trace id in hex. Empty, all zero or a placeholder counts as absent. */
  traceId: null | string;
  /** Span id in hex. */
  spanId: null | string;
  /** Parent span id in hex. */
  parentSpanId: null | string;
  /** log, span or metric; anything else reads as log. */
  kind: string;
  /** service.name of the OpenTelemetry resource. */
  service: string;
  /** deployment.environment.name; never empty. */
  environment: string;
  /** service.version. */
  release: null | string;
  /** host.name or service.instance.id. */
  host: null | string;
  /** OpenTelemetry severity number, 1 to 24; 17 and above is a failure, 0 is unknown. */
  severityNumber: number;
  /** Severity as the producer wrote it. */
  severityText: null | string;
  /** The log message or a one-line summary. */
  message: string;
  /** The exception, when there was one. */
  exception: null | ExceptionInfo;
  /** Present when kind is span. */
  span: null | SpanInfo;
  /** Present when kind is metric. */
  metric: null | MetricInfo;
  /** Everything else the producer said, as text. */
  attributes: Record<string, string>;
  /** The caller's own fingerprint: signals with equal parts are the same problem. */
  fingerprint: null | string[];
  /** When it happened, by the producer's clock; kept as it is, believed for nothing that counts. */
  occurredAt: null | TimestampMicros;
  /** When ingest received it. */
  receivedAt: null | TimestampMicros;
}

/** Failure offsets that Kafka appended in one hour. */
export interface AppendHourOffsets {
  /** Hours since 1970-01-01T00Z of the append time. */
  appendHour: number;
  /** Offsets, ascending. */
  offsets: number[];
}

/** The failure signals of one trace on one partition until it fell quiet. */
export interface ObservedWindow {
  /** Empty when the failures carried none. */
  traceId: string;
  /** Partition of `failures`. */
  partition: number;
  /** Kafka's append time of the first failure. */
  firstAppendedAt: TimestampMicros;
  /** Kafka's append time of the last failure. */
  lastAppendedAt: TimestampMicros;
  /** The failures' offsets. */
  offsets: AppendHourOffsets[];
}

/** What windows of one fingerprint showed. */
export interface TracesObserved {
  environment: string;
  /** Primary fingerprint by the current algorithm: v1: and 32 hex digits. */
  fingerprint: string;
  /** The same by the algorithm version before, while both are in use. */
  previousFingerprint: null | string;
  /** Why the fingerprint is what it is. */
  fingerprintParts: FingerprintPart[];
  /** One line that names the problem. */
  title: string;
  /** The templates of all failure signals in these windows. */
  signature: TemplateCount[];
  /** Services with a failure signal. */
  services: string[];
  /** Releases seen, as service@release. */
  releases: string[];
  /** Deterministic severity: low, medium, high or critical; anything else reads as medium. */
  severity: string;
  suspects: Suspect[];
  /** The most telling signals of one of the windows. */
  evidence: EvidenceSignal[];
  /** Failure signals of that window that are not shown. */
  evidenceOmitted: number;
  /** At most W windows with M offsets in all. */
  windows: ObservedWindow[];
}
