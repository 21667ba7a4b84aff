import type { SqlSession } from '@prodsentinel/database';
import type { VersionedFingerprint } from '../domain/observation.ts';
import { compareTexts } from '../domain/compare-texts.ts';

export interface Alias extends VersionedFingerprint {
  readonly environment: string;
}

export interface LockedAliases {
  /** By `alias`: where those lead that were there before. */
  readonly known: ReadonlyMap<string, string>;
  /** By `alias`: the id that this transaction inserted for those that were not. No incident has it yet. */
  readonly proposed: ReadonlyMap<string, string>;
}

/** Inserts the fingerprints that are missing, each with a new incident id, and locks all, in key order. */
export async function lockFingerprints(
  session: SqlSession,
  aliases: readonly Alias[],
  newId: () => string,
): Promise<LockedAliases> {
  const byName = new Map(aliases.map((each) => [each.alias, each]));
  const given = [...byName]
    .toSorted(([a], [b]) => compareTexts(a, b))
    .map(([name, { environment, version, fingerprint }], place) => {
      return { name, environment, version, fingerprint, place, id: newId() };
    });
  const inserted = await session.query<{ id: string }>(
    `insert into incident_fingerprints (environment, version, fingerprint, incident_id)
    select environment, version, fingerprint, id from ${givenAliases} order by place
    on conflict do nothing returning incident_id as id`,
    [JSON.stringify(given)],
  );
  const own = new Set(inserted.map(({ id }) => id));
  const locked = await session.query<{ name: string; incidentId: string }>(
    `select given.name, alias.incident_id as "incidentId" from ${givenAliases} join incident_fingerprints alias
      on alias.environment = given.environment and alias.version = given.version
      and alias.fingerprint = given.fingerprint
    order by given.place for update of alias`,
    [JSON.stringify(given)],
  );
  return {
    known: new Map(locked.filter(({ incidentId }) => !own.has(incidentId)).map(toEntry)),
    proposed: new Map(locked.filter(({ incidentId }) => own.has(incidentId)).map(toEntry)),
  };
}

/** Makes the fingerprints lead where it was decided; those that lead nowhere are removed again. */
export async function saveFingerprints(
  session: SqlSession,
  locked: LockedAliases,
  decided: {
    readonly aliases: ReadonlyMap<string, string>;
    readonly takeovers: readonly { readonly from: string; readonly to: string }[];
  },
): Promise<void> {
  for (const { from, to } of decided.takeovers)
    await session.query('update incident_fingerprints set incident_id = $2 where incident_id = $1', [
      from,
      to,
    ]);
  const moved = [...locked.known, ...locked.proposed].filter(
    ([name, id]) => decided.aliases.get(name) !== id,
  );
  if (moved.length === 0) return;
  const rows = moved.map(([name]) => {
    const [environment, version, fingerprint] = JSON.parse(name) as [string, number, string];
    return { environment, version, fingerprint, id: decided.aliases.get(name) ?? null };
  });
  await session.query(
    `update incident_fingerprints alias set incident_id = given.id from ${givenAliases}
    where given.id is not null and ${sameAlias}`,
    [JSON.stringify(rows)],
  );
  await session.query(
    `delete from incident_fingerprints alias using ${givenAliases} where given.id is null and ${sameAlias}`,
    [JSON.stringify(rows)],
  );
}

const givenAliases = `json_to_recordset($1::json) as given(
  place int, name text, environment text, version int, fingerprint text, id uuid)`;
const sameAlias = `alias.environment = given.environment and alias.version = given.version
  and alias.fingerprint = given.fingerprint`;

function toEntry({ name, incidentId }: { name: string; incidentId: string }): [string, string] {
  return [name, incidentId];
}
