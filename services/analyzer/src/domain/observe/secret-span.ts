/** What a removed secret was. */
export type SecretKind =
  | 'jwt'
  | 'authorization'
  | 'private_key'
  | 'password'
  | 'secret'
  | 'token'
  | 'api_key'
  | 'cookie'
  | 'connection_string'
  | 'aws_access_key'
  | 'aws_secret_key'
  | 'github_token'
  | 'gitlab_token'
  | 'slack_token'
  | 'stripe_key'
  | 'google_key'
  | 'openai_key'
  | 'vendor_token'
  | 'card_number';

/** A secret found in a text: from `start` up to, not including, `end`. */
export interface SecretSpan {
  readonly start: number;
  readonly end: number;
  readonly kind: SecretKind;
}
