/**
 * Text that PostgreSQL, Avro and JSON can all hold: no NUL, no lone surrogate, at most `maxChars` code units. NULs are
 * removed rather than replaced, so that they cannot hide a secret from the redaction. Never throws.
 */
export function toStorableText(text: string, maxChars: number): string {
  let result = text;
  if (result.includes('\0')) result = result.slice(0, maxChars * 2).replaceAll('\0', '');
  if (result.length > maxChars) result = cutAt(result, maxChars);
  if (!result.isWellFormed()) result = result.toWellFormed();
  return text.length > maxChars ? detach(result) : result;
}

/**
 * The first `maxBytes` bytes of UTF-8, whole characters only.
 *
 * @param text well-formed
 */
export function cutToBytes(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text;
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxBytes) break;
    end += character.length;
  }
  return detach(text.slice(0, end));
}

/** Cuts without leaving half of a surrogate pair. */
export function cutAt(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const last = text.charCodeAt(maxChars - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? maxChars - 1 : maxChars);
}

/**
 * Like `cutAt`, and where it cuts it also drops the word that the cut goes through: half a secret may have lost the shape by
 * which it would have been known. A word of more than 4,096 code units stays, cut: what is that long is known by its start.
 */
export function cutAtWord(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  for (let end = maxChars; end > 0 && end > maxChars - maxWordChars; end--) {
    if (text.charCodeAt(end - 1) <= 32) return text.slice(0, end);
  }
  return cutAt(text, maxChars);
}

const maxWordChars = 4_096;

/** V8 keeps the whole of a string alive for a slice of it: a copy lets a megabyte go. */
function detach(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
