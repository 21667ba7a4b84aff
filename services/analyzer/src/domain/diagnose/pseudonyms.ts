import { createHmac } from 'node:crypto';

/** Replaces identities by stable keyed pseudonyms, and back. */
export interface Pseudonyms {
  /** `ann@example.com` → `[EMAIL_k3f9a2c1]`: the same for the same key, so that the model can tell who is who. */
  hide(text: string): string;
  /** Puts back what was hidden by this object; unknown pseudonyms stay as they are. */
  reveal(text: string): string;
  /** Whether an identity that was hidden somewhere stands in the text. The last check before anything is sent. */
  isShown(text: string): boolean;
}

/** Names that are the answer (services) are kept. Linear: bounded repetition on characters that cannot overlap. */
export function createPseudonyms(key: string, keep: readonly string[]): Pseudonyms {
  const kept = new Set(keep.map((each) => each.toLowerCase()));
  const hidden = new Map<string, string>();
  const pseudonymOf = (kind: string, identity: string): string => {
    if (kept.has(identity.toLowerCase())) return identity;
    const hash = createHmac('sha256', key).update(`${kind}:${identity}`).digest('hex').slice(0, 12);
    const pseudonym = `[${kind}_${hash}]`;
    hidden.set(pseudonym, identity);
    return pseudonym;
  };
  return {
    hide: (text) =>
      identities.reduce(
        (rest, [kind, expression]) =>
          rest.replaceAll(expression, (all: string, ...groups: unknown[]) => {
            const named = groups.at(-1) as { before?: string; identity?: string } | undefined;
            if (typeof named !== 'object' || named.identity === undefined) return pseudonymOf(kind, all);
            return `${named.before ?? ''}${pseudonymOf(kind, named.identity)}`;
          }),
        text,
      ),
    reveal: (text) =>
      text.replaceAll(/\[[A-Z]{2,8}_[0-9a-f]{12}\]/g, (pseudonym) => hidden.get(pseudonym) ?? pseudonym),
    isShown: (text) =>
      [...hidden.values()].some((identity) => identity.length >= 6 && text.includes(identity)),
  };
}

const identities: readonly (readonly [kind: string, expression: RegExp])[] = [
  ['EMAIL', /[\w.+%-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}/gi],
  ['ADDRESS', /(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d)/g],
  ['ADDRESS', /(?<![\w:])(?=[0-9a-f:]{0,45}[0-9a-f]*::|(?:[0-9a-f]{1,4}:){7})[0-9a-f:]{3,45}(?![\w:])/gi],
  [
    'USER',
    /(?<before>\b(?:user(?:_?name|_?id)?|login|account|customer(?:_?id)?)["']?\s{0,2}[=:]\s{0,2}["']?)(?<identity>[\w.@+-]{2,64})/gi,
  ],
  ['USER', /(?<before>\/(?:home|Users)\/)(?<identity>[\w.-]{1,64})/g],
  ['USER', /(?<before>\bfor user ["'])(?<identity>[^"'\n]{1,64})/gi],
  ['HOST', /(?<before>\bhost(?:name)?["']?\s{0,2}[=:]\s{0,2}["']?)(?<identity>[a-z0-9][\w.-]{1,128})/gi],
  ['HOST', /(?<before>:\/\/(?:[^@/\s]{0,100}@)?)(?<identity>[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8})/gi],
  [
    'HOST',
    /\b[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,8}\.(?:internal|local|lan|corp|com|net|org|io|dev|cloud)\b(?!\.?\()/g,
  ],
];
