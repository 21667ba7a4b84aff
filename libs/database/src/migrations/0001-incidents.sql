-- oldest-build: 1
-- Incidents, what leads to them, what was counted, what was asked and answered.

create table incidents (
  id uuid constraint incidents_pkey primary key,
  environment text not null,
  title text not null,
  severity text not null constraint incidents_severity_check check (severity in ('low', 'medium', 'high', 'critical')),
  -- The deterministic part of the severity: a model may raise the incident one step above it.
  observed_severity text not null constraint incidents_observed_severity_check check (observed_severity in ('low', 'medium', 'high', 'critical')),
  status text not null constraint incidents_status_check check (status in ('open', 'investigating', 'resolved', 'closed')),
  services text[] not null,
  releases text[] not null,
  signature jsonb not null,
  -- The current-version fingerprint that opened it; empty on an overflow incident.
  fingerprint text not null,
  fingerprint_parts jsonb not null,
  suspects jsonb not null,
  evidence jsonb not null,
  evidence_omitted bigint not null,
  -- What the exemplar was chosen at, so that it is only refreshed when severity or templates grow; 0 templates: none yet.
  exemplar_severity text not null constraint incidents_exemplar_severity_check check (exemplar_severity in ('low', 'medium', 'high', 'critical')),
  exemplar_templates bigint not null,
  failure_count bigint not null constraint incidents_failure_count_check check (failure_count >= 0),
  trace_count bigint not null constraint incidents_trace_count_check check (trace_count >= 0),
  -- Kafka's append times.
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  resolved_at timestamptz,
  closed_at timestamptz,
  current_analysis_id uuid,
  succeeds_id uuid constraint incidents_succeeds_id_foreign references incidents (id),
  -- For the cap on new incidents: the service blamed when it was opened, and the append hour of that moment.
  origin_service text not null,
  opened_hour bigint not null,
  is_overflow boolean not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index incidents_status_severity_last_seen_at_index on incidents (status, severity, last_seen_at desc, id desc);
create index incidents_last_seen_at_index on incidents (last_seen_at desc, id desc);
create index incidents_services_index on incidents using gin (services);
create index incidents_origin_service_index on incidents (environment, origin_service, opened_hour);
create unique index incidents_overflow_unique on incidents (environment, origin_service, opened_hour) where is_overflow;

create table incident_fingerprints (
  environment text not null,
  version int not null,
  fingerprint text not null,
  incident_id uuid not null constraint incident_fingerprints_incident_id_foreign references incidents (id) deferrable initially deferred,
  constraint incident_fingerprints_pkey primary key (environment, version, fingerprint)
);
create index incident_fingerprints_incident_id_index on incident_fingerprints (incident_id);

create table traces (
  environment text not null,
  trace_id text not null,
  incident_id uuid not null constraint traces_incident_id_foreign references incidents (id) deferrable initially deferred,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  failure_count bigint not null,
  constraint traces_pkey primary key (environment, trace_id, incident_id)
);
create index traces_trace_id_index on traces (trace_id);
create index traces_incident_id_last_seen_at_index on traces (incident_id, last_seen_at desc);

create table counted_offsets (
  partition int not null,
  append_hour bigint not null,
  -- The offset without its lowest 12 bits.
  block bigint not null,
  environment text not null,
  trace_id text not null,
  offsets int8multirange not null,
  constraint counted_offsets_pkey primary key (partition, append_hour, block, environment, trace_id)
);

create table analysis_requests (
  id uuid constraint analysis_requests_pkey primary key,
  incident_id uuid not null constraint analysis_requests_incident_id_foreign references incidents (id),
  number bigint not null constraint analysis_requests_number_check check (number > 0),
  reason text not null constraint analysis_requests_reason_check check (reason in ('first', 'templates_doubled', 'new_release', 'failures_tenfold', 'human', 'model_back')),
  state text not null constraint analysis_requests_state_check check (state in ('pending', 'frozen', 'published', 'answered', 'failed', 'superseded')),
  due_at timestamptz not null,
  -- What is published, fixed when the state leaves pending: a repetition carries the identical content.
  payload jsonb,
  asked_templates bigint,
  asked_releases bigint,
  asked_failures bigint,
  frozen_at timestamptz,
  published_at timestamptz,
  publish_count int not null,
  created_at timestamptz not null,
  constraint analysis_requests_incident_id_number_unique unique (incident_id, number),
  constraint analysis_requests_payload_check check (state in ('pending', 'superseded') or payload is not null)
);
create unique index analysis_requests_pending_unique on analysis_requests (incident_id) where state = 'pending';
create index analysis_requests_due_at_index on analysis_requests (due_at) where state = 'pending';
create index analysis_requests_outbox_index on analysis_requests (published_at) where state in ('frozen', 'published');

create table analysis_results (
  id uuid constraint analysis_results_pkey primary key,
  request_id uuid not null constraint analysis_results_request_id_foreign references analysis_requests (id),
  incident_id uuid not null constraint analysis_results_incident_id_foreign references incidents (id),
  request_number bigint not null,
  source text not null constraint analysis_results_source_check check (source in ('model', 'rules')),
  verdict text not null constraint analysis_results_verdict_check check (verdict in ('confirmed', 'likely', 'inconclusive')),
  severity text not null constraint analysis_results_severity_check check (severity in ('low', 'medium', 'high', 'critical')),
  root_cause text not null,
  category text not null,
  suspected_service text,
  confidence double precision not null,
  model_confidence double precision,
  claims jsonb not null,
  claims_dropped bigint not null,
  rejected_alternatives jsonb not null,
  evidence jsonb not null,
  timeline jsonb not null,
  actions jsonb not null,
  model text,
  prompt_version text,
  input_tokens bigint,
  output_tokens bigint,
  dollars double precision,
  latency_ms bigint,
  model_calls bigint not null,
  ask_again_at timestamptz,
  -- Tells a repetition from a second, different answer.
  content_sha256 text not null,
  created_at timestamptz not null,
  constraint analysis_results_request_id_source_unique unique (request_id, source)
);
create index analysis_results_incident_id_request_number_index on analysis_results (incident_id, request_number);
create index analysis_results_created_at_index on analysis_results (created_at);

alter table incidents
  add constraint incidents_current_analysis_id_foreign foreign key (current_analysis_id) references analysis_results (id);

create table incident_events (
  id bigserial constraint incident_events_pkey primary key,
  incident_id uuid not null constraint incident_events_incident_id_foreign references incidents (id),
  kind text not null constraint incident_events_kind_check check (kind in ('opened', 'regressed', 'succeeded', 'severity_raised', 'release_appeared', 'status_changed', 'analysis_requested', 'analysed', 'analysis_differs', 'analysis_failed', 'reduced')),
  -- persister, analyzer, or a person's name.
  actor text not null,
  reason text not null,
  detail jsonb not null,
  at timestamptz not null
);
create index incident_events_incident_id_index on incident_events (incident_id, id);
