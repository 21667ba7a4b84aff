import { RawProducer, type MessagingLogger } from '@prodsentinel/messaging';
import { Releasers } from '@prodsentinel/kernel';
import { ended, startObserver, type Observer } from './observer-process.ts';
import { startWholeSystem, type WholeSystem } from './whole-system.ts';

const silent: MessagingLogger = { debug() {}, info() {}, warn() {}, error() {} };

/** A whole system in which only the observers of a test observe. */
export interface ObservedSystem {
  readonly whole: WholeSystem;
  /** To send failures with. */
  readonly producer: RawProducer;
  /** @param killAt as that of `startObserver` */
  start(settings?: object, killAt?: string): Promise<Observer>;
  /** Kills all observers that were started. */
  killObservers(): Promise<void>;
  stop(): Promise<void>;
}

/** @param settings of all its observers */
export async function startObservedSystem(settings: object = {}): Promise<ObservedSystem> {
  const resources = new Releasers();
  const observers: Observer[] = [];
  try {
    const whole = await startWholeSystem({ ANALYZER_STAGES: 'diagnose' });
    resources.add('the system', whole, (each) => each.stop());
    const producer = new RawProducer({ ...whole.connection, logger: silent });
    await producer.start(new AbortController().signal);
    resources.add('the producer', producer, (each) => each.stop());
    return {
      whole,
      producer,
      async start(own = {}, killAt = '') {
        const observer = await startObserver({ ...whole.stack.env, ...settings, ...own }, killAt);
        observers.push(observer);
        return observer;
      },
      async killObservers() {
        for (const { child } of observers) child.kill('SIGKILL');
        await Promise.all(observers.splice(0).map(ended));
      },
      stop: () => resources.release(),
    };
  } catch (error) {
    await resources.release();
    throw error;
  }
}
