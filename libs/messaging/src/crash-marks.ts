import { describeError, isAppError, untilAvailable, withDeadline } from '@prodsentinel/kernel';
import type { AssignedPartition } from './assigned-partition.ts';
import type { CrashMemory } from './crash-memory.ts';
import type { CrashMark, Suspicion } from './crash-store.ts';
import type { MessagingLogger } from './kafka-client.ts';

export interface CrashMarksOptions {
  readonly memory: CrashMemory;
  /** The group's name in the cluster. */
  readonly group: string;
  readonly logger: MessagingLogger;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

interface State {
  /** Below it nothing is suspicious. */
  from: number | undefined;
  /** The offset below which records may be begun as far as the store knows; undefined: it knows of none. */
  until: number | undefined;
  carefulUntil: number | undefined;
  readonly trying: Set<number>;
  readonly suspects: Map<number, Suspicion>;
}

const nothingKnown = { from: undefined, until: undefined, carefulUntil: undefined } as const;

/** One mark allows so many records to be begun, so that the store is asked once in many records. */
const markAhead = 500;
const patienceMs = 3_000;
/** How long a store that failed is left alone: it must not slow down what goes on without it. */
const leaveAloneMs = 5_000;

/**
 * The marks of the partitions of one consumer. While their store is away the work goes on: a crash is then not noticed, or
 * not counted.
 */
export class CrashMarks {
  readonly #options: CrashMarksOptions;
  readonly #states = new WeakMap<AssignedPartition, Promise<State>>();
  readonly #known = new WeakMap<AssignedPartition, State>();
  /** Given away alive: whoever has them now may have marked them, and a mark of ours would be taken for a crash. */
  readonly #released = new WeakSet<AssignedPartition>();
  #leaveAloneUntilMs = 0;
  /** Whether any record was ever tried alone: most processes never look further. */
  #hasTried = false;

  constructor(options: CrashMarksOptions) {
    this.#options = options;
  }

  /** Waits a little for a store that is only just being connected to. */
  async start(): Promise<void> {
    const { memory, group } = this.#options;
    const signal = AbortSignal.timeout(patienceMs);
    try {
      await untilAvailable(() => memory.store.read(group, 'none'), { signal });
    } catch (error) {
      this.#say('crashes_unknown', error);
    }
  }

  /** To be waited for before records below the offset are begun, of a partition that ends at the high watermark. */
  async before(owner: AssignedPartition, next: number, highWatermark: number): Promise<void> {
    const state = this.#known.get(owner) ?? (await this.#look(owner, highWatermark));
    if (!state || owner.isLost) return;
    const marked = state.until ?? 0;
    const { carefulUntil } = state;
    // What comes after the suspicious ones is not begun before they are through.
    const isMarked = carefulUntil === undefined ? next <= marked - markAhead / 2 : marked >= carefulUntil;
    if (isMarked) return;
    state.until = carefulUntil ?? next + markAhead;
    if (carefulUntil === undefined) state.from = owner.atWorkFrom;
    const written = this.#writeAhead(owner, state, marked);
    if (next > marked) await written;
  }

  /** Which offsets may have been at work when a process ended: from the first, up to and without the second. */
  careOf(owner: AssignedPartition): { from: number; until: number } | undefined {
    const { from = 0, carefulUntil: until } = this.#known.get(owner) ?? {};
    return until === undefined ? undefined : { from, until };
  }

  suspicionOf(owner: AssignedPartition, offset: number): Suspicion | undefined {
    return this.#known.get(owner)?.suspects.get(offset);
  }

  /** The record is tried alone from now on. */
  async tries(owner: AssignedPartition, offset: number): Promise<void> {
    this.#hasTried = true;
    await this.#change(owner, (state) => {
      state.trying.add(offset);
    });
  }

  isTrying(owner: AssignedPartition, offset: number): boolean {
    return this.#hasTried && (this.#known.get(owner)?.trying.has(offset) ?? false);
  }

  /** The process lived. The next write, or `tell`, tells the store. */
  passed(owner: AssignedPartition, offset: number): void {
    const state = this.#known.get(owner);
    state?.trying.delete(offset);
    state?.suspects.delete(offset);
  }

  /** Tells the store how things stand. */
  async tell(owner: AssignedPartition): Promise<void> {
    await this.#change(owner, () => undefined);
  }

  /** Everything that may have been at work when the process ended was tried; what is held may still be at it. */
  async endsCare(owner: AssignedPartition): Promise<void> {
    await this.#change(owner, (state) => {
      state.carefulUntil = undefined;
      state.from = owner.atWorkFrom;
    });
  }

  /**
   * This process gives the partitions away alive: whoever gets them must not take it for a crash. What still goes on with them
   * is not marked until they are known to be kept: commands take effect in the order in which they are given.
   */
  async release(owners: readonly AssignedPartition[], deadlineMs: number): Promise<void> {
    for (const owner of owners) this.#released.add(owner);
    const released = Promise.all(owners.map((owner) => this.#release(owner)));
    try {
      await withDeadline('removing the marks of this process', deadlineMs, released);
    } catch (error) {
      this.#say('crash_mark_failed', error);
    }
  }

  /** Kept through a rejoin: marked again. */
  async keep(owner: AssignedPartition): Promise<void> {
    this.#released.delete(owner);
    if (this.#known.get(owner)?.until === undefined) return;
    await this.tell(owner);
  }

  async #release(owner: AssignedPartition): Promise<void> {
    const state = this.#known.get(owner);
    if (!state || state.until === undefined) return;
    const { memory, group } = this.#options;
    const { lowWater = 0 } = owner.tracker;
    // Care goes on with the next owner, and reaches no further for having been handed on.
    const until = Math.max(state.carefulUntil ?? 0, ...[...state.suspects.keys()].map((each) => each + 1));
    const released = { ...state, until, carefulUntil: until, trying: new Set<number>() };
    await this.#run(() =>
      until <= lowWater
        ? memory.store.remove(group, nameOf(owner))
        : memory.store.write(group, nameOf(owner), this.#markOf(released)),
    );
  }

  async #change(owner: AssignedPartition, change: (state: State) => void): Promise<void> {
    const state = this.#known.get(owner);
    if (!state || owner.isLost) return;
    change(state);
    await this.#write(owner, state);
  }

  /** Looks at what was left behind, once it can. */
  async #look(owner: AssignedPartition, highWatermark: number): Promise<State | undefined> {
    let looking = this.#states.get(owner);
    if (!looking) {
      if (this.#mustLeaveAlone()) return undefined;
      looking = this.#read(owner, highWatermark);
      this.#states.set(owner, looking);
    }
    try {
      const state = await looking;
      this.#known.set(owner, state);
      return state;
    } catch (error) {
      this.#states.delete(owner);
      this.#say('crashes_unknown', error);
      return undefined;
    }
  }

  async #read(owner: AssignedPartition, highWatermark: number): Promise<State> {
    const { memory, group, logger } = this.#options;
    let mark: CrashMark | undefined;
    try {
      mark = await memory.store.read(group, nameOf(owner));
    } catch (error) {
      if (!isAppError(error) || error.code !== 'undecodable') throw error;
      logger.warn({ event: 'crash_mark_refused' }, `taken for none: ${describeError(error)}`);
    }
    if (!mark) return { ...nothingKnown, trying: new Set(), suspects: new Map() };
    const suspects = new Map(Object.entries(mark.suspects ?? {}).map(([at, each]) => [Number(at), each]));
    if (mark.owner === memory.owner) {
      const { from, carefulUntil } = mark;
      return { from, until: undefined, carefulUntil, trying: new Set(), suspects };
    }
    return this.#takeOver(owner, { ...mark, suspects }, highWatermark);
  }

  #takeOver(
    owner: AssignedPartition,
    { until, trying = [], suspects, ...mark }: Omit<CrashMark, 'suspects'> & Pick<State, 'suspects'>,
    highWatermark: number,
  ): State {
    const { topic, partition } = owner;
    for (const offset of trying) {
      const before = suspects.get(offset);
      suspects.set(offset, {
        crashes: (before?.crashes ?? 0) + 1,
        firstAtMs: before?.firstAtMs ?? this.#options.nowMs(),
      });
    }
    // The mark was made ahead of the records, and the topic may have been made anew since.
    const carefulUntil = Math.min(Math.max(until, mark.carefulUntil ?? 0), highWatermark);
    // It ended while nothing was tried alone: then it may have been at what seemed to have passed.
    const wasElsewhere = mark.carefulUntil !== undefined && trying.length === 0;
    const from = wasElsewhere ? undefined : mark.from;
    this.#options.logger.warn(
      {
        event: 'unclean_exit',
        topic,
        partition,
        from,
        carefulUntil,
        trying,
        suspects: Object.fromEntries(suspects),
      },
      `a process ended while it worked on ${nameOf(owner)}: records from ${from ?? 'the commit'} to ${carefulUntil} are tried one at a time`,
    );
    return { from, until: undefined, carefulUntil, trying: new Set(), suspects };
  }

  async #writeAhead(owner: AssignedPartition, state: State, marked: number): Promise<void> {
    if (!(await this.#write(owner, state))) state.until = marked;
  }

  #write(owner: AssignedPartition, state: State): Promise<boolean> {
    // What is begun now waits at the gate, which opens when it is kept.
    if (this.#released.has(owner)) return Promise.resolve(true);
    const { memory, group } = this.#options;
    const mark = this.#markOf(state);
    return this.#run(() => memory.store.write(group, nameOf(owner), mark));
  }

  #markOf({ from, until, carefulUntil, trying, suspects }: State): CrashMark {
    return {
      owner: this.#options.memory.owner,
      ...(from === undefined ? {} : { from }),
      until: until ?? 0,
      ...(carefulUntil === undefined ? {} : { carefulUntil }),
      ...(trying.size === 0 ? {} : { trying: [...trying] }),
      ...(suspects.size === 0 ? {} : { suspects: Object.fromEntries(suspects) }),
    };
  }

  /** False when the store did not do it. */
  async #run(command: () => Promise<void>): Promise<boolean> {
    if (this.#mustLeaveAlone()) return false;
    try {
      await command();
      return true;
    } catch (error) {
      this.#say('crash_mark_failed', error);
      return false;
    }
  }

  #mustLeaveAlone(): boolean {
    return this.#options.nowMs() < this.#leaveAloneUntilMs;
  }

  #say(event: string, error: unknown): void {
    this.#leaveAloneUntilMs = this.#options.nowMs() + leaveAloneMs;
    this.#options.logger.warn(
      { event },
      `a crash may go unnoticed, or an orderly end be taken for one: ${describeError(error)}`,
    );
  }
}

function nameOf({ topic, partition }: AssignedPartition): string {
  return `${topic}/${partition}`;
}
