/**
 * What tests write into the failures they send, so that it must not arrive at a model: secrets of different shapes, and
 * identities. Every fake model looks for all of it in every request; a test that wants to be sure plants it.
 */
export const planted = {
  token: 'ghp_0123456789abcdefghijABCDEFGHIJ012345',
  password: 'hunter2secret',
  email: 'ann@example.com',
  address: '10.1.2.3',
  user: 'jdoe4711',
  host: 'db-7.example.internal',
} as const;

/** One line as applications write them, with everything that is planted. */
export const plantedLine =
  `connect ECONNREFUSED ${planted.address}:5432 for ${planted.email} password=${planted.password} ` +
  `token=${planted.token} user=${planted.user} host=${planted.host}`;

/** Identities that nobody planted are none of the model's business either. */
const anyIdentity: Readonly<Record<string, RegExp>> = {
  'an e-mail address': /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/,
  'an IP address': /(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d)/,
};

/** The kinds of secrets and identities that stand in what was sent; names only, so that a report repeats none of it. */
export function findLeaks(body: string): string[] {
  const named = Object.entries(planted).flatMap(([kind, value]) =>
    body.includes(value) ? [`the planted ${kind}`] : [],
  );
  const others = Object.entries(anyIdentity).flatMap(([kind, expression]) =>
    expression.test(body) ? [kind] : [],
  );
  return [...named, ...others];
}
