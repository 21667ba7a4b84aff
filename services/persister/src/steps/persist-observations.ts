import type { SqlSession } from '@prodsentinel/database';
import { addToCounted, readCounted } from '../adapters/counted-blocks.ts';
import { appendEvents } from '../adapters/events.ts';
import { lockFingerprints, saveFingerprints, type Alias } from '../adapters/fingerprints.ts';
import { lockIncidents, lockOpenings, saveIncidents } from '../adapters/incidents.ts';
import { readHistories, saveRequests } from '../adapters/requests.ts';
import { addToTraces } from '../adapters/traces.ts';
import { decideObservations, originName, type DecisionRules } from '../domain/decide-observations.ts';
import { foldOffsets, type FoldedOffsets } from '../domain/fold-offsets.ts';
import { toFreshObservations, type FreshObservation } from '../domain/fresh-observation.ts';
import { originOf } from '../domain/grow-incident.ts';
import type { Observation } from '../domain/observation.ts';

export interface PersistContext {
  readonly rules: DecisionRules;
  /** Microseconds since 1970, whole. */
  readonly now: number;
  readonly newId: () => string;
}

/**
 * Counts and decides a batch of observations, in order, inside the caller's transaction. Table by table: insert what is
 * missing, lock all in key order, decide from the locked rows, add.
 *
 * LOCK ORDER — fingerprints, places where incidents open, incidents, then what they guard: traces, requests, events; at
 * the very end counted blocks, which many share. Whoever locks several of these does it in this order.
 *
 * @returns how many failures were new
 * @throws AppError `unavailable`, which `retryConflicts` understands, when another transaction counted some of the same
 *   failures meanwhile
 */
export async function persistObservations(
  session: SqlSession,
  observations: readonly Observation[],
  context: PersistContext,
): Promise<number> {
  const folded = await foldUncounted(session, observations);
  const fresh = toFreshObservations(observations, folded.failures);
  if (fresh.length === 0) return 0;
  const locked = await lockFingerprints(session, aliasesOf(fresh), context.newId);
  const openings = await lockOpenings(session, fresh.filter(isUnknownTo(locked.known)).map(originNameOf));
  const incidents = await lockIncidents(session, [
    ...locked.known.values(),
    ...[...openings.values()].flatMap(({ overflowId }) => overflowId ?? []),
  ]);
  const decisions = decideObservations(
    fresh,
    {
      aliases: locked.known,
      proposedIds: locked.proposed,
      incidents,
      requests: await readHistories(session, [...incidents.keys()]),
      openings,
    },
    context,
  );
  // The traces of an incident need it to be there.
  const opened = decisions.incidents.filter(({ id }) => !incidents.has(id));
  await saveIncidents(session, opened, { newTraces: new Map(), now: context.now });
  const newTraces = await addToTraces(session, decisions.traces);
  await saveIncidents(session, decisions.incidents, { newTraces, now: context.now });
  await saveFingerprints(session, locked, decisions);
  await saveRequests(session, decisions.requests, context.now);
  await appendEvents(session, decisions.events, context.now);
  await addToCounted(session, folded.blocks);
  return fresh.reduce((sum, { failures }) => sum + failures, 0);
}

async function foldUncounted(
  session: SqlSession,
  observations: readonly Observation[],
): Promise<FoldedOffsets> {
  const all = foldOffsets(observations);
  const known = await readCounted(session, all.blocks);
  return known.size === 0 ? all : foldOffsets(observations, known);
}

function aliasesOf(fresh: readonly FreshObservation[]): Alias[] {
  const aliases = new Map<string, Alias>();
  for (const { observation } of fresh)
    for (const each of observation.fingerprints)
      if (!aliases.has(each.alias))
        aliases.set(each.alias, { environment: observation.environment, ...each });
  return [...aliases.values()];
}

function isUnknownTo(known: ReadonlyMap<string, string>) {
  return ({ observation: { fingerprints } }: FreshObservation) =>
    !fingerprints.some(({ alias }) => known.has(alias));
}

function originNameOf({ observation, firstAppendedAt }: FreshObservation): string {
  return originName(observation.environment, originOf(observation, firstAppendedAt));
}
