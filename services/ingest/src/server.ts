import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import type { Logger } from '@prodsentinel/process';
import { answerClientError } from './http/client-error.ts';
import { framedMediaTypes } from './http/media-type.ts';
import { HttpProblem, sendProblem } from './http/problem.ts';
import { openApiPath } from './openapi/document.ts';
import { otlpMediaTypes } from './otlp/encoding.ts';
import { addFailuresRoutes } from './routes/failures.ts';
import { addOpenApiRoute } from './routes/openapi.ts';
import { addOtlpRoutes } from './routes/otlp.ts';
import type { FailuresRouteOptions } from './routes/receive.ts';
import { addAdmission, type Admission } from './senders/admission.ts';

export interface ServerOptions extends FailuresRouteOptions {
  readonly logger: Logger;
  /** Milliseconds a client has to send its whole request; then it is answered 408 and disconnected. */
  readonly requestTimeoutMs: number;
  /** Whether it speaks TLS. Default: no. */
  readonly isSecure?: boolean;
  /** Most connections at once; further ones are closed unseen. Default: no limit. */
  readonly maxConnections?: number;
  /** Who may send; undefined: anyone. */
  readonly admission?: Admission | undefined;
}

/** The HTTP side of ingest, not listening yet. Every fault is answered as problem details. */
export function createServer(options: ServerOptions): FastifyInstance {
  const { requestTimeoutMs } = options;
  const timing = {
    requestTimeout: requestTimeoutMs,
    headersTimeout: requestTimeoutMs,
    connectionsCheckingInterval: Math.min(5_000, requestTimeoutMs),
  };
  const app = Fastify({
    requestTimeout: requestTimeoutMs,
    // Certificate and key come before it listens (`setSecureContext`), and again when they are replaced.
    ...(options.isSecure ? { https: timing as unknown as null } : { http: timing }),
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, _request, reply) => void sendProblem(reply, toProblem(error)),
  });
  if (options.maxConnections !== undefined) app.server.maxConnections = options.maxConnections;
  const toProblemAndLog = (error: FastifyError) => {
    const problem = toProblem(error);
    if (problem.status === 500)
      options.logger.error({ event: 'request_failed', err: error }, 'a request failed');
    return problem;
  };
  // Routes read the body themselves: bounded, decompressed, and only after the headers were found good.
  app.removeAllContentTypeParsers();
  // Those that are named are looked up at once; for '*' Fastify takes a Content-Type to pieces at each request.
  app.addContentTypeParser([...mediaTypes, '*'], (_request, payload, done) => done(null, payload));
  if (options.admission) addAdmission(app, options.admission, new Set([openApiPath]));
  addOpenApiRoute(app);
  addFailuresRoutes(app, options);
  addOtlpRoutes(app, options, toProblemAndLog);
  app.setNotFoundHandler(async (request, reply) =>
    sendProblem(reply.header('connection', 'close'), noSuchRoute(request.url.split('?')[0]!)),
  );
  app.setErrorHandler(async (error, _request, reply) =>
    sendProblem(reply, error instanceof HttpProblem ? error : toProblemAndLog(error as FastifyError)),
  );
  app.addHook('onResponse', (_request, reply, done) => {
    options.metrics.countRequest(reply.statusCode);
    done();
  });
  return app;
}

const mediaTypes = [...framedMediaTypes, ...Object.values(otlpMediaTypes)].filter(
  (each, at, all) => all.indexOf(each) === at,
);

const postPaths = ['/v1/failures', '/v1/logs', '/v1/traces', '/ingest/logs'];

function noSuchRoute(path: string): HttpProblem {
  const allow = postPaths.includes(path) ? 'POST' : path === openApiPath ? 'GET, HEAD' : undefined;
  if (allow) return new HttpProblem(405, 'method_not_allowed', `expected ${allow}`, { headers: { allow } });
  const expected = `expected POST to one of ${postPaths.join(', ')}, or GET ${openApiPath}`;
  return new HttpProblem(404, 'not_found', `there is no such route: ${expected}`);
}

/** What Fastify found wrong with a request keeps its status; everything else is our own fault. */
function toProblem(error: FastifyError): HttpProblem {
  const status = error.statusCode;
  if (status === 415) {
    const message = 'Content-Type: expected application/json, application/x-ndjson or application/ndjson';
    return new HttpProblem(415, 'unsupported_media_type', message);
  }
  if (status !== undefined && status >= 400 && status < 500) {
    return new HttpProblem(status, 'bad_request', 'the request is malformed');
  }
  return new HttpProblem(500, 'unexpected_error', 'an unexpected error of ours: the outcome is unknown');
}
