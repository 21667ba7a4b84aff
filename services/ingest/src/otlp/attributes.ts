import type { AnyValue, KeyValue } from './request-shape.ts';

/** Attributes as a map of texts; what is not a text is written as JSON. The later of two equal keys wins. */
export function toTexts(attributes: readonly KeyValue[] | null | undefined): Map<string, string> {
  const texts = new Map<string, string>();
  for (const { key, value } of attributes ?? []) {
    const text = textOf(value);
    if (text !== undefined) texts.set(key, text);
  }
  return texts;
}

/** Undefined when there is no value. */
export function textOf(value: AnyValue | null | undefined): string | undefined {
  const plain = toPlain(value);
  if (plain === undefined || plain === null) return undefined;
  return typeof plain === 'string' ? plain : JSON.stringify(plain);
}

/** Takes the first of these that is there and not empty. */
export function takeText(texts: Map<string, string>, ...names: readonly string[]): string | undefined {
  const name = names.find((each) => texts.get(each));
  const text = name === undefined ? undefined : texts.get(name);
  if (name !== undefined) texts.delete(name);
  return text;
}

function toPlain(value: AnyValue | null | undefined): unknown {
  if (!value) return undefined;
  if (typeof value.stringValue === 'string') return value.stringValue;
  if (typeof value.boolValue === 'boolean') return value.boolValue;
  // A 64-bit number stays a text: a double would round it.
  if (value.intValue !== undefined && value.intValue !== null) return String(value.intValue);
  if (value.doubleValue !== undefined && value.doubleValue !== null) return String(value.doubleValue);
  if (value.bytesValue)
    return typeof value.bytesValue === 'string'
      ? value.bytesValue
      : Buffer.from(value.bytesValue).toString('base64');
  if (value.arrayValue) return (value.arrayValue.values ?? []).map((each) => toPlain(each) ?? null);
  if (value.kvlistValue)
    return Object.fromEntries(
      (value.kvlistValue.values ?? []).map((each) => [each.key, toPlain(each.value) ?? null]),
    );
  return undefined;
}
