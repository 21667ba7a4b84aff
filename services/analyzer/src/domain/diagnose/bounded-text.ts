/** The first `maxCharacters` of a text, without half a surrogate pair at the end. A cut text is a substring. */
export function cut(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  const end = isHighSurrogate(text.charCodeAt(maxCharacters - 1)) ? maxCharacters - 1 : maxCharacters;
  return text.slice(0, end);
}

/** The last `maxCharacters` of a text, without half a surrogate pair at the start. */
export function cutStart(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  const start = text.length - maxCharacters;
  return text.slice(isLowSurrogate(text.charCodeAt(start)) ? start + 1 : start);
}

/** A text as one line of at most `maxCharacters`, an ellipsis where it was cut. For sentences, never for quotes. */
export function oneLine(text: string, maxCharacters: number): string {
  // Control and direction marks could make a log line look like a sentence of ours on a terminal.
  const flat = cut(text, maxCharacters * 4)
    .replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, ' ')
    .trim();
  return flat.length <= maxCharacters ? flat : `${cut(flat, maxCharacters - 1)}…`;
}

/** Lower case for A to Z only: unlike `toLowerCase` it keeps every position, so that a match can be quoted as written. */
export function lowerAscii(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (capitals) => capitals.toLowerCase());
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff;
}
