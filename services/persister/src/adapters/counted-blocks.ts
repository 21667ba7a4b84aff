import { toNumberArray, toTextArray, type SqlSession } from '@prodsentinel/database';
import { blockName, blockOffsets, type CountedBlock } from '../domain/fold-offsets.ts';
import { lostConflict } from './lost-conflict.ts';

/**
 * What is counted already of blocks in which that is anything of the given, by `blockName`. Locks nothing: whoever counts
 * the same meanwhile is noticed by `addToCounted`.
 */
export async function readCounted(
  session: SqlSession,
  blocks: readonly CountedBlock[],
): Promise<Map<string, Uint8Array>> {
  if (blocks.length === 0) return new Map();
  const rows = await session.query<{ place: string; counted: string }>(
    `select given.place, stored.counted::text as counted from ${givenBlocks} join counted_blocks stored
      on stored.partition = given.partition and stored.append_hour = given.append_hour and stored.block = given.block
    where bit_count(stored.counted & given.counted) > 0`,
    toGiven(blocks),
  );
  return new Map(
    rows.flatMap(({ place, counted }) => {
      const block = blocks[Number(place) - 1];
      return block ? [[blockName(block), toBytes(counted)] as const] : [];
    }),
  );
}

/**
 * Counts what nobody has counted. Belongs at the end of a transaction: neighbours share blocks, and wait for each other
 * from here to the commit.
 *
 * @throws AppError `unavailable`, which `retryConflicts` understands, when somebody counted some of it meanwhile
 */
export async function addToCounted(session: SqlSession, blocks: readonly CountedBlock[]): Promise<void> {
  if (blocks.length === 0) return;
  const [added] = await session.query<{ count: string }>(
    `with added as (
      insert into counted_blocks as stored (partition, append_hour, block, counted)
      select partition, append_hour, block, counted from ${givenBlocks} order by place
      on conflict (partition, append_hour, block) do update set counted = stored.counted | excluded.counted
        where bit_count(stored.counted & excluded.counted) = 0
      returning 1
    ) select count(*) from added`,
    toGiven(blocks),
  );
  if (Number(added?.count) !== blocks.length)
    throw lostConflict('failures were counted by somebody else meanwhile');
}

const givenBlocks = `unnest($1::int[], $2::int8[], $3::int8[], $4::bit(${blockOffsets})[])
  with ordinality as given(partition, append_hour, block, counted, place)`;

function toGiven(blocks: readonly CountedBlock[]): string[] {
  return [
    toNumberArray(blocks.map(({ partition }) => partition)),
    toNumberArray(blocks.map(({ appendHour }) => appendHour)),
    toNumberArray(blocks.map(({ block }) => block)),
    toTextArray(blocks.map(({ counted }) => `x${counted.toString('hex')}`)),
  ];
}

function toBytes(bits: string): Uint8Array {
  const bytes = new Uint8Array(blockOffsets / 8);
  for (let at = bits.indexOf('1'); at >= 0; at = bits.indexOf('1', at + 1))
    bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (0x80 >> (at & 7));
  return bytes;
}
