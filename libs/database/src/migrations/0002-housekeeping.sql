-- oldest-build: 1
-- Indexes only, which build 1 does not notice: what housekeeping looks for, and references that removing has to check.

create index incidents_burning_index on incidents (last_seen_at) where status in ('open', 'investigating');
create index incidents_resolved_at_index on incidents (resolved_at) where status = 'resolved';
create index incidents_closed_at_index on incidents (closed_at) where status = 'closed';
create index incidents_succeeds_id_index on incidents (succeeds_id) where succeeds_id is not null;
create index incidents_current_analysis_id_index on incidents (current_analysis_id) where current_analysis_id is not null;
