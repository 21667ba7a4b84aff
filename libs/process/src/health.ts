import { collectDefaultMetrics, Registry } from 'prom-client';
import Fastify, { type FastifyInstance } from 'fastify';

/**
 * What a stage of a process is doing. `running` and `degraded` are ready: degraded keeps its promises, but not all of its
 * comforts. `starting`, `paused` (a dependency is away; it goes on by itself) and `halted` (a human must act) are not.
 */
export const stageStates = ['starting', 'running', 'degraded', 'paused', 'halted'] as const;
export type StageState = (typeof stageStates)[number];

export interface StageHealth {
  readonly state: StageState;
  readonly reason: string;
}

/** Answers `/health/live`, `/health/ready` and `/metrics`, from what the stages of this process say of themselves. */
export class Health {
  readonly metrics = new Registry();
  readonly #stages = new Map<string, StageHealth>();

  /** Says what a stage is doing; the first word of a stage makes it count for readiness. */
  set(stage: string, state: StageState, reason = ''): void {
    this.#stages.set(stage, { state, reason });
  }

  get stages(): Readonly<Record<string, StageHealth>> {
    return Object.fromEntries(this.#stages);
  }

  get isReady(): boolean {
    const states = [...this.#stages.values()].map(({ state }) => state);
    return states.length > 0 && states.every((state) => state === 'running' || state === 'degraded');
  }

  /** Serves on host and port (0: a free one). The address is in `server.listeningOrigin` once it listens. */
  async serve(host: string, port: number): Promise<FastifyInstance> {
    collectDefaultMetrics({ register: this.metrics });
    const server = Fastify();
    server.get('/health/live', async (_request, reply) => reply.send({ live: true }));
    server.get('/health/ready', async (_request, reply) =>
      reply.code(this.isReady ? 200 : 503).send({ ready: this.isReady, stages: this.stages }),
    );
    server.get('/metrics', async (_request, reply) =>
      reply.type(this.metrics.contentType).send(await this.metrics.metrics()),
    );
    await server.listen({ host, port });
    return server;
  }
}
