import { answerOnce, type AnswerSteps, type CallReply } from '../../../src/domain/diagnose/answer-once.ts';
import { ClaimStoreModel } from './claim-store-model.ts';

export interface Faults {
  /** So many crashes, expiries and lost replies in one run. */
  readonly budget: number;
  readonly calls: readonly CallReply<string>['kind'][];
}

/** What one run, that is one order of events, came to. */
export interface Run {
  charged: number;
  published: string[];
  crashesInCall: number;
  expiries: number;
  lost: number;
  unsealed: number;
  finished: number;
  log: string[];
}

type Step = { name: string; apply: () => unknown; lose: unknown; resolve: (value: unknown) => void };

/** A worker of the real protocol; every step it takes waits until the schedule lets it happen. */
class Worker {
  step: Step | undefined;
  isDone = false;
  result: Awaited<ReturnType<typeof answerOnce<string>>> | undefined;
  history = '';

  constructor(name: string, life: number, run: Run, store: ClaimStoreModel) {
    const claim = store.of(`${name}${life}`);
    const wait = (step: string, apply: () => unknown, lose: unknown = { kind: 'unknown' }) =>
      new Promise((resolve) => {
        this.step = { name: step, apply, lose, resolve };
      });
    let attempts = 0;
    const steps = {
      acquire: () => wait('acquire', () => claim.acquire()),
      look: () => wait('look', () => claim.look()),
      count: (attempt: number) => wait('count', () => claim.count(attempt), 'unknown'),
      giveBack: (attempt: number) => wait('giveBack', () => claim.giveBack(attempt), undefined),
      call: (attempt: number) => wait('call', () => `${name}${life}/${attempt}`),
      seal: (answer: string) => wait('seal', () => claim.seal(answer)),
      release: () => wait('release', () => claim.release(), undefined),
    } as unknown as AnswerSteps<string>;
    const live = async () => {
      const result = await answerOnce(steps, { maxTries: 3, newAttempt: () => (attempts += 1) });
      if (result.kind !== 'lookAgain') {
        await wait('publish', () => {
          run.published.push(result.kind === 'model' ? result.answer : 'rules');
        });
      }
      if (result.kind === 'rules' && result.isOurs) await steps.release();
      this.result = result;
      this.step = undefined;
      this.isDone = true;
    };
    void live();
  }
}

/** Plays one schedule: `choose(n)` picks one of n events. Undefined when `isSeen` knows where it leads already. */
export async function play(
  workers: readonly string[],
  faults: Faults,
  { choose, isSeen }: { choose: (options: number) => number; isSeen: (state: string) => boolean },
): Promise<Run | undefined> {
  const run: Run = {
    charged: 0,
    published: [],
    crashesInCall: 0,
    expiries: 0,
    lost: 0,
    unsealed: 0,
    finished: 0,
    log: [],
  };
  const store = new ClaimStoreModel();
  let budget = faults.budget;
  const slots = workers.map((name) => ({ name, life: 0, worker: new Worker(name, 0, run, store) }));
  for (let events = 0; events < 400; events++) {
    await flush();
    for (const slot of slots) {
      // Delivered again at once: the record of a worker that looks again is not finished.
      if (
        slot.worker.isDone &&
        slot.worker.result?.kind === 'lookAgain' &&
        (store.lease === undefined || store.answer !== undefined)
      ) {
        slot.life += 1;
        slot.worker = new Worker(slot.name, slot.life, run, store);
        await flush();
      }
    }
    const options: { label: string; happen: () => void }[] = [];
    for (const slot of slots)
      options.push(
        ...optionsOf(slot, { run, store, faults, budget: () => budget, spend: () => (budget -= 1) }),
      );
    if (store.lease !== undefined) {
      const isDead = !slots.some(
        ({ name, life, worker }) => `${name}${life}` === store.lease && !worker.isDone,
      );
      if (budget > 0 || isDead) {
        options.push({
          label: 'expire',
          happen: () => {
            if (!isDead) {
              budget -= 1;
              run.expiries += 1;
            }
            store.lease = undefined;
          },
        });
      }
    }
    if (options.length === 0) break;
    const state = JSON.stringify([
      store,
      [...store.attempts],
      slots.map(({ life, worker }) => [life, worker.history, worker.isDone]),
      budget,
      run.charged,
      run.published,
    ]);
    if (options.length > 1 && isSeen(state)) return undefined;
    const option = options[options.length === 1 ? 0 : choose(options.length)]!;
    run.log.push(option.label);
    option.happen();
  }
  run.finished = slots.filter(({ worker }) => worker.isDone && worker.result?.kind !== 'lookAgain').length;
  return run;
}

interface World {
  readonly run: Run;
  readonly store: ClaimStoreModel;
  readonly faults: Faults;
  readonly budget: () => number;
  readonly spend: () => void;
}

function optionsOf(
  slot: { name: string; life: number; worker: Worker },
  { run, store, faults, budget, spend }: World,
): { label: string; happen: () => void }[] {
  const { worker } = slot;
  const { step } = worker;
  if (!step || worker.isDone) return [];
  const say = (what: string) => `${slot.name}${slot.life} ${step.name}: ${what}`;
  const go = (value: unknown, history: string) => {
    worker.step = undefined;
    worker.history += `${step.name}:${history};`;
    step.resolve(value);
  };
  const options: { label: string; happen: () => void }[] = [];
  if (step.name === 'call') {
    for (const kind of faults.calls) {
      for (const isCharged of kind === 'answered' ? [true] : [true, false]) {
        options.push({
          label: say(`${kind} ${isCharged}`),
          happen: () => {
            if (isCharged) run.charged += 1;
            const reply =
              kind === 'answered'
                ? { kind, answer: step.apply() }
                : { kind, isCharged, why: { reason: kind } };
            go(reply, JSON.stringify(reply));
          },
        });
      }
    }
  } else {
    options.push({
      label: say('ok'),
      happen: () => {
        const value = step.apply();
        go(value, JSON.stringify(value) ?? '');
      },
    });
  }
  if (budget() > 0) {
    const crash = (isApplied: boolean) => {
      spend();
      if (step.name === 'call') {
        run.charged += 1;
        run.crashesInCall += 1;
      } else if (isApplied) step.apply();
      // An answer that was received and not yet sealed dies with its process: as if the call were still in flight.
      else if (step.name === 'seal') run.crashesInCall += 1;
      slot.life += 1;
      slot.worker = new Worker(slot.name, slot.life, run, store);
    };
    options.push({ label: say('crash after'), happen: () => crash(true) });
    if (step.name !== 'call') options.push({ label: say('crash before'), happen: () => crash(false) });
    if (step.name !== 'call' && step.name !== 'publish') {
      for (const isApplied of [true, false]) {
        options.push({
          label: say(`lost, ${isApplied ? 'applied' : 'not applied'}`),
          happen: () => {
            spend();
            run.lost += 1;
            if (isApplied) step.apply();
            else if (step.name === 'seal') run.unsealed += 1;
            go(step.lose, `lost ${isApplied}`);
          },
        });
      }
    }
  }
  return options;
}

/** All schedules, depth first; a state that was seen is not entered again. Calls `check` for every run that ended. */
export async function explore(
  workers: readonly string[],
  faults: Faults,
  check: (run: Run) => void,
): Promise<{ runs: number; states: number }> {
  const seen = new Set<string>();
  const path: { chosen: number; of: number }[] = [];
  let runs = 0;
  for (;;) {
    let depth = 0;
    const run = await play(workers, faults, {
      choose: (options) => {
        const at = depth;
        depth += 1;
        path[at] ??= { chosen: 0, of: options };
        return path[at].chosen;
      },
      // Only where new ground begins: on the way there everything was seen before.
      isSeen: (state) => depth >= path.length && (seen.has(state) || !seen.add(state)),
    });
    if (run) {
      runs += 1;
      check(run);
    }
    path.length = depth;
    while (path.length > 0 && path.at(-1)!.chosen + 1 >= path.at(-1)!.of) path.pop();
    const last = path.at(-1);
    if (!last) return { runs, states: seen.size };
    last.chosen += 1;
  }
}

async function flush(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await Promise.resolve();
}
