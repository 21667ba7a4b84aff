import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

export interface FakeEngineOptions {
  /** What its images run on. */
  readonly os?: string;
  /** Whether it has every image; else it has none and pulls none. */
  readonly hasImages?: boolean;
  /** The named volumes that it has at first. */
  readonly volumes?: readonly string[];
  /** The ids of its running containers, each with every volume and no label. */
  readonly containers?: readonly string[];
  /** Volumes that it makes, then it refuses; every one when absent. */
  readonly volumesLeft?: number;
}

/** A Docker engine that has volumes and starts nothing. */
export class FakeEngine {
  readonly dockerHost: string;
  /** What it was asked, as `METHOD /path`. */
  readonly requests: string[] = [];
  /** The names of those it has now. */
  readonly volumes: Set<string>;
  readonly #options: FakeEngineOptions;
  readonly #server: Server;
  readonly #socket: string;
  #volumesLeft: number;

  constructor(directory: string, options: FakeEngineOptions) {
    this.#socket = join(directory, 'engine.sock');
    this.dockerHost = `unix://${this.#socket}`;
    this.#options = options;
    this.#volumesLeft = options.volumesLeft ?? Infinity;
    this.volumes = new Set(options.volumes);
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  start(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(this.#socket, resolve));
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://engine');
    const asked = `${request.method} ${pathname}`;
    this.requests.push(asked);
    const [status, answer] = asked.endsWith('/containers/json')
      ? this.#answerToContainers(searchParams.get('filters') ?? '')
      : this.#answerTo(asked, await text(request));
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }

  #answerTo(asked: string, body: string): [number, unknown] {
    const { os = 'linux' } = this.#options;
    if (asked.endsWith('/info')) return [200, { OSType: os, OperatingSystem: 'a fake', ServerVersion: '1' }];
    if (asked.endsWith('/containers/create')) return [403, { message: 'you may only look' }];
    if (asked.endsWith('/networks')) return [200, []];
    if (asked.endsWith('/networks/create')) return [201, { Id: 'a network' }];
    return this.#answerToVolumes(asked, body) ?? this.#answerToImages(asked) ?? [404, { message: asked }];
  }

  #answerToContainers(filters: string): [number, unknown] {
    const { containers = [] } = this.#options;
    return [200, filters.includes('"volume"') ? containers.map((Id) => ({ Id, Labels: {} })) : []];
  }

  #answerToVolumes(asked: string, body: string): [number, unknown] | undefined {
    if (asked.endsWith('/volumes')) return [200, { Volumes: [...this.volumes].map((Name) => ({ Name })) }];
    if (asked.endsWith('/volumes/create')) {
      if (this.#volumesLeft-- <= 0) return [500, { message: 'no space left on device' }];
      const { Name } = JSON.parse(body) as { Name: string };
      this.volumes.add(Name);
      return [201, { Name }];
    }
    const removed = /^DELETE .*\/volumes\/(.+)$/.exec(asked)?.[1];
    if (removed === undefined) return undefined;
    return this.volumes.delete(removed) ? [204, {}] : [404, { message: `no such volume: ${removed}` }];
  }

  #answerToImages(asked: string): [number, unknown] | undefined {
    if (asked.endsWith('/images/create')) {
      return [500, { message: 'dial tcp: lookup images.example: no such host' }];
    }
    if (!/\/images\/.*\/json$/.test(asked)) return undefined;
    return this.#options.hasImages ? [200, {}] : [404, { message: 'No such image: none is here' }];
  }
}
