/** The headers of a record; of a name that comes several times all values, in order. */
export type RecordHeaders = Readonly<Record<string, Buffer | Buffer[]>>;

export const noHeaders: RecordHeaders = Object.freeze({});

const noTexts: Readonly<Record<string, string>> = Object.freeze({});

/** Names are strangers' choice: `__proto__` is one like any other. */
export function addHeader(headers: Record<string, Buffer | Buffer[]>, name: string, value: Buffer): void {
  const before = headers[name];
  if (before === undefined) headers[name] = value;
  else if (Array.isArray(before)) before.push(value);
  else headers[name] = [before, value];
}

/** The last value of each name, as text. */
export function toTextHeaders(headers: RecordHeaders): Readonly<Record<string, string>> {
  if (headers === noHeaders) return noTexts;
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, lastText(value)]));
}

function lastText(value: Buffer | Buffer[]): string {
  const last = Array.isArray(value) ? value.at(-1) : value;
  return last === undefined ? '' : last.toString();
}
