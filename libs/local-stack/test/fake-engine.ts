import { createServer, type Server } from 'node:http';
import { join } from 'node:path';

export interface FakeEngineOptions {
  /** What its images run on. */
  readonly os?: string;
  /** Whether it has every image; else it has none and pulls none. */
  readonly hasImages?: boolean;
}

/** A Docker engine that starts nothing. */
export class FakeEngine {
  readonly dockerHost: string;
  /** What it was asked, as `METHOD /path`. */
  readonly requests: string[] = [];
  readonly #server: Server;
  readonly #socket: string;

  constructor(directory: string, options: FakeEngineOptions) {
    this.#socket = join(directory, 'engine.sock');
    this.dockerHost = `unix://${this.#socket}`;
    this.#server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://engine');
      this.requests.push(`${request.method} ${pathname}`);
      const [status, answer] = answerTo(pathname, options);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
  }

  start(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(this.#socket, resolve));
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

function answerTo(
  pathname: string,
  { os = 'linux', hasImages = false }: FakeEngineOptions,
): [number, unknown] {
  if (pathname.endsWith('/info')) return [200, { OSType: os, OperatingSystem: 'a fake', ServerVersion: '1' }];
  if (/\/(containers\/json|networks)$/.test(pathname)) return [200, []];
  if (pathname.endsWith('/volumes')) return [200, { Volumes: [] }];
  if (pathname.endsWith('/containers/create')) return [403, { message: 'you may only look' }];
  if (pathname.endsWith('/images/create')) {
    return [500, { message: 'dial tcp: lookup images.example: no such host' }];
  }
  if (/\/images\/.*\/json$/.test(pathname)) {
    return hasImages ? [200, {}] : [404, { message: 'No such image: none is here' }];
  }
  return [404, { message: `page not found: ${pathname}` }];
}
