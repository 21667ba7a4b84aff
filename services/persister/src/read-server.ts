import Fastify, { type FastifyInstance } from 'fastify';
import { incidentStatuses, severities } from '@prodsentinel/contracts';
import {
  listAnalyses,
  listEvents,
  listIncidents,
  listTraces,
  showIncident,
  type Database,
} from '@prodsentinel/database';
import { AppError, isAppError } from '@prodsentinel/kernel';
import type { Logger } from '@prodsentinel/process';
import { z } from 'zod';

/**
 * Incidents as read-only JSON, not listening yet: lists with keyset paging, one incident with all that belongs to it.
 * Faults are `{code, message, path}`: 400 for a query that is none, 404, 503 while PostgreSQL is away.
 */
export function createReadServer(database: Database, logger: Logger): FastifyInstance {
  const app = Fastify();
  app.get('/incidents', async ({ query }) => listIncidents(database, toFilters(parse(listQuery, query))));
  app.get('/incidents/:id', async ({ params }) => showKnown(database, params));
  for (const [name, list] of Object.entries({
    analyses: listAnalyses,
    events: listEvents,
    traces: listTraces,
  }))
    app.get(`/incidents/:id/${name}`, async ({ params, query }) => {
      const { id } = await showKnown(database, params);
      const { limit, after } = parse(pageQuery, query);
      return list(database, {
        incidentId: id,
        ...(limit === undefined ? {} : { limit }),
        ...(after === undefined ? {} : { after }),
      });
    });
  app.setErrorHandler(async (error, _request, reply) => {
    const { status, code, message, path } = toFault(error);
    if (status >= 500) logger.warn({ event: 'reading_failed', err: error }, 'a request to read failed');
    return reply.code(status).send({ code, message, path });
  });
  app.setNotFoundHandler(async (_request, reply) =>
    reply.code(404).send({ code: 'not_found', message: 'there is no such route: see GET /incidents' }),
  );
  return app;
}

const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).optional(),
  after: z.string().optional(),
});
const oneOrMore = <T extends z.ZodType>(type: T) => z.union([type.transform((one) => [one]), z.array(type)]);
const listQuery = pageQuery.extend({
  environment: z.string().optional(),
  service: z.string().optional(),
  trace: z.string().optional(),
  status: oneOrMore(z.enum(incidentStatuses.values)).optional(),
  severity: oneOrMore(z.enum(severities.values)).optional(),
});

function parse<T>(type: z.ZodType<T>, query: unknown): T {
  const result = type.safeParse(query);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue?.path.join('.') ?? '';
  throw new AppError('invalid_input', `${path || 'query'}: ${issue?.message ?? 'malformed'}`, { path });
}

function toFilters({ trace, status, severity, ...rest }: z.output<typeof listQuery>) {
  const filters = { ...rest, traceId: trace, statuses: status, severities: severity };
  // An absent filter is left out, not set to undefined.
  return Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined));
}

async function showKnown(database: Database, params: unknown) {
  const incident = await showIncident(database, (params as { id: string }).id);
  if (!incident) throw new NotFound();
  return incident;
}

class NotFound extends Error {
  override readonly name = 'NotFound';
}

function toFault(error: unknown) {
  if (error instanceof NotFound)
    return { status: 404, code: 'not_found', message: 'there is no such incident', path: 'id' };
  if (isAppError(error) && error.code === 'invalid_input')
    return { status: 400, code: error.code, message: error.message, path: error.path };
  if (isAppError(error) && error.code === 'unavailable')
    return { status: 503, code: error.code, message: 'the database is not available', path: undefined };
  const { statusCode } = error as { statusCode?: number };
  if (statusCode !== undefined && statusCode < 500)
    return { status: statusCode, code: 'bad_request', message: 'the request is malformed', path: undefined };
  return { status: 500, code: 'bug', message: 'an unexpected error of ours', path: undefined };
}
