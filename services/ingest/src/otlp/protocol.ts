import { join } from 'node:path';
import protobuf from 'protobufjs';

/** The messages of OTLP/HTTP that ingest reads and writes, from the official definitions in `proto/`. */
export const otlpMessages = loadMessages();

function loadMessages() {
  const folder = join(import.meta.dirname, '..', '..', 'proto');
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => join(folder, target);
  root.loadSync([
    'opentelemetry/proto/collector/logs/v1/logs_service.proto',
    'opentelemetry/proto/collector/trace/v1/trace_service.proto',
  ]);
  const collector = 'opentelemetry.proto.collector';
  return {
    logsRequest: root.lookupType(`${collector}.logs.v1.ExportLogsServiceRequest`),
    logsResponse: root.lookupType(`${collector}.logs.v1.ExportLogsServiceResponse`),
    traceRequest: root.lookupType(`${collector}.trace.v1.ExportTraceServiceRequest`),
    traceResponse: root.lookupType(`${collector}.trace.v1.ExportTraceServiceResponse`),
    /** google.rpc.Status, without its details. */
    status: new protobuf.Type('Status')
      .add(new protobuf.Field('code', 1, 'int32'))
      .add(new protobuf.Field('message', 2, 'string')),
  };
}
