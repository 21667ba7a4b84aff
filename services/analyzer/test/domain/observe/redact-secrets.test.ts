import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { redactSecrets } from '../../../src/domain/observe/redact-secrets.ts';

// Properties run hundreds of times; how long that takes says nothing.
jest.setTimeout(60_000);

const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJmZHNlIn0.e-1QO3YZ0a35KPfiWVUOLwk7GP8HmSn_njLwW5LCbNE';

describe('redactSecrets', () => {
  test.each<[string, string, string, string]>([
    ['a JWT', `[USER TOKEN: ${jwt} USER ID: 4d2a]`, '[USER TOKEN: [redacted:jwt] USER ID: 4d2a]', 'jwt'],
    [
      'a token behind a full-width colon',
      `令牌：ghp_${'a1'.repeat(18)}`,
      '令牌：[redacted:github_token]',
      'github_token',
    ],
    [
      'a key in typographic quotes',
      '“AKIAIOSFODNN7EXAMPLE”',
      '“[redacted:aws_access_key]”',
      'aws_access_key',
    ],
    [
      'a card number between letters of no alphabet',
      '卡号4111111111111111，',
      '卡号[redacted:card_number]，',
      'card_number',
    ],
    [
      'a bearer credential behind an arrow',
      '→Bearer abcdef0123456789',
      '→Bearer [redacted:authorization]',
      'authorization',
    ],
    ['a JWT glued to a word', `x%22${jwt}`, 'x%22[redacted:jwt]', 'jwt'],
    [
      'a bearer header',
      'Authorization: Bearer abc.def next',
      'Authorization: [redacted:authorization] next',
      'authorization',
    ],
    [
      'a basic header in JSON',
      '{"authorization":"Basic dXNlcjpwYXNz"}',
      '{"authorization":"[redacted:authorization]"}',
      'authorization',
    ],
    [
      'a bearer credential alone',
      'sent bearer abcdef0123456789',
      'sent bearer [redacted:authorization]',
      'authorization',
    ],
    [
      'a digest header',
      'Authorization: Digest username="u", response="r"\nnext',
      'Authorization: [redacted:authorization]\nnext',
      'authorization',
    ],
    ['key=value', 'login password=hunter2 failed', 'login password=[redacted:password] failed', 'password'],
    ['a prefixed name', 'DB_PASSWORD=hunter2', 'DB_PASSWORD=[redacted:password]', 'password'],
    [
      'JSON with an escaped quote',
      '{"password":"hun\\"ter2","a":1}',
      '{"password":"[redacted:password]","a":1}',
      'password',
    ],
    [
      'JSON inside JSON',
      '{\\"password\\":\\"hunter2\\",\\"a\\":1}',
      '{\\"password\\":\\"[redacted:password]\\",\\"a\\":1}',
      'password',
    ],
    [
      'JSON inside JSON inside JSON',
      '\\\\\\"secret\\\\\\":\\\\\\"s3\\\\\\"',
      '\\\\\\"secret\\\\\\":\\\\\\"[redacted:secret]\\\\\\"',
      'secret',
    ],
    [
      'JSON whose value ends in a backslash',
      '{"password":"abc\\\\","a":1}',
      '{"password":"[redacted:password]","a":1}',
      'password',
    ],
    ['a Python dictionary', "{'apiKey': 'a b'}", "{'apiKey': '[redacted:api_key]'}", 'api_key'],
    ['a URL query', 'GET /x?access_token=abc&b=2', 'GET /x?access_token=[redacted:token]&b=2', 'token'],
    [
      'a name and value pair',
      '{"name":"DB_PASSWORD","value":"hunter2"}',
      '{"name":"DB_PASSWORD","value":"[redacted:password]"}',
      'password',
    ],
    ['an XML element', '<password>x y</password>', '<password>[redacted:password]</password>', 'password'],
    ['a flag', 'run --password hunter2 --v', 'run --password [redacted:password] --v', 'password'],
    ['curl -u', 'curl -s -u ann:hunter2 http://x', 'curl -s -u ann:[redacted:password] http://x', 'password'],
    ['curl --user', "curl --user 'ann:h:2' x", "curl --user 'ann:[redacted:password]' x", 'password'],
    [
      'a URL with a password',
      'postgres://u:p@ss@h:5432/db',
      'postgres://u:[redacted:connection_string]@h:5432/db',
      'connection_string',
    ],
    [
      'a connection string',
      'Server=db;Password=my pass;Timeout=3',
      'Server=db;Password=[redacted:password];Timeout=3',
      'password',
    ],
    ['an AWS key id', 'key AKIAIOSFODNN7EXAMPLE', 'key [redacted:aws_access_key]', 'aws_access_key'],
    [
      'an AWS pair',
      `AKIAIOSFODNN7EXAMPLE:${'wJalrXUtnF'.repeat(4)} used`,
      '[redacted:aws_access_key] used',
      'aws_access_key',
    ],
    ['a list', 'passwords: [a, b] used', 'passwords: [[redacted:password]] used', 'password'],
    [
      'an AWS secret',
      'aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPx',
      'aws_secret_access_key = [redacted:aws_secret_key]',
      'aws_secret_key',
    ],
    ['a GitHub token', 'ghp_abcdefghijklmnopqrstuvwxyz0123456789', '[redacted:github_token]', 'github_token'],
    ['a GitLab token', 'glpat-abcdefghijklmnopqrst', '[redacted:gitlab_token]', 'gitlab_token'],
    ['a Slack token', 'xoxb-123456789012-abcdef', '[redacted:slack_token]', 'slack_token'],
    ['a Stripe key', 'sk_live_abcdefghijkl', '[redacted:stripe_key]', 'stripe_key'],
    ['a Google key', `AIza${'b'.repeat(35)}`, '[redacted:google_key]', 'google_key'],
    ['an OpenAI key', 'sk-proj-abcdefghijklmnop1234', '[redacted:openai_key]', 'openai_key'],
    ['cookies', 'Cookie: a=b; c=d\nHost: h', 'Cookie: [redacted:cookie]\nHost: h', 'cookie'],
    [
      'a card number',
      'card 4111 1111 1111 1111 declined',
      'card [redacted:card_number] declined',
      'card_number',
    ],
    [
      'a PEM block',
      'a -----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY----- b',
      'a [redacted:private_key] b',
      'private_key',
    ],
    [
      'a PEM block without an end',
      '-----BEGIN PRIVATE KEY-----\nMII',
      '[redacted:private_key]',
      'private_key',
    ],
  ])('removes %s', (_, text, expected, kind) => {
    expect(redactSecrets(text)).toEqual({ text: expected, counts: { [kind]: 1 } });
  });

  test.each([
    'basic authentication failed',
    'bearer token missing',
    'using password: YES',
    'max_tokens: 100',
    'token_type=refresh',
    'order 4111111111111112 at 1674981731295',
    'No instances available for ts-basic-service',
    'TypeError: Cannot read properties of undefined (reading "price")',
    'http://user@host/path',
    '-----BEGIN CERTIFICATE-----',
    'sudo -u ann: failed',
    'curl -u ann http://x:80/a',
    'curl failed\nps -u ann:x',
  ])('leaves alone what is no secret: %s', (text) => {
    expect(redactSecrets(text)).toEqual({ text, counts: {} });
  });

  // By the names of gitleaks' rules, each token made up in the form that its rule asks for.
  test.each([
    ['grafana-service-account-token', `glsa_${'aB3d'.repeat(8)}_1234abcd`],
    ['sentry-org-token', `sntrys_${'aB3d'.repeat(12)}`],
    ['databricks-api-token', `dapi${'0a1b'.repeat(8)}`],
    ['pulumi-api-token', `pul-${'0a1b2'.repeat(8)}`],
    ['rubygems-api-token', `rubygems_${'0a1b'.repeat(12)}`],
    ['postman-api-token', `PMAK-${'0a1b'.repeat(6)}-${'0a'.repeat(17)}`],
    ['square-access-token', `sq0atp-${'aB3d'.repeat(6)}`],
    ['doppler-api-token', `dp.pt.${'aB3d5'.repeat(8)}`],
    ['sendinblue-api-token', `xkeysib-${'0a1b'.repeat(16)}-aB3daB3daB3daB3d`],
    ['flyio-access-token', `fo1_${'aB3d'.repeat(10)}`],
    ['planetscale-password', `pscale_pw_${'aB3d'.repeat(9)}`],
    ['hubspot-api-key', `pat-na1-${'0a1b'.repeat(2)}-0a1b-0a1b-0a1b-0a1b0a1b0a1b`],
    ['dynatrace-api-token', `dt0c01.${'A2B3'.repeat(6)}.${'A2B3'.repeat(16)}`],
    ['gitlab-feature-flag-client-token', `glft-${'aB3d'.repeat(5)}`],
    ['shopify-shared-secret', `shpss_${'0a1b'.repeat(8)}`],
    ['vault-batch-token', `hvb.${'aB3d'.repeat(35)}`],
    ['easypost-api-token', `EZAK${'aB3d'.repeat(13)}AA`],
    ['supabase-token', `sbp_${'0a1b'.repeat(10)}`],
    ['notion-api-token', `ntn_${'1234'.repeat(3)}${'aB3d'.repeat(8)}`],
    ['1password-secret-key', 'A3-A1B2C3-D4E5F6-A1B2C-A1B2C-D4E5F-A1B2C'],
    ['alibaba-access-key-id', `LTAI${'aB3d'.repeat(5)}`],
    ['artifactory-api-key', `AKCp${'aB3'.repeat(23)}`],
    ['aws-access-token', `A3TX${'AB23'.repeat(4)}`],
    ['aws-amazon-bedrock-api-key-short-lived', `bedrock-api-key-${'aB3d'.repeat(20)}`],
    ['azure-ad-client-secret', `aB34Q~${'aB3d'.repeat(8)}`],
    ['buildkite agent token', `bkua_${'0a1b'.repeat(10)}`],
    ['cloudflare-origin-ca-key', `v1.0-${'0a1b'.repeat(6)}-${'0a'.repeat(73)}`],
    ['defined-networking-api-token', `dnkey-${'a1b2'.repeat(7)}-${'a1b2'.repeat(13)}`],
    ['dropbox-short-lived-api-token', `sl.${'aB3d'.repeat(34)}`],
    ['facebook-page-access-token', `EAAC${'aB3d'.repeat(26)}`],
    ['frameio-api-token', `fio-u-${'aB3d'.repeat(16)}`],
    ['gitlab-rrt', `GR1348941${'aB3d'.repeat(5)}`],
    ['harness-api-key', `pat.${'aB3d'.repeat(5)}ab.${'0a1b'.repeat(6)}.${'aB3d'.repeat(5)}`],
    ['hashicorp-tf-api-token', `zY8xzY8xzY8xzY.atlasv1.${'aB3d'.repeat(16)}`],
    ['heroku-api-key-v2', `HRKU-AA${'aB3d'.repeat(14)}`],
    ['mailchimp-api-key', `${'0a1b'.repeat(8)}-us12`],
    ['microsoft-teams-webhook', `https://x.webhook.office.com/webhookb2/${'0a1b'.repeat(9)}`],
    ['new-relic-insert-key', `NRII-${'aB3d'.repeat(8)}`],
    ['nuget-config-key', `oy2${'a1b2'.repeat(10)}abc`],
    ['octopus-deploy-api-key', `API-${'A1B2'.repeat(6)}AB`],
    ['openshift-user-token', `sha256~${'aB3d'.repeat(10)}abc`],
    ['plaid-api-token', 'access-sandbox-0a1b0a1b-0a1b-0a1b-0a1b-0a1b0a1b0a1b'],
    ['prefect-api-token', `pnu_${'a1b2'.repeat(9)}`],
    ['readme-api-token', `rdme_${'a1b2'.repeat(17)}ab`],
    ['scalingo-api-token', `tk-us-${'aB3d'.repeat(12)}`],
    ['shippo-api-token', `shippo_live_${'0a1b'.repeat(10)}`],
    ['sonar-api-token', `squ_${'0a1b'.repeat(10)}`],
    ['telegram-bot-api-token', `12345678:A${'aB3d'.repeat(8)}aB`],
    ['twilio-api-key', `SK${'0a1b'.repeat(8)}`],
    ['yandex-aws-access-token', `AQVN${'aB3d'.repeat(9)}`],
    ['discord-webhook', `discord.com/api/webhooks/123456789012345678/${'aB3d'.repeat(17)}`],
  ])('removes a %s wherever it stands', (_rule, token) => {
    const { text, counts } = redactSecrets(`calling with ${token} failed`);
    expect(text).toMatch(/^calling with \S*\[redacted:\w+\] failed$/);
    expect(text).not.toContain(token.slice(-12));
    expect(Object.values(counts)).toEqual([1]);
  });

  // By the names of the rules in secretlint's recommended preset (12.0.0) that look for a secret of a form of its own.
  test.each([
    ['aws', `AKIA${'AB23'.repeat(4)}`],
    ['npm', `npm_${'aB3d'.repeat(9)}`],
    ['slack', `xoxo-1-${'aB3d'.repeat(4)}-${'aB3d'.repeat(5)}`],
    ['slack webhook', `hooks.slack.com/services/T0${'A1'.repeat(4)}/B0${'A1'.repeat(4)}/${'aB3d'.repeat(6)}`],
    ['sendgrid', `SG.${'aB3d'.repeat(5)}ab.${'aB3d'.repeat(10)}abc`],
    ['shopify', `shpat_${'0a1b'.repeat(8)}`],
    ['github', `github_pat_${'aB3d'.repeat(20)}ab`],
    ['openai', `sk-${'aB3d'.repeat(5)}T3BlbkFJ${'aB3d'.repeat(5)}`],
    ['anthropic', `sk-ant-api03-${'aB3d'.repeat(23)}AA`],
    ['linear', `lin_api_${'aB3d'.repeat(10)}`],
    ['1password', `ops_eyJ${'aB3d'.repeat(30)}fQ==`],
    ['databricks', `dapi${'0a1b'.repeat(8)}-2`],
    ['figma', `figd_${'aB3-'.repeat(9)}aB3d`],
    ['docker', `dckr_pat_${'aB3d'.repeat(6)}aB3`],
    ['gitlab', `glpat-${'aB3d'.repeat(5)}`],
    ['grafana', `glc_${'aB3d'.repeat(12)}`],
    ['groq', `gsk_${'aB3d'.repeat(13)}`],
    ['hashicorp-vault', `hvs.${'aB3d'.repeat(24)}`],
    ['huggingface', `hf_${'aBcd'.repeat(8)}ab`],
    ['notion', `ntn_12345678901${'aB3d'.repeat(8)}aB3`],
    ...['vcp', 'vci', 'vca', 'vcr', 'vck'].map((kind) => ['vercel', `${kind}_${'aB3d'.repeat(6)}`]),
  ])('removes what the rule %s of secretlint looks for', (_rule, token) => {
    const { text, counts } = redactSecrets(`calling with ${token} failed`);
    expect(text).toMatch(/^calling with \S*\[redacted:\w+\] failed$/);
    expect(text).not.toContain(token.slice(-12));
    expect(Object.values(counts)).toEqual([1]);
  });

  test.each([
    ['npm', '//registry.example/:_authToken=0a1b2c3d', '0a1b2c3d'],
    ['basicauth', 'GET https://bob:hunter2@host.example/x', 'hunter2'],
    ['database-connection-string', 'mongodb+srv://bob:hunter2@db.example/x', 'hunter2'],
    ['aws', `AWS_SECRET_ACCESS_KEY="${'wJalrXUtnF'.repeat(4)}"`, 'wJalrXUtnF'],
    [
      'gcp',
      '{"private_key":"-----BEGIN PRIVATE KEY-----\\nMIIabc\\n-----END PRIVATE KEY-----\\n"}',
      'MIIabc',
    ],
    [
      'privatekey',
      '-----BEGIN PGP PRIVATE KEY BLOCK-----\nabcd\n-----END PGP PRIVATE KEY BLOCK-----',
      'abcd',
    ],
  ])('removes what the rule %s of secretlint finds by what stands around it', (_rule, text, secret) => {
    expect(redactSecrets(text).text).not.toContain(secret);
  });

  test.each([
    `DD_APP_KEY=${'0a1b'.repeat(10)}`,
    `"masterKey": "${'aB3d'.repeat(8)}"`,
    `license_key: ${'0a1b'.repeat(10)}`,
    `writeKey=${'aB3d'.repeat(8)}`,
    `datadog = ${'0a1b'.repeat(8)}`,
    `TWILIO: '${'0a1b'.repeat(8)}'`,
  ])('removes a bare key behind a name that tells: %s', (text) => {
    const redacted = redactSecrets(`started with ${text} now`);
    expect(redacted.counts).toEqual({ api_key: 1 });
    expect(redacted.text).not.toMatch(/0a1b|aB3d/);
  });

  test.each([
    `cache_key=${'0a1b'.repeat(8)}`,
    `partitionKey: "${'0a1b'.repeat(8)}"`,
    `key=${'0a1b'.repeat(8)}`,
    `order: ${'0a1b'.repeat(8)}`,
    'license_key: expired since yesterday',
    'app_key=com.acme.orders.PlaceOrderV2Handler',
    'license_key=12345678901234567890123456789012',
    `SKU${'0a1b'.repeat(8)}`,
    `${'0a1b'.repeat(8)}-user`,
    'at 10:A quarter to',
    'v1.0-rc1, sl.log, t1.id and pat.java',
    'key-value store',
    'secret_santa_service is down',
    'dapifoo',
    'pat-na1-x',
    'sbp_none',
    'r8_version',
  ])('leaves "%s", which is no secret', (text) => {
    expect(redactSecrets(text).text).toBe(text);
  });

  test('takes no replacement for a secret again', () => {
    const once = redactSecrets(`password=abc token: "x" ${jwt} Cookie: a=b`).text;
    expect(redactSecrets(once)).toEqual({ text: once, counts: {} });
  });

  test('removes a password whatever it is made of and wherever it stands', () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9!#$%*+./:?@^_~-]{8,24}$/);
    fc.assert(
      fc.property(fc.string(), secret, fc.string(), (before, value, after) => {
        fc.pre(!before.includes(value) && !after.includes(value));
        expect(redactSecrets(`${before} password="${value}" ${after}`).text).not.toContain(value);
      }),
    );
  });

  test('takes time in proportion to the length of hostile text', () => {
    const hostile = [
      'a:',
      'name:"',
      'password:',
      '://a:',
      '-----BEGIN ',
      'eyJ',
      '4111 ',
      'value:\\"',
      ';a=',
      '<a>',
      'key=[',
      '--a ',
    ];
    for (const unit of hostile) {
      const text = unit.repeat(16_384 / unit.length);
      expect(typeof redactSecrets(text).text).toBe('string');
    }
  });
});
