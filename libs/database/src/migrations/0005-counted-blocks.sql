-- oldest-build: 4
-- One bit for each counted failure instead of one row for each window. Older builds look for rows: those that still run
-- wait at their next batch, lose nothing, and have to be replaced; none of them starts any more.

create table counted_blocks (
  partition int not null,
  append_hour bigint not null,
  -- The offset without its lowest 10 bits.
  block bigint not null,
  -- From the left, a bit for each offset of the block: 1 when its failure was counted.
  counted bit(1024) not null,
  constraint counted_blocks_pkey primary key (partition, append_hour, block)
)
-- Rows change in place, a few bits at a time, and find room for that on their page.
with (fillfactor = 50);

lock table counted_offsets in access exclusive mode;
insert into counted_blocks (partition, append_hour, block, counted)
select partition, append_hour, source_offset >> 10, bit_or(set_bit(0::bit(1024), (source_offset & 1023)::int, 1))
from counted_offsets, unnest(offsets) as run(part), generate_series(lower(part), upper(part) - 1) as source_offset
group by 1, 2, 3;
truncate counted_offsets;

-- By the schema's name: what looks for drift runs this in a temporary one.
do $migration$
begin
  execute format(
    'create function %I.refuse_older_builds() returns trigger language plpgsql as %L',
    current_schema(),
    'begin raise exception ''failures are counted in counted_blocks: this build waits here until it is replaced'' using errcode = ''cannot_connect_now''; end'
  );
  execute format(
    'create trigger refuse_older_builds before insert on counted_offsets for each statement execute function %I.refuse_older_builds()',
    current_schema()
  );
end
$migration$;
