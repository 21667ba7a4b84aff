import { backoffMs, delay, describeError, isAppError } from '@prodsentinel/kernel';
import { classifyError, type Position, type Producer } from '@prodsentinel/messaging';
import type { Logger } from '@prodsentinel/process';
import type { TracesObserved } from '@prodsentinel/contracts';
import { summariseWindow } from '../domain/observe/summarise-window.ts';
import {
  groupWindows,
  observationKey,
  toObservation,
  withoutExtras,
  type ObservationLimits,
  type SummarisedWindow,
} from '../domain/windows/observation.ts';
import type { ClosedWindow } from '../domain/windows/window.ts';
import type { ObserveMetrics } from './observe-metrics.ts';
import type { RecentPast } from './recent-past.ts';

export interface PublisherDependencies {
  readonly producer: Producer;
  readonly limits: ObservationLimits;
  readonly past: RecentPast;
  readonly logger: Logger;
  readonly metrics: ObserveMetrics;
  readonly onTrouble: (reason: string | undefined) => void;
  /** Told of the records whose observation is acknowledged. */
  readonly onPublished: (positions: readonly Position[]) => void;
}

/** Observations of one send: they share a request to Kafka. */
const observationsPerSend = 50;

/**
 * Publishes closed windows as observations, one send after the other, so that those of one fingerprint keep their order.
 * Tries until Kafka acknowledges: the records stay open meanwhile, and what is open is bounded.
 */
export class ObservationPublisher {
  readonly #dependencies: PublisherDependencies;
  readonly #waiting: ClosedWindow[] = [];
  #publishing: Promise<void> | undefined;

  constructor(dependencies: PublisherDependencies) {
    this.#dependencies = dependencies;
  }

  /** Resolves when everything handed in so far is acknowledged; rejects with `aborted` when the signal says so. */
  publish(windows: readonly ClosedWindow[], signal: AbortSignal): Promise<void> {
    this.#waiting.push(...windows);
    this.#publishing ??= this.#publishWaiting(signal);
    return this.#publishing;
  }

  async #publishWaiting(signal: AbortSignal): Promise<void> {
    try {
      while (this.#waiting.length > 0) await this.#publishAll(this.#waiting.splice(0), signal);
    } finally {
      // In the same turn as the last look at what waits: windows that come later must start anew.
      this.#publishing = undefined;
    }
  }

  async #publishAll(windows: readonly ClosedWindow[], signal: AbortSignal): Promise<void> {
    const summarised = windows.map((window) => this.#summarise(window));
    const groups = groupWindows(summarised, this.#dependencies.limits);
    for (let i = 0; i < groups.length; i += observationsPerSend) {
      await this.#publishGroups(groups.slice(i, i + observationsPerSend), signal);
    }
    // Once all have been ranked, so that no window is compared with itself.
    for (const each of summarised) this.#dependencies.past.learn(each);
  }

  #summarise(window: ClosedWindow): SummarisedWindow {
    const { past } = this.#dependencies;
    return { window, summary: summariseWindow(window.signals, () => past.around(window)) };
  }

  async #publishGroups(groups: readonly SummarisedWindow[][], signal: AbortSignal): Promise<void> {
    await this.#sendUntilAcknowledged(
      groups.map((group) => toObservation(group)),
      signal,
    );
    this.#dependencies.metrics.observations(groups.length);
    this.#dependencies.onPublished(
      groups.flatMap((group) => group.flatMap(({ window }) => toPositions(window))),
    );
  }

  async #sendUntilAcknowledged(observations: readonly TracesObserved[], signal: AbortSignal): Promise<void> {
    const { producer, logger, onTrouble } = this.#dependencies;
    let values = observations;
    for (let retry = 1; ; retry++) {
      try {
        await producer.send(
          values.map((value) => ({ topic: 'observations' as const, key: observationKey(value), value })),
        );
        return onTrouble(undefined);
      } catch (error) {
        const isRefused = isAppError(error) && error.code === 'invalid_input';
        // Refused with counts only as well: nothing is left to cut, so the stage stops and the offsets stay.
        const isCut = values !== observations;
        if (isRefused && !isCut) {
          logger.error(
            { event: 'observation_cut', err: error },
            'an observation was refused: sent with counts only',
          );
          values = observations.map((value) => withoutExtras(value));
          continue;
        }
        if (classifyError(error) !== 'transient') throw error;
        onTrouble(`observations cannot be published: ${describeError(error)}`);
        await delay(backoffMs(retry), signal);
      }
    }
  }
}

function toPositions({ partition, epoch, failures }: ClosedWindow): Position[] {
  return failures.map(({ offset, readAt = offset }) => ({
    topic: 'failures',
    partition,
    offset: readAt,
    epoch,
  }));
}
