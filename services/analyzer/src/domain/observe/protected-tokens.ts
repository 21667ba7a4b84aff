import { isDigitCode, isHexCode, isLetterCode, isLowerCode, isUpperCode } from './character-classes.ts';

/** What stands around a token, as far as it tells what the token is. */
export interface TokenContext {
  /** The two words before it, lower case, nearest first; empty when there are none. */
  readonly previous: string;
  readonly beforePrevious: string;
  /** The word that follows after a blank, to tell `500 Internal` from `500 rows`; empty when there is none. */
  readonly next: string;
}

/**
 * Whether a token that holds a digit tells causes apart and must therefore stay: an exception class, an ALL_CAPS code or
 * errno, a SQLSTATE, an HTTP status, an exit or error code beside a word that says so, the code of a known product.
 */
export function isProtectedToken(token: string, context: TokenContext): boolean {
  if (token.length <= maxKnownWordChars && knownWords.has(token.toLowerCase())) return true;
  const first = token.charCodeAt(0);
  if (isDigitCode(first)) return isCodeNumber(token, context);
  return (
    isExceptionClass(token) ||
    isConstantName(token) ||
    isProductCode(token) ||
    (isCodeHint(context) && isShortCode(token)) ||
    (isSqlStateHint(context) && isSqlState(token))
  );
}

/** Whether a token reads as the class of an exception: `java.io.IOException`, `Http2Exception`, `KeyError`. */
export function isExceptionClass(token: string): boolean {
  let end = token.length;
  let ending: string | undefined;
  for (const each of exceptionEndings) if (token.endsWith(each)) ending = each;
  if (ending === undefined) return false;
  const start = Math.max(token.lastIndexOf('.'), token.lastIndexOf('\\'), token.lastIndexOf(':')) + 1;
  end -= ending.length;
  if (end < start || !isUpperCode(token.charCodeAt(start))) return false;
  let digits = 0;
  for (let i = start; i < end; i++) if (isDigitCode(token.charCodeAt(i))) digits++;
  return digits <= 2;
}

/** Whether a text can name an exception's class at all. */
export const holdsExceptionEnding = (text: string): boolean =>
  exceptionEndings.some((ending) => text.includes(ending));

const exceptionEndings = [
  'Exception',
  'Error',
  'Fault',
  'Failure',
  'Throwable',
  'Timeout',
  'Interrupt',
  'Panic',
];

/** Words with a digit that name a technology and never vary. */
const knownWords = new Set(
  's3 ec2 k8s neo4j db2 auth0 oauth2 log4j etcd3 http2 http3 x509 h2 ipv4 ipv6 utf8 utf-8 sha1 sha256 sha512 md5 base64 r2dbc p2p'.split(
    ' ',
  ),
);

const maxKnownWordChars = [...knownWords].reduce((most, { length }) => Math.max(most, length), 0);

/** `ERR_HTTP2_STREAM_ERROR`: two or more capital words, each at most two digits at its end. */
function isConstantName(token: string): boolean {
  let words = 0;
  let letters = 0;
  let digits = 0;
  for (let i = 0; i <= token.length; i++) {
    const code = i < token.length ? token.charCodeAt(i) : 95;
    if (isUpperCode(code) && digits === 0) letters++;
    else if (isDigitCode(code) && letters >= 2 && digits < 2) digits++;
    else if (code === 95 && letters > 0) {
      words++;
      letters = digits = 0;
    } else return false;
  }
  return words >= 2;
}

/** `ORA-00942`, `E11000`, `SQLSTATE-23505`: letters from a known list, then digits. */
function isProductCode(token: string): boolean {
  let end = 0;
  while (end < token.length && isUpperCode(token.charCodeAt(end))) end++;
  const prefix = token.slice(0, end);
  if (!productPrefixes.has(prefix)) return false;
  const from = token.charCodeAt(end) === 45 || token.charCodeAt(end) === 95 ? end + 1 : end;
  const digits = token.length - from;
  if (prefix === 'E') return token === 'E11000' || token === 'E11001';
  return digits >= 3 && digits <= 6 && allDigits(token, from);
}

const productPrefixes = new Set(
  'ORA TNS PLS PG SQL SQLSTATE SQLCODE DPY DPI NJS HHH WFLY JBAS AMQ MSB KSQL ERR E MY DB CS TS IMAP LDAP'.split(
    ' ',
  ),
);

function isCodeNumber(token: string, context: TokenContext): boolean {
  if (isSqlState(token) && isSqlStateHint(context)) return true;
  if (token.startsWith('0x')) return isCodeHint(context) && token.length <= 10;
  if (!allDigits(token, 0)) return false;
  const number = Number(token);
  // Whatever stands around it: the words are not even looked at.
  if (token.length > 5 && number > 16) return false;
  if (token.length === 3 && number >= 100 && number <= 599) {
    if (reasonPhrases.has(context.next) || statusHints.has(context.previous)) return true;
    if (number >= 400 && context.next === '' && answerHints.has(context.previous)) return true;
  }
  if (context.previous === 'errno') return token.length <= 5;
  if (context.previous !== 'code' && context.previous !== 'error')
    return codeHints.has(context.previous) && token.length <= 5;
  return codeQualifiers.has(context.beforePrevious)
    ? token.length <= 5
    : context.previous === 'code' && number <= 16;
}

const statusHints = new Set(
  'status http https code statuscode status_code httpstatus http_status status-code response_code responsecode'.split(
    ' ',
  ),
);

/** First words of what HTTP calls its statuses (RFC 9110). */
const reasonPhrases = new Set(
  `Bad Unauthorized Payment Forbidden Not Method Proxy Request Conflict Gone Length Precondition Payload Content URI
  Unsupported Range Expectation Misdirected Unprocessable Locked Too Internal Service Gateway HTTP
  Insufficient`.split(/\s+/),
);

const answerHints = new Set(
  'returned responded answered response got received with upstream error failed'.split(' '),
);

const codeHints = new Set(
  'code errorcode error_code errcode errno exitcode exit_code sqlcode err_code vendorcode hresult signal'.split(
    ' ',
  ),
);

const codeQualifiers = new Set(
  'error exit status return vendor result mysql sql err failure exited'.split(' '),
);

const isCodeHint = ({ previous }: TokenContext): boolean => codeHints.has(previous);

const isSqlStateHint = ({ previous }: TokenContext): boolean =>
  previous === 'sqlstate' || previous === 'code' || previous === 'sqlcode' || previous === 'state';

/** `P2002`, `PG-42`: one to five capitals and up to five digits. */
function isShortCode(token: string): boolean {
  let i = 0;
  while (i < token.length && isUpperCode(token.charCodeAt(i))) i++;
  if (i === 0 || i > 5) return false;
  if (token.charCodeAt(i) === 45 || token.charCodeAt(i) === 95) i++;
  return token.length - i >= 1 && token.length - i <= 5 && allDigits(token, i);
}

/** Five characters whose first two are a class that the standard or a database defines. */
function isSqlState(token: string): boolean {
  if (token.length !== 5 || !sqlStateClasses.has(token.slice(0, 2))) return false;
  for (let i = 0; i < 5; i++) {
    const code = token.charCodeAt(i);
    if (!isDigitCode(code) && !isUpperCode(code)) return false;
  }
  return true;
}

const sqlStateClasses = new Set(
  '01 02 03 08 09 0A 0B 0F 0L 0P 0Z 20 21 22 23 24 25 26 27 28 2B 2D 2F 34 38 39 3B 3D 3F 40 42 44 53 54 55 57 58 72 F0 HV HY IM P0 XX'.split(
    ' ',
  ),
);

/**
 * How much of a token before its first part with a digit is a word that names something: `redis` of `redis-0`, `ORD` of
 * `ORD-12345`; 0 when the token is random or hexadecimal throughout.
 */
export function lengthOfLeadingWords(token: string): number {
  let kept = 0;
  let start = 0;
  for (let i = 0; i < token.length; i++) {
    const code = token.charCodeAt(i);
    if (code !== 45 && code !== 95) {
      if (isDigitCode(code)) break;
      continue;
    }
    if (!isWord(token, start, i)) break;
    kept = i + 1;
    start = i + 1;
  }
  return kept;
}

function isWord(token: string, start: number, end: number): boolean {
  if (end - start < 2) return false;
  let hex = 0;
  let upper = 0;
  for (let i = start; i < end; i++) {
    const code = token.charCodeAt(i);
    if (!isLetterCode(code)) return false;
    if (isHexCode(code)) hex++;
    if (isUpperCode(code)) upper++;
  }
  if (hex === end - start && end - start >= 4) return false;
  return (
    upper === 0 ||
    upper === end - start ||
    (upper === 1 && isUpperCode(token.charCodeAt(start)) && isLowerCode(token.charCodeAt(start + 1)))
  );
}

function allDigits(token: string, from: number): boolean {
  for (let i = from; i < token.length; i++) if (!isDigitCode(token.charCodeAt(i))) return false;
  return token.length > from;
}
