import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  changeIncidentStatus,
  listIncidents,
  showIncident,
  type IncidentFilters,
} from '@prodsentinel/database';
import { newId } from '@prodsentinel/kernel';
import { fingerprint, observationOf, secondMicros, startMicros, windowOf } from './observations.ts';
import { openPersisterDatabase, type PersisterDatabase } from './persister-database.ts';

let persister: PersisterDatabase;
beforeAll(async () => {
  persister = await openPersisterDatabase();
  // Seven incidents; those of one second are told apart by their ids alone.
  await persister.persist(
    Array.from({ length: 7 }, (_, n) =>
      observationOf([windowOf(`t${n}`, [n], { at: startMicros + Math.floor(n / 3) * secondMicros })], {
        fingerprint: fingerprint(n),
        title: `p${n}`,
        services: n % 2 === 0 ? ['cart', 'edge'] : ['edge'],
        severity: n < 2 ? 'critical' : 'low',
        environment: n === 6 ? 'staging' : 'production',
      }),
    ),
  );
});
afterAll(() => persister.close());

async function titles(filters: IncidentFilters): Promise<string[]> {
  return (await listIncidents(persister.database, filters)).incidents.map(({ title }) => title);
}

describe('listing incidents', () => {
  test('pages put together are the whole list, the most recently seen first, none twice', async () => {
    const all = await titles({});
    expect(all).toEqual(['p6', 'p5', 'p4', 'p3', 'p2', 'p1', 'p0']);
    const paged: string[] = [];
    let after: string | undefined;
    do {
      const page = await listIncidents(persister.database, { limit: 2, ...(after ? { after } : {}) });
      paged.push(...page.incidents.map(({ title }) => title));
      after = page.next ?? undefined;
    } while (after);
    expect(paged).toEqual(all);
  });

  test.each<[string, IncidentFilters, string[]]>([
    ['severity', { severities: ['critical'] }, ['p1', 'p0']],
    ['service', { service: 'cart' }, ['p6', 'p4', 'p2', 'p0']],
    ['environment', { environment: 'staging' }, ['p6']],
    ['trace', { traceId: 't3' }, ['p3']],
    ['an unknown trace', { traceId: 'nowhere' }, []],
    ['several at once', { service: 'cart', severities: ['critical'], statuses: ['open'] }, ['p0']],
    ['a service without a name', { service: '' }, []],
  ])('filters by %s', async (_what, filters, expected) => {
    expect(await titles(filters)).toEqual(expected);
  });

  test.each([
    ['a limit', { limit: 0 }, 'limit'],
    ['a cursor', { after: `'; drop table incidents; --` }, 'after'],
  ])('refuses %s that is none', async (_what, filters, path) => {
    await expect(listIncidents(persister.database, filters)).rejects.toMatchObject({
      code: 'invalid_input',
      path,
    });
  });
});

describe('one incident', () => {
  test('an id that is none, or of none, is nothing', async () => {
    expect(await showIncident(persister.database, 'p1')).toBeUndefined();
    expect(await showIncident(persister.database, newId())).toBeUndefined();
  });

  test('its status goes only where people may take it, and says who did', async () => {
    const { incidents } = await listIncidents(persister.database, { traceId: 't0' });
    const id = incidents[0]?.id ?? '';
    const change = (to: 'investigating' | 'resolved' | 'closed') =>
      changeIncidentStatus(persister.database, {
        id,
        to,
        actor: 'grace',
        reason: 'because',
        nowMs: 1_800_000_000_000,
      });
    await change('investigating');
    await expect(change('investigating')).rejects.toMatchObject({ code: 'conflict' });
    await change('resolved');
    await expect(change('investigating')).rejects.toMatchObject({ code: 'conflict' });
    await change('closed');
    await expect(change('resolved')).rejects.toMatchObject({ code: 'conflict' });
    const incident = await showIncident(persister.database, id);
    expect(incident).toMatchObject({ status: 'closed', resolvedAt: '2027-01-15T08:00:00.000000Z' });
    expect(incident?.events.filter(({ kind }) => kind === 'status_changed')).toMatchObject([
      { actor: 'grace', reason: 'because', detail: { from: 'open', to: 'investigating' } },
      { detail: { from: 'investigating', to: 'resolved' } },
      { detail: { from: 'resolved', to: 'closed' } },
    ]);
  });

  test('an incident that is not there cannot change', async () => {
    const change = { id: newId(), to: 'resolved' as const, actor: 'grace', nowMs: 0 };
    await expect(changeIncidentStatus(persister.database, change)).rejects.toMatchObject({
      code: 'invalid_input',
    });
  });
});
