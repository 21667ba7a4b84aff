// The driver would look at every element of an array several times; of thousands that costs more than sending them.

/** The literal of an array of texts, for a parameter such as `$1::text[]`. */
export function toTextArray(texts: readonly string[]): string {
  if (texts.length === 0) return '{}';
  const joined = texts.join('","');
  // As many quotes as were put between them: none has to be escaped.
  if (!joined.includes('\\') && countQuotes(joined) === 2 * (texts.length - 1)) return `{"${joined}"}`;
  return `{"${texts.map((text) => text.replaceAll(/["\\]/g, String.raw`\$&`)).join('","')}"}`;
}

/** The literal of an array of numbers, for a parameter such as `$1::int8[]`. */
export function toNumberArray(numbers: readonly number[]): string {
  return `{${numbers.join(',')}}`;
}

function countQuotes(text: string): number {
  let count = 0;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) count++;
  return count;
}
