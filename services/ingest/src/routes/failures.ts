import type { FastifyInstance, FastifyReply } from 'fastify';
import { framingOf } from '../http/media-type.ts';
import { parseItems } from '../http/parse-items.ts';
import { HttpProblem, sendProblem } from '../http/problem.ts';
import { receive, type Answer, type FailuresRouteOptions } from './receive.ts';

/**
 * `POST /v1/failures`: one JSON object, an array, or NDJSON of failure signals. `POST /ingest/logs` is the same door under
 * the name that the system before this one had.
 */
export function addFailuresRoutes(app: FastifyInstance, options: FailuresRouteOptions): void {
  for (const path of ['/v1/failures', '/ingest/logs']) {
    app.post(path, async (request, reply) => {
      const framing = framingOf(request.headers['content-type']);
      const result = await receive(request, options, (body) => parseItems(body, framing, options.limits));
      return answer(reply, result);
    });
  }
}

function answer(reply: FastifyReply, result: Answer): FastifyReply {
  if (result.refused.length === 0) return reply.code(202).send(result);
  if (result.accepted + result.filtered > 0) return reply.code(207).send(result);
  const message = 'no item was taken: `refused` says why, item by item';
  return sendProblem(reply, new HttpProblem(422, 'all_refused', message, { members: { ...result } }));
}
