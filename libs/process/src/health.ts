import { AggregatorRegistry, collectDefaultMetrics, Registry } from 'prom-client';
import Fastify, { type FastifyInstance } from 'fastify';
import { describeError, withDeadline } from '@prodsentinel/kernel';
import type { HealthPart } from './health-part.ts';

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

/** Milliseconds within which the loop of a part must turn; a probe that waits less calls it dead by itself. */
const partDeadlineMs = 4_000;

/** Answers `/health/live`, `/health/ready` and `/metrics`, from what the stages of this process say of themselves. */
export class Health {
  readonly metrics = new Registry();
  /** What Node.js says of the process: there is one of it, whatever parts it has. */
  readonly #ofProcess = new Registry();
  readonly #stages = new Map<string, StageHealth>();
  readonly #parts = new Set<HealthPart>();
  readonly #onChange: (stage: string, health: StageHealth) => void;

  /** @param onChange told of each word of a stage */
  constructor(onChange: (stage: string, health: StageHealth) => void = () => undefined) {
    this.#onChange = onChange;
  }

  /** Says what a stage is doing; the first word of a stage makes it count for readiness. */
  set(stage: string, state: StageState, reason = ''): void {
    this.#stages.set(stage, { state, reason });
    this.#onChange(stage, { state, reason });
  }

  get stages(): Readonly<Record<string, StageHealth>> {
    return Object.fromEntries(this.#stages);
  }

  get isReady(): boolean {
    const states = [...this.#stages.values()].map(({ state }) => state);
    return states.length > 0 && states.every((state) => state === 'running' || state === 'degraded');
  }

  /**
   * The process is live while the part is, and its metrics are summed up with those of the process.
   *
   * @returns ends that
   */
  include(part: HealthPart): () => void {
    this.#parts.add(part);
    return () => void this.#parts.delete(part);
  }

  /**
   * The metrics of the process, those of its parts summed up, in the text format of Prometheus.
   *
   * @throws AppError `unavailable` naming the part that does not answer: a sum without it would be wrong
   */
  async readMetrics(): Promise<string> {
    if (this.#parts.size === 0) return Registry.merge([this.#ofProcess, this.metrics]).metrics();
    const ofParts = [...this.#parts].map((part) =>
      withDeadline(`the metrics of ${part.name}`, partDeadlineMs, part.readMetrics()),
    );
    const all = await Promise.all([this.metrics.getMetricsAsJSON(), ...ofParts]);
    return Registry.merge([this.#ofProcess, AggregatorRegistry.aggregate(all)]).metrics();
  }

  /** Serves on host and port (0: a free one). The address is in `server.listeningOrigin` once it listens. */
  async serve(host: string, port: number): Promise<FastifyInstance> {
    collectDefaultMetrics({ register: this.#ofProcess });
    const server = Fastify();
    server.get('/health/live', async (_request, reply) => {
      const reason = await this.#whyNotLive();
      return reason === undefined
        ? reply.send({ live: true })
        : reply.code(503).send({ live: false, reason });
    });
    server.get('/health/ready', async (_request, reply) =>
      reply.code(this.isReady ? 200 : 503).send({ ready: this.isReady, stages: this.stages }),
    );
    server.get('/metrics', async (_request, reply) =>
      reply.type(this.metrics.contentType).send(await this.readMetrics()),
    );
    await server.listen({ host, port });
    return server;
  }

  async #whyNotLive(): Promise<string | undefined> {
    const turns = [...this.#parts].map((part) => withDeadline(part.name, partDeadlineMs, part.turns()));
    const reasons = (await Promise.allSettled(turns)).flatMap((each) =>
      each.status === 'rejected' ? [describeError(each.reason)] : [],
    );
    return reasons.length === 0 ? undefined : reasons.join('; ');
  }
}
