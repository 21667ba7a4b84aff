/** The engine sends the lines of both outputs in frames: which output, three zeros, the length, the text. */
export function withoutFrames(log: Buffer): string {
  const texts: string[] = [];
  for (let at = 0; at + 8 <= log.length;) {
    const end = at + 8 + log.readUInt32BE(at + 4);
    texts.push(log.toString('utf8', at + 8, end));
    at = end;
  }
  return texts.join('');
}
