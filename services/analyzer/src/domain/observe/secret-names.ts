import { isDigitCode, isLowerCode } from './character-classes.ts';
import type { SecretKind } from './secret-span.ts';

/**
 * Which kind of secret a name announces: `DB_PASSWORD`, `x-api-key`, `clientSecret`, `sessionToken` …; undefined when none.
 * Names of amounts and facts about secrets (`max_tokens`, `token_type`) announce none.
 *
 * @param name letters, digits and `_ - . $`, at most 64 characters
 */
export function kindOfName(name: string): SecretKind | undefined {
  const plain = toPlain(name);
  const exact = exactNames[plain];
  if (exact !== undefined) return exact;
  for (const [ending, kind] of endings) if (plain.endsWith(ending)) return kind;
  return undefined;
}

/**
 * Whether a name says that a value may be a key, when the value looks like one: `DD_APP_KEY`, `masterKey`, `twilio`. Names of
 * keys by which things are found (`cache_key`, `partitionKey`) say no such thing.
 */
export function mayNameKey(name: string): boolean {
  const plain = toPlain(name);
  if (plain.endsWith('key'))
    return plain !== 'key' && !findingKeys.some((ending) => plain.endsWith(`${ending}key`));
  return makers.some((maker) => plain.endsWith(maker));
}

/** What stands before `key` where it is no secret. */
const findingKeys =
  `primary foreign partition sort cache idempotency routing public object hash row message record shard group unique composite
  natural surrogate lookup bucket s3 file dedup deduplication correlation trace request item mon tur event order cart entity
  storage redis map index join session`.split(/\s+/);

/** Makers whose keys are bare hexadecimal digits, as rules of gitleaks know them by the name that stands before. */
const makers =
  'twilio datadog heroku mailchimp mailgun sendgrid algolia fastly okta cloudflare airtable asana snyk trello dropbox newrelic meraki codecov'.split(
    ' ',
  );

/** Whether a name is that of a field that itself names another value. */
export const isNameOfName = (name: string): boolean => /^(?:name|key|field|header)$/i.test(name);

export const isNameOfValue = (name: string): boolean => /^value$/i.test(name);

const endings: readonly (readonly [string, SecretKind])[] = [
  ['awssecretaccesskey', 'aws_secret_key'],
  ['secretaccesskey', 'aws_secret_key'],
  ['password', 'password'],
  ['passwords', 'password'],
  ['passwd', 'password'],
  ['passphrase', 'password'],
  ['passcode', 'password'],
  ['pwd', 'password'],
  ['secret', 'secret'],
  ['secrets', 'secret'],
  ['secretkey', 'secret'],
  ['clientsecret', 'secret'],
  ['privatekey', 'secret'],
  ['encryptionkey', 'secret'],
  ['signingkey', 'secret'],
  ['accountkey', 'secret'],
  ['sharedaccesskey', 'secret'],
  ['credentials', 'secret'],
  ['token', 'token'],
  ['sessionid', 'token'],
  ['sessionkey', 'token'],
  ['apikey', 'api_key'],
  ['apikeys', 'api_key'],
  ['apisecret', 'api_key'],
  ['accesskey', 'api_key'],
  ['accesskeyid', 'aws_access_key'],
  ['authkey', 'api_key'],
  ['authorization', 'authorization'],
  ['cookie', 'cookie'],
  ['cookies', 'cookie'],
];

const exactNames: Readonly<Record<string, SecretKind>> = Object.assign(Object.create(null), {
  pass: 'password',
  userpass: 'password',
  dbpass: 'password',
  auth: 'authorization',
  credential: 'secret',
  sig: 'secret',
  xamzsignature: 'secret',
  xamzcredential: 'aws_access_key',
  jsessionid: 'cookie',
  phpsessid: 'cookie',
  jwt: 'jwt',
  cvv: 'card_number',
  cvc: 'card_number',
});

/** Whether a name that ends with these two characters can be one that this file knows: nearly every other is turned away here. */
export const mayEndKnownName = (secondLast: number, last: number): boolean =>
  secondLast < 128 && last < 128 && lastTwo[((secondLast | 32) << 7) | last | 32] === 1;

const lastTwo = new Uint8Array(128 * 128);
for (const name of [
  ...endings.map(([ending]) => ending),
  ...Object.keys(exactNames),
  ...makers,
  'name',
  'key',
  'field',
  'header',
  'value',
])
  lastTwo[(name.charCodeAt(name.length - 2) << 7) | name.charCodeAt(name.length - 1)] = 1;

/** Lower case, letters and digits only. */
function toPlain(name: string): string {
  const lower = name.toLowerCase();
  for (let i = 0; i < lower.length; i++) {
    const code = lower.charCodeAt(i);
    if (!isLowerCode(code) && !isDigitCode(code)) return lower.replaceAll(/[^0-9a-z]+/g, '');
  }
  return lower;
}
