import { limits } from './limits.ts';
import type { TellingLine } from './telling-lines.ts';

/** What a service called, as its messages name it. */
export interface Dependency {
  /** The service's name where it is one, else host or address. */
  name: string;
  /** The name, with the port where one is given. */
  display: string;
  /** Ours to look at: a known service, a bare name, a name inside the cluster. A host on the internet is not. */
  isService: boolean;
}

/** Services that are known, lower-cased name to name as written. */
export type KnownServices = ReadonlyMap<string, string>;

/** @param names as requests give them; at most as many as the limits say are kept */
export function knownServices(names: Iterable<string>): KnownServices {
  const known = new Map<string, string>();
  for (const name of names) {
    if (known.size >= limits.services) break;
    if (name !== '' && name.length <= limits.nameCharacters && !known.has(name.toLowerCase())) {
      known.set(name.toLowerCase(), name);
    }
  }
  return known;
}

/** Host or service name, as found in a text, as a dependency; nothing when it is no name at all or the service itself. */
export function toDependency(name: string, own: string, known: KnownServices): Dependency | undefined {
  const [, host = '', port] =
    /^([a-z0-9][a-z0-9._-]{0,99})(?::(\d{1,5}))?$/i.exec(name.replace(/[.\-_]+$/, '')) ?? [];
  if (host === '' || /^\d+$/.test(host) || notNames.has(host.toLowerCase())) return undefined;
  const service = known.get(host.toLowerCase()) ?? insideName(host, known);
  const plain = service ?? host;
  if (plain.toLowerCase() === own.toLowerCase()) return undefined;
  return {
    name: plain,
    display: port === undefined ? plain : `${plain}:${port}`,
    isService: service !== undefined && plain !== 'localhost',
  };
}

/** The first dependency that a line names: a known service that is called, a URL, a host with a port. */
export function dependencyIn(line: TellingLine, own: string, known: KnownServices): Dependency | undefined {
  for (const find of [urlIn, calledServiceIn, calledHostIn, hostWithPortIn]) {
    const name = find(line.lower, known);
    const dependency = name === undefined ? undefined : toDependency(name, own, known);
    if (dependency) return dependency;
  }
  return undefined;
}

// Names only inside a cluster or a compose network: their first label is the service.
function insideName(host: string, known: KnownServices): string | undefined {
  const lower = host.toLowerCase();
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(lower)) return undefined;
  const label = lower.split('.')[0] ?? lower;
  if (lower === label) return host;
  const isInside = /\.(svc|local|internal|cluster|consul)$/.test(lower) || lower.includes('.svc.');
  return isInside ? (known.get(label) ?? label) : undefined;
}

// Words that stand where a name could, and are none.
const notNames = new Set([
  'the',
  'a',
  'an',
  'this',
  'that',
  'it',
  'null',
  'undefined',
  'service',
  'server',
  'host',
  'http',
  'https',
]);

function urlIn(lower: string): string | undefined {
  const match =
    /\b[a-z][a-z0-9+.]{1,20}:\/\/(?:[^\s/@]{1,64}@)?([a-z0-9][a-z0-9._-]{0,99}(?::\d{1,5})?)/.exec(lower);
  return match?.[1];
}

// Many service names are ordinary words (orders, pricing): only where the words before say that it was called.
function calledServiceIn(lower: string, known: KnownServices): string | undefined {
  const words = lower.match(/[a-z0-9][a-z0-9._-]*/g) ?? [];
  return words.find((word, index) => {
    if (word.length > limits.nameCharacters) return false;
    const name = word.replace(/[.\-_]+$/, '');
    if (!known.has(name)) return false;
    const before = words[index - 1] ?? '';
    if (before === 'from')
      return /^(?:[45]\d\d|response|reply|answer|error|status|received|header)$/.test(words[index - 2] ?? '');
    return callWords.has(before) || name.includes('-');
  });
}

// A host on the internet where the words say that it was called, or as Node prints the fields of an error.
function calledHostIn(lower: string): string | undefined {
  const match =
    /\b(?:calling|contacting|reaching|(?:request|call|connect|connection) to) ([a-z0-9][a-z0-9-]{0,62}(?:\.[a-z0-9-]{1,63}){1,8})\b/.exec(
      lower,
    ) ?? /\b(?:host|hostname): '([a-z0-9][a-z0-9._-]{0,99})'/.exec(lower);
  return match?.[1];
}

const callWords = new Set([
  'calling',
  'called',
  'call',
  'to',
  'upstream',
  'service',
  'contacting',
  'reach',
  'reaching',
  'dependency',
  'for',
]);

function hostWithPortIn(lower: string, known: KnownServices): string | undefined {
  for (const match of lower.matchAll(/\b([a-z0-9][a-z0-9._-]{0,99}):\d{2,5}\b/g)) {
    const host = match[1] ?? '';
    if (/\.(java|js|ts|mjs|cjs|py|go|rb|kt|scala|cs|php|c|cc|rs)$/.test(host)) continue;
    const isNamed = known.has(host) || wellKnownHosts.test(host) || /^(\d{1,3}\.){3}\d{1,3}$/.test(host);
    // A name with a dot or a dash in it before a colon and a number; `size:10` has neither.
    if (isNamed || /^[a-z][a-z0-9]*[.-][a-z0-9.-]*[a-z0-9]$/.test(host)) return match[0];
  }
  return undefined;
}

const wellKnownHosts =
  /^(localhost|db|database|postgres|postgresql|pg|mysql|mariadb|mongo|mongodb|redis|valkey|kafka|rabbitmq|nats|elasticsearch|opensearch|memcached|zookeeper|consul|etcd|vault)$/;
