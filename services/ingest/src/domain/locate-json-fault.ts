/** Where a text stops being JSON: an index into it, and what could have stood there. */
export interface TextFault {
  readonly at: number;
  readonly expected: string;
}

/**
 * Finds the first place where a text is not JSON (RFC 8259). V8 says "unexpected token" without a place and quotes the
 * text, which may be a secret. Slow path: only for texts that JSON.parse has refused. Iterative: depth costs no stack.
 */
export function locateJsonFault(text: string): TextFault {
  const closers: string[] = [];
  let state: State = 'value';
  let at = 0;
  for (;;) {
    at = skipSpace(text, at);
    const char = text[at];
    const closer = closers.at(-1);
    if (closer !== undefined && char === closer && mayClose[state]) {
      closers.pop();
      state = 'after';
      at++;
    } else if (state === 'value' || state === 'first value') {
      const end = endOfValue(text, at);
      if (typeof end !== 'number') return end;
      if (char === '{') closers.push('}');
      if (char === '[') closers.push(']');
      state = char === '{' ? 'first key' : char === '[' ? 'first value' : 'after';
      at = end;
    } else if (state === 'key' || state === 'first key') {
      if (char !== '"')
        return { at, expected: state === 'key' ? 'a name in quotes' : 'a name in quotes or }' };
      const end = endOfText(text, at);
      if (typeof end !== 'number') return end;
      state = 'colon';
      at = end;
    } else if (state === 'colon') {
      if (char !== ':') return { at, expected: ':' };
      state = 'value';
      at++;
    } else {
      if (char !== ',' || closer === undefined)
        return { at, expected: closer ? `, or ${closer}` : 'the end of the text' };
      state = closer === '}' ? 'key' : 'value';
      at++;
    }
  }
}

type State = 'value' | 'first value' | 'key' | 'first key' | 'colon' | 'after';

const mayClose: Readonly<Record<State, boolean>> = {
  value: false,
  'first value': true,
  key: false,
  'first key': true,
  colon: false,
  after: true,
};

function endOfValue(text: string, at: number): number | TextFault {
  const char = text[at];
  if (char === '{' || char === '[') return at + 1;
  if (char === '"') return endOfText(text, at);
  return matchAt(scalar, text, at) ?? { at, expected: 'a value' };
}

function endOfText(text: string, start: number): number | TextFault {
  let at = start + 1;
  for (;;) {
    at = matchAt(plainCharacters, text, at) ?? at;
    const char = text[at];
    if (char === undefined) return { at, expected: 'a closing quote' };
    if (char === '"') return at + 1;
    if (char !== '\\') return { at, expected: 'no control character inside a text' };
    const end = matchAt(escape, text, at);
    if (end === undefined) return { at, expected: 'a valid escape' };
    at = end;
  }
}

function skipSpace(text: string, at: number): number {
  return matchAt(space, text, at) ?? at;
}

/** Where the match that starts at `at` ends. */
function matchAt(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

const space = /[ \t\r\n]+/y;
const scalar = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// eslint-disable-next-line no-control-regex -- control characters are what JSON forbids here
const plainCharacters = /[^"\\\u0000-\u001f]+/y;
const escape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
