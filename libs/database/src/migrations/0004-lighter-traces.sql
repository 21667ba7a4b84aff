-- oldest-build: 1
-- One index less for each trace. Build 1 does not notice: the key has the same columns.

-- Leads with what tells traces apart, so that it also finds the incidents of a trace.
alter table traces drop constraint traces_pkey;
alter table traces add constraint traces_pkey primary key (trace_id, environment, incident_id);
drop index traces_trace_id_index;
