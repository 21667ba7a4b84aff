-- oldest-build: 4
-- Each trace belongs to an incident that is there, as before, but a statement is checked as a whole: a foreign key looks
-- for the incident of each row by itself, which cost a quarter of what persisting cost PostgreSQL.

alter table traces drop constraint traces_incident_id_foreign;

-- By the schema's name: what looks for drift runs this in a temporary one.
do $migration$
declare
  home text := quote_ident(current_schema());
begin
  -- KEY SHARE is what a foreign key takes, too: whoever removes the incident waits, or was first and is found out. Above
  -- READ COMMITTED a statement would not see what others committed since the transaction began.
  execute format($create$
    create function %1$s.require_incidents_of_traces() returns trigger language plpgsql set search_path = %1$s as $body$
    declare
      given bigint := (select count(distinct incident_id) from given_traces);
      present bigint;
    begin
      if current_setting('transaction_isolation') <> 'read committed' then
        raise 'traces are written in READ COMMITTED transactions only' using errcode = 'feature_not_supported';
      end if;
      select count(*) into present from (
        select 1 from incidents where id in (select incident_id from given_traces) order by id for key share
      ) as locked;
      if present <> given then
        raise 'traces of %% incidents were given, and %% of these are there', given, present
          using errcode = 'foreign_key_violation', table = 'traces', column = 'incident_id';
      end if;
      return null;
    end
    $body$
  $create$, home);
  execute format($create$
    create function %1$s.refuse_to_strand_traces() returns trigger language plpgsql set search_path = %1$s as $body$
    begin
      if current_setting('transaction_isolation') <> 'read committed' then
        raise 'incidents are removed in READ COMMITTED transactions only' using errcode = 'feature_not_supported';
      end if;
      if exists (select 1 from removed_incidents where exists (select 1 from traces where incident_id = id)) then
        raise 'an incident is removed, and traces of it are still there'
          using errcode = 'foreign_key_violation', table = 'traces', column = 'incident_id';
      end if;
      return null;
    end
    $body$
  $create$, home);
  execute format($create$
    create function %1$s.refuse_change() returns trigger language plpgsql as $body$
    begin
      raise 'this changes what traces are related by' using errcode = 'foreign_key_violation', table = tg_table_name;
    end
    $body$
  $create$, home);
  execute format('create trigger traces_require_incidents after insert on traces
    referencing new table as given_traces for each statement execute function %s.require_incidents_of_traces()', home);
  execute format('create trigger incidents_strand_no_traces after delete on incidents
    referencing old table as removed_incidents for each statement execute function %s.refuse_to_strand_traces()', home);
  execute format('create trigger traces_stay_with_incidents before update of incident_id on traces
    for each statement execute function %s.refuse_change()', home);
  execute format('create trigger incidents_keep_ids before update of id on incidents
    for each statement execute function %s.refuse_change()', home);
  execute format('create trigger incidents_are_not_truncated before truncate on incidents
    for each statement execute function %s.refuse_change()', home);
end
$migration$;
