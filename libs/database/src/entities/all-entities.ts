import { AnalysisRequest } from './analysis-request.ts';
import { AnalysisResult } from './analysis-result.ts';
import { CountedBlock } from './counted-block.ts';
import { Incident } from './incident.ts';
import { IncidentEvent } from './incident-event.ts';
import { IncidentFingerprint } from './incident-fingerprint.ts';
import { SchemaMigration } from './schema-migration.ts';
import { Trace } from './trace.ts';

export const entities = [
  Incident,
  IncidentFingerprint,
  Trace,
  CountedBlock,
  AnalysisRequest,
  AnalysisResult,
  IncidentEvent,
  SchemaMigration,
] as const;
