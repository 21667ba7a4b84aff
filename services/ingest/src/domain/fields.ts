/**
 * The fields of one item while they are being renamed. Null is as good as absent. Own properties only: `__proto__` is a
 * name like any other.
 */
export class Fields {
  readonly #fields = new Map<string, unknown>();

  constructor(item: object) {
    for (const name of Object.keys(item)) {
      const value = (item as Record<string, unknown>)[name];
      if (value !== null) this.#fields.set(name, value);
    }
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  get(name: string): unknown {
    return this.#fields.get(name);
  }

  set(name: string, value: unknown): void {
    this.#fields.set(name, value);
  }

  remove(name: string): void {
    this.#fields.delete(name);
  }

  /**
   * Takes the first of these names whose value can be read, out of the fields. A dotted name is looked for as it is and
   * as a nested object (`log.level` in `{log: {level}}`). A value that cannot be read stays where it was.
   */
  take<T>(names: readonly string[], read: (value: unknown) => T | undefined): T | undefined {
    for (const name of names) {
      const result = this.#takeFlat(name, read) ?? this.#takeNested(name, read);
      if (result !== undefined) return result;
    }
    return undefined;
  }

  /** Moves what an object under `name` holds to `name.KEY`, where it becomes an attribute. */
  flatten(name: string): void {
    const value = this.get(name);
    if (!isJsonObject(value)) return;
    this.#fields.delete(name);
    for (const [key, inner] of Object.entries(value)) {
      const flatName = `${name}.${key}`;
      if (!this.#fields.has(flatName)) this.#fields.set(flatName, inner);
    }
  }

  toObject(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    for (const [name, value] of this.#fields) {
      // Set like any other, it would become the object's prototype.
      if (name === '__proto__')
        Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
      else object[name] = value;
    }
    return object;
  }

  #takeFlat<T>(name: string, read: (value: unknown) => T | undefined): T | undefined {
    const value = this.get(name);
    const result = value === undefined ? undefined : read(value);
    if (result !== undefined) this.#fields.delete(name);
    return result;
  }

  #takeNested<T>(name: string, read: (value: unknown) => T | undefined): T | undefined {
    const dot = name.indexOf('.');
    if (dot === -1) return undefined;
    const [outer, inner] = [name.slice(0, dot), name.slice(dot + 1)];
    const object = this.get(outer);
    if (!isJsonObject(object)) return undefined;
    const nested = new Fields(object);
    const result = nested.take([inner], read);
    if (result === undefined) return undefined;
    if (nested.#fields.size === 0) this.#fields.delete(outer);
    else this.#fields.set(outer, nested.toObject());
    return result;
  }
}

export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
