import type { FastifyInstance } from 'fastify';
import { openApiDocument, openApiPath } from '../openapi/document.ts';

/** `GET /openapi.json`: what this server takes and answers. Open to everyone: it says nothing of what was sent. */
export function addOpenApiRoute(app: FastifyInstance): void {
  const document = JSON.stringify(openApiDocument());
  app.get(openApiPath, async (_request, reply) => reply.type('application/json').send(document));
}
