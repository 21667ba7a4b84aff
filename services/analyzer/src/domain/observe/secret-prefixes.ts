import {
  codesOf,
  isAsciiWordCode,
  isDigitCode,
  isLetterCode,
  isLowerCode,
  isUpperCode,
} from './character-classes.ts';
import { isHexBetween } from './random-values.ts';
import type { SecretKind, SecretSpan } from './secret-span.ts';

/** A credential that starts at `at` and is known by its first characters. */
export function findPrefixedSecret(text: string, at: number): SecretSpan | undefined {
  const code = text.charCodeAt(at);
  // A JWT is looked for inside of words too: percent-encoding and missing spaces glue things to its front.
  if (code === 101 && text.startsWith('eyJ', at)) return findJwt(text, at);
  if (at > 0 && isAsciiWordCode(text.charCodeAt(at - 1)) && !isPercentEncoded(text, at)) return undefined;
  const scheme = (code | 32) === 98 ? findScheme(text, at) : undefined;
  if (scheme !== undefined) return scheme;
  for (const known of byFirstCode[code] ?? []) {
    if (!text.startsWith(known.prefix, at)) continue;
    const end = endOfToken(text, at + known.prefix.length);
    if (end - at - known.prefix.length < known.minTail || !isMadeOf(text, at, end, known)) continue;
    const isAws = known.kind === 'aws_access_key';
    return { start: at, end: isAws ? endOfAwsSecret(text, end) : end, kind: known.kind };
  }
  return undefined;
}

/** Whether a credential may begin with these two characters. */
export const mayBegin = (first: number, second: number): boolean =>
  second < 128 && firstTwo[(first << 7) | second] === 1;

/** The same of three, now and then wrongly yes: turns nearly every word away before it is looked at. */
export const mayBeginWith = (first: number, second: number, third: number): boolean =>
  firstThree[slotOf(first, second, third)] === 1;

const slotOf = (first: number, second: number, third: number): number =>
  ((first * 961 + second * 31 + third) >>> 0) & (slots - 1);

const slots = 8_192;
const firstThree = new Uint8Array(slots);

const firstTwo = new Uint8Array(128 * 128);
const byFirstCode: { prefix: string; kind: SecretKind; minTail: number }[][] = [];
function register(kind: SecretKind, minTail: number, ...prefixes: string[]): void {
  for (const prefix of prefixes) {
    (byFirstCode[prefix.charCodeAt(0)] ??= []).push({ prefix, kind, minTail });
    admit(prefix);
  }
}

/** Twilio's prefix is `SK`: what follows must be its 32 hexadecimal digits. */
function isMadeOf(text: string, at: number, end: number, { prefix }: { prefix: string }): boolean {
  return !prefix.startsWith('SK') || (end - at === 34 && isHexBetween(text, at + 2, end));
}

function admit(prefix: string): void {
  const [first, second, third] = [prefix.charCodeAt(0), prefix.charCodeAt(1), prefix.charCodeAt(2)];
  firstTwo[(first << 7) | second] = 1;
  firstThree[slotOf(first, second, third)] = 1;
}
register('jwt', 16, 'eyJ');
register('aws_access_key', 16, 'AKIA', 'ASIA', 'ABIA', 'ACCA');
register('github_token', 20, 'ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_');
register('gitlab_token', 16, 'glpat-', 'gldt-', 'glrt-', 'glcbt-', 'glptt-');
register('slack_token', 10, 'xoxb-', 'xoxp-', 'xoxa-', 'xoxr-', 'xoxs-', 'xoxe-', 'xoxe.', 'xapp-');
register('slack_token', 20, 'hooks.slack.com/services/');
register('stripe_key', 10, 'sk_live_', 'sk_test_', 'rk_live_', 'rk_test_', 'whsec_');
register('google_key', 30, 'AIza');
register('google_key', 20, 'ya29.', 'GOCSPX-');
register('openai_key', 16, 'sk-proj-', 'sk-svcacct-', 'sk-ant-', 'sk-or-', 'sk-admin-');
register('openai_key', 20, 'sk-');
register('vendor_token', 30, 'npm_', 'SG.', 'hf_', 'shpat_', 'dop_v1_', 'pypi-');
register('vendor_token', 20, 'hvs.', 'NRAK-', 'lin_api_', 'AGE-SECRET-KEY-');
// What further rules of gitleaks look for, by the makers' own prefixes.
register('gitlab_token', 16, 'glft-', 'glsoat-', 'gloas-', 'glagent-', 'glrtr-', 'glimt-', 'glffct-');
register('stripe_key', 10, 'sk_prod_', 'rk_prod_');
register('aws_secret_key', 60, 'ABSK');
register('vendor_token', 20, 'shpss_', 'shpca_', 'shppa_', 'shpua_', 'hvb.', 'hvr.', 'doo_v1_', 'dor_v1_');
register('vendor_token', 20, 'glsa_', 'glc_', 'sntrys_', 'sntryu_', 'dapi', 'pul-', 'rubygems_', 'PMAK-');
register('vendor_token', 20, 'sq0atp-', 'sq0csp-', 'EAAA', 'tfp_', 'dp.pt.', 'dp.st.', 'figd_', 'xkeysib-');
register('vendor_token', 20, 'fo1_', 'fm1r_', 'fm2_', 'ATATT3', 'ATCTT3', 'duffel_live_', 'duffel_test_');
register('vendor_token', 20, 'pscale_tkn_', 'pscale_pw_', 'pscale_oauth_', 'pat-na1-', 'pat-eu1-', 'dt0c01.');
register('vendor_token', 20, 'CCIPAT_', 'bkua_', 'sbp_', 'tskey-', 'EZAK', 'EZTK', 'amzn.mws.', 'ops_eyJ');
register(
  'vendor_token',
  20,
  'gsk_',
  'r8_',
  'nvapi-',
  'xai-',
  'pplx-',
  'ntn_',
  'secret_',
  'clojars_',
  'CLOJARS_',
);
register(
  'vendor_token',
  20,
  'nfp_',
  'sgp_',
  'phc_',
  'phx_',
  'ico-',
  'p8e-',
  'sm_live_',
  'FLWSECK-',
  'FLWSECK_TEST-',
);
register('vendor_token', 30, 'discord.com/api/webhooks/', 'api_org_', 'key-');

// `Bearer` and `Basic` count in any case.
for (const first of 'bB') {
  for (const second of ['ea', 'eA', 'Ea', 'EA', 'as', 'aS', 'As', 'AS']) admit(first + second);
}
register('vendor_token', 26, 'A3-', 'API-', 'AQVN', 'pubkey-', 'webhook.office.com/webhookb2/');
register(
  'vendor_token',
  20,
  'LTAI',
  'NRJS-',
  'NRII-',
  'NRRA-',
  'dnkey-',
  'fio-u-',
  'rdme_',
  'pnu_',
  'tk-us-',
);
register('vendor_token', 20, 'shippo_live_', 'shippo_test_', 'squ_', 'sqp_', 'sqa_', 'EAAC', 'EAAM', 'HRKU-');
register('vendor_token', 20, 'sm_aat_', 'sm_pat_', 'sm_sat_', 'dt0s01.', 'dp.ct.', 'dp.sa.', 'dp.scim.');
register('vendor_token', 30, 'access-sandbox-', 'access-development-', 'access-production-', 's-s4t2ud-');
register('vendor_token', 40, 'atlasv1.', 'oy2', 'sha256~', 'AKCp', 'cmVmd', 'pat.', 'sat.');
register('vendor_token', 100, 'sl.', 'v1.0-', 't1.');
// What secretlint's recommended rules look for beyond these.
register('slack_token', 10, 'xoxo-');
register('vendor_token', 20, 'vcp_', 'vci_', 'vca_', 'vcr_', 'vck_', 'dckr_pat_');
register('gitlab_token', 16, 'GR1348941', 'glwt-');
register('aws_access_key', 17, 'A3T');
register('aws_secret_key', 60, 'bedrock-api-key-');
register('vendor_token', 31, ...Array.from('0123456789abcdefABCDEF', (digit) => `SK${digit}`));

/** An AWS secret has no shape of its own but its length: it is known by standing right behind its key id. */
function endOfAwsSecret(text: string, keyEnd: number): number {
  let start = keyEnd;
  while (start - keyEnd < 3 && separators.has(text.charCodeAt(start))) start++;
  const end = endOfToken(text, start);
  return start > keyEnd && end - start === 40 ? end : keyEnd;
}

const separators = codesOf(' :,|;\t');

function findJwt(text: string, at: number): SecretSpan | undefined {
  const end = endOfToken(text, at);
  return end - at >= 16 ? { start: at, end, kind: 'jwt' } : undefined;
}

/** `Bearer CREDENTIAL` and `Basic CREDENTIAL` outside of a header; "basic authentication" is prose. */
function findScheme(text: string, at: number): SecretSpan | undefined {
  const scheme = text.slice(at, at + 7).toLowerCase();
  const length = scheme === 'bearer ' ? 7 : scheme.startsWith('basic ') ? 6 : 0;
  if (length === 0) return undefined;
  const start = at + length;
  const end = endOfToken(text, start);
  const credential = { start, end, kind: text.startsWith('eyJ', start) ? 'jwt' : 'authorization' } as const;
  if (end - start < 6) return undefined;
  return end - start >= 24 || looksRandom(text, start, end) ? credential : undefined;
}

function looksRandom(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (isDigitCode(code) || code === 61) return true;
    if (i > start && isUpperCode(code) && isLowerCode(text.charCodeAt(i - 1))) return true;
  }
  return false;
}

/** Where a run of the characters that tokens are made of ends; a full stop or a dash at its end is punctuation. */
export function endOfToken(text: string, start: number): number {
  let end = start;
  while (end < text.length && isTokenCode(text.charCodeAt(end))) end++;
  while (end > start && (text.charCodeAt(end - 1) === 46 || text.charCodeAt(end - 1) === 45)) end--;
  return end;
}

/** Letters, digits and `% + - . / = _ ~`. */
function isTokenCode(code: number): boolean {
  if (code >= 128) return false;
  if (isLetterCode(code) || isDigitCode(code)) return true;
  return (
    code === 37 || code === 43 || code === 61 || code === 95 || code === 126 || (code >= 45 && code <= 47)
  );
}

function isPercentEncoded(text: string, at: number): boolean {
  return at >= 3 && text.charCodeAt(at - 3) === 37;
}
