/** JSON that is not well-formed, at a byte of the body. Its message never quotes what stands there. */
export class JsonFault extends Error {
  override readonly name = 'JsonFault';
  readonly offset: number;

  constructor(offset: number, expected: string) {
    super(`expected ${expected}`);
    this.offset = offset;
  }
}

/** Where a byte stands, as people and editors count: line and column (in UTF-16 units) from 1, offset (in bytes) from 0. */
export interface Place {
  readonly line: number;
  readonly column: number;
  readonly offset: number;
}

export function placeOf(body: Buffer, offset: number): Place {
  const lineFeed = 0x0a;
  let line = 1;
  let lineStart = 0;
  for (let at = body.indexOf(lineFeed); at !== -1 && at < offset; at = body.indexOf(lineFeed, at + 1)) {
    line++;
    lineStart = at + 1;
  }
  return { line, column: body.toString('utf8', lineStart, offset).length + 1, offset };
}
