/**
 * Owns what was acquired and releases it: last in, first out, once, going on past a failure. All failures are thrown
 * together at the end, so that one stuck connection does not keep the others open.
 */
export class Releasers implements AsyncDisposable {
  readonly #stack: { name: string; release: () => unknown }[] = [];
  #released: Promise<void> | undefined;

  /** Remembers how to release `value` and hands it back. */
  add<T>(name: string, value: T, release: (value: T) => unknown): T {
    this.#stack.push({ name, release: () => release(value) });
    return value;
  }

  release(): Promise<void> {
    this.#released ??= this.#releaseAll();
    return this.#released;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  async #releaseAll(): Promise<void> {
    const failures: unknown[] = [];
    for (let next = this.#stack.pop(); next; next = this.#stack.pop()) {
      try {
        await next.release();
      } catch (cause) {
        failures.push(new Error(`could not release ${next.name}`, { cause }));
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'some resources could not be released');
  }
}
