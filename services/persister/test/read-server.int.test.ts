import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { openDatabase } from '@prodsentinel/database';
import { newId } from '@prodsentinel/kernel';
import { startTcpProxy } from '@prodsentinel/fault-tools';
import { createLogger } from '@prodsentinel/process';
import type { FastifyInstance } from 'fastify';
import { createReadServer } from '../src/read-server.ts';
import { fingerprint, observationOf, windowOf } from './observations.ts';
import { openPersisterDatabase, type PersisterDatabase } from './persister-database.ts';

const silent = createLogger('test', { LOG_LEVEL: 'silent', LOG_FORMAT: 'json' });
let persister: PersisterDatabase;
let server: FastifyInstance;
beforeAll(async () => {
  persister = await openPersisterDatabase();
  server = createReadServer(persister.database, silent);
});
afterAll(async () => {
  await server.close();
  await persister.close();
});
beforeEach(() => persister.empty());

interface Listed {
  readonly incidents: readonly { readonly id: string }[];
  readonly items: readonly Record<string, unknown>[];
  readonly next: string | null;
}

async function get(url: string): Promise<{ status: number; body: Listed }> {
  const response = await server.inject({ url });
  return { status: response.statusCode, body: response.json() };
}

async function followAll(url: string): Promise<Record<string, unknown>[]> {
  const all: Record<string, unknown>[] = [];
  for (let after = ''; ;) {
    const { body } = await get(`${url}?limit=2${after && `&after=${encodeURIComponent(after)}`}`);
    all.push(...(body.items ?? body.incidents));
    if (body.next === null) return all;
    after = body.next;
  }
}

const count = async (query: string) => (await get(`/incidents?${query}`)).body.incidents.length;

describe('reading over HTTP', () => {
  test('pages hold each incident and each trace once, whatever the trace ids look like', async () => {
    for (const number of [1, 2, 3, 4, 5])
      await persister.persist([
        observationOf([windowOf(`trace_${number}\n%/`, [number]), windowOf(`u${number}`, [number + 10])], {
          fingerprint: fingerprint(number % 5),
        }),
      ]);
    await persister.persist([observationOf([windowOf('x', [50]), windowOf('y', [51]), windowOf('z', [52])])]);
    const incidents = await followAll('/incidents');
    expect(new Set(incidents.map(({ id }) => id)).size).toBe(5);
    const id = (await get('/incidents?trace=x')).body.incidents[0]?.id;
    const traces = await followAll(`/incidents/${id}/traces`);
    expect(traces.map(({ traceId }) => traceId)).toEqual(['trace_1\n%/', 'u1', 'x', 'y', 'z']);
    expect((await followAll(`/incidents/${id}/events`)).map(({ kind }) => kind)).toEqual([
      'opened',
      'analysis_requested',
    ]);
    expect(await followAll(`/incidents/${id}/analyses`)).toEqual([]);
    expect(await get(`/incidents/${id}`)).toMatchObject({ status: 200, body: { id, failureCount: 5 } });
  });

  test('filters are the ones of the command line', async () => {
    await persister.persist([observationOf([windowOf('t', [1])])]);
    expect(await count('status=open&status=closed&service=checkout&environment=production')).toBe(1);
    expect(await count('status=closed')).toBe(0);
  });

  test.each([
    ['/incidents?status=HIGH', 400, 'status'],
    ['/incidents?limit=0', 400, 'limit'],
    ['/incidents?after=yesterday', 400, 'after'],
    ['/incidents?colour=red', 400, ''],
    ['/incidents/nonsense', 404, 'id'],
    [`/incidents/${newId()}/traces`, 404, 'id'],
  ])('%s is answered %i and names the place', async (url, status, path) => {
    expect(await get(url)).toMatchObject({ status, body: { path } });
  });

  test('while PostgreSQL is away the answer is 503 in words of ours, and it answers again afterwards', async () => {
    const { hostname: host, port } = new URL(persister.url);
    const proxy = await startTcpProxy({ host, port: Number(port) });
    const url = persister.url.replace(`:${port}/`, `:${proxy.port}/`);
    const database = await openDatabase({ url, applicationName: 'read-test' });
    const behindProxy = createReadServer(database, silent);
    try {
      proxy.set({ kind: 'refuse' });
      const refused = await behindProxy.inject({ url: '/incidents' });
      expect([refused.statusCode, refused.json()]).toEqual([
        503,
        { code: 'unavailable', message: 'the database is not available' },
      ]);
      proxy.set({ kind: 'none' });
      expect((await behindProxy.inject({ url: '/incidents' })).statusCode).toBe(200);
    } finally {
      await behindProxy.close();
      await database.close();
      await proxy.close();
    }
  });

  test('nothing can be changed', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'] as const)
      expect((await server.inject({ method, url: '/incidents' })).statusCode).toBe(404);
  });
});
