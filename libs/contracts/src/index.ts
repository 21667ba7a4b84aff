export {
  analysisReasons,
  analysisSources,
  incidentStatuses,
  severities,
  signalKinds,
  spanStatuses,
  verdicts,
  worseSeverity,
  type AnalysisReason,
  type AnalysisSource,
  type IncidentStatus,
  type Severity,
  type SignalKind,
  type SpanStatus,
  type Verdict,
} from './closed-sets.ts';
export type * from './generated-types.ts';
export { failureSignalJsonSchema, parseFailureSignal, toTimestampMicros } from './parse-failure-signal.ts';
export { avroTypeOf, emptyRecord, readSchemaText, type RecordOf } from './schemas.ts';
export { allTopicSettings, deadLetterTopicOf, topics, type Topic, type TopicSettings } from './topics.ts';
