import { isDigitCode } from './character-classes.ts';
import { cutAt } from './storable-text.ts';

/** A place in code without anything that a new build or process changes. */
export interface StackFrame {
  readonly module: string;
  readonly function: string;
  /** Whether it is the application's own code rather than a library's or the platform's. */
  readonly isInApp: boolean;
}

/**
 * The frame that a line of a stack trace names, for Node.js, Java (and Kotlin, Scala), .NET, Python, PHP and Ruby; Go takes two
 * lines and is read by `goFrame`. Undefined when the line is none.
 *
 * @param line without leading white space, at most 1 KiB
 */
export function frameOf(line: string): StackFrame | undefined {
  if (line.startsWith('at ')) return atFrame(line.slice(3));
  if (line.startsWith('File "')) return pythonFrame(line);
  if (line.charCodeAt(0) === 35 && isDigitCode(line.charCodeAt(1))) return phpFrame(line);
  return line.includes(':in ') ? rubyFrame(line) : undefined;
}

/** The frame of a Go trace: the function on one line, `/path/file.go:42 +0x1d` on the next. */
export function goFrame(functionLine: string, placeLine: string): StackFrame | undefined {
  const go = placeLine.indexOf('.go:');
  if (go < 0 || !placeLine.startsWith('/')) return undefined;
  const open = functionLine.lastIndexOf('(');
  const name = (open > 0 ? functionLine.slice(0, open) : functionLine).replace('created by ', '').trim();
  if (name === '' || name.includes(' ')) return undefined;
  const dot = name.indexOf('.', name.lastIndexOf('/') + 1);
  if (dot <= 0) return undefined;
  const module = name.slice(0, dot);
  const isVendor = ['/pkg/mod/', '/vendor/', '/usr/local/go/', '/go/src/'].some((each) =>
    placeLine.includes(each),
  );
  const isInApp = !isVendor && !goPlatform.has(module) && !module.startsWith('golang.org/');
  return { module, function: withoutGoClosures(name.slice(dot + 1)), isInApp };
}

const goPlatform = new Set([
  'runtime',
  'net/http',
  'testing',
  'database/sql',
  'reflect',
  'sync',
  'context',
  'net',
  'os',
  'io',
]);

/** `handle.func1.2` is `handle`. */
function withoutGoClosures(name: string): string {
  const labels = name.split('.');
  while (labels.length > 1 && /^(?:func)?\d+$/.test(labels.at(-1)!)) labels.pop();
  return labels.join('.');
}

function atFrame(line: string): StackFrame | undefined {
  const open = line.indexOf('(');
  if (open < 0) return nodeFrame('', line);
  if (open > 0 && line.charCodeAt(open - 1) === 32)
    return nodeFrame(line.slice(0, open - 1), line.slice(open + 1));
  const close = line.indexOf(')', open);
  const place = close < 0 ? '' : line.slice(open + 1, close);
  const isJava =
    /^(?:Native Method|Unknown Source|<generated>|[\w$-]+\.(?:java|kt|scala|groovy|clj)(?::\d+)?|SourceFile(?::\d+)?)$/;
  return isJava.test(place) ? javaFrame(line.slice(0, open)) : dotnetFrame(line.slice(0, open));
}

function nodeFrame(name: string, place: string): StackFrame | undefined {
  const bare = place.endsWith(' {') ? place.slice(0, -2) : place;
  const path = withoutPosition(bare.endsWith(')') ? bare.slice(0, -1) : bare);
  if (path === undefined || !looksLikePath(path)) return undefined;
  const isPlatform =
    path.startsWith('node:') ||
    path.startsWith('internal/') ||
    path.startsWith('<anonymous>') ||
    path === 'native';
  let fn = name;
  for (const word of ['async ', 'new ']) if (fn.startsWith(word)) fn = fn.slice(word.length);
  const alias = fn.indexOf(' [as ');
  if (alias > 0) fn = fn.slice(0, alias);
  fn = fn.replace(/^(?:Object|Function|Module|process)\./, '');
  return {
    module: moduleOfPath(path),
    function: fn === '' || fn === '<anonymous>' ? '<anonymous>' : fn,
    isInApp: !isPlatform && !path.includes('node_modules/') && !path.includes('node_modules\\'),
  };
}

/** "at 10:30:15" is a time in prose. */
const looksLikePath = (path: string): boolean =>
  path.includes('/') ||
  path.includes('\\') ||
  path.startsWith('node:') ||
  path.startsWith('<') ||
  path.includes('.') ||
  path === 'native';

/** A path without its `:line:column`; undefined when it ends in none. */
function withoutPosition(place: string): string | undefined {
  if (place === '<anonymous>' || place === 'native') return place;
  let end = place.length;
  let numbers = 0;
  while (numbers < 2) {
    let i = end;
    while (i > 0 && isDigitCode(place.charCodeAt(i - 1))) i--;
    if (i === end || place.charCodeAt(i - 1) !== 58) break;
    end = i - 1;
    numbers++;
  }
  return numbers === 0 ? undefined : place.slice(0, end);
}

/**
 * The file's name in lower case without ending and build hashes, with its folder where the name alone says nothing: where a
 * program is unpacked differs from machine to machine.
 */
function moduleOfPath(path: string): string {
  const slash = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));
  let stem = cutAt(slash < 0 ? path : path.slice(slash + 1), 128);
  const query = stem.indexOf('?');
  if (query > 0) stem = stem.slice(0, query);
  const dot = stem.lastIndexOf('.');
  if (dot > 0) stem = stem.slice(0, dot);
  if (stem.includes('.') || stem.includes('-')) stem = withoutBuildHashes(stem);
  stem = stem.toLowerCase();
  if (slash <= 0 || !nameless.has(stem)) return stem;
  const folder = Math.max(path.lastIndexOf('/', slash - 1), path.lastIndexOf('\\', slash - 1));
  return `${path.slice(folder + 1, slash).toLowerCase()}/${stem}`;
}

/** `main` of `main.3f2a1b9c` and of `main-3f2a1b9c`. */
function withoutBuildHashes(stem: string): string {
  const labels = stem.split('.').filter((label, i) => i === 0 || !isBuildHash(label));
  return labels.join('.').replace(/-[0-9a-f]{8,}$/i, '');
}

const nameless = new Set([
  'index',
  'main',
  '__init__',
  '__main__',
  'mod',
  'app',
  'handler',
  'server',
  'service',
  'client',
  'utils',
]);

const isBuildHash = (label: string): boolean =>
  label.length >= 6 && /^[0-9a-f]+$/i.test(label) && /\d/.test(label);

function javaFrame(name: string): StackFrame | undefined {
  const slash = name.lastIndexOf('/');
  const full = slash < 0 ? name : name.slice(slash + 1);
  const dot = full.lastIndexOf('.');
  if (dot <= 0) return undefined;
  const module = withoutGenerated(full.slice(0, dot));
  const isGenerated = full.includes('$$') || full.includes('$Proxy') || full.includes('CGLIB');
  const fn = full.slice(dot + 1);
  const lambda = /^lambda\$([\w]+)\$\d+$/.exec(fn);
  return {
    module,
    function: lambda ? lambda[1]! : fn.replace(/\$\d+$/, ''),
    isInApp: !isGenerated && !hasPrefix(module, javaPlatform),
  };
}

/** Drops what the compiler or a proxy library made up: `$$EnhancerBySpringCGLIB$$1f2e`, `$1`, `$Proxy42`. */
function withoutGenerated(name: string): string {
  const generated = name.indexOf('$$');
  return (generated < 0 ? name : name.slice(0, generated)).replaceAll(/\$(?:Proxy)?\d+/g, '');
}

const javaPlatform =
  `java. javax. jakarta. jdk. sun. com.sun. kotlin. kotlinx. scala. groovy. clojure. org.springframework.
  org.apache. org.hibernate. org.eclipse. org.postgresql. org.jboss. org.slf4j. org.aspectj. org.junit. org.mongodb. org.redisson.
  org.bson. org.codehaus. org.glassfish. org.reactivestreams. org.jetbrains. io.netty. io.grpc. io.lettuce. io.undertow. io.vertx.
  io.reactivex. io.micrometer. io.opentelemetry. io.quarkus. io.micronaut. io.jsonwebtoken. reactor. com.zaxxer. com.mysql. com.mongodb.
  com.fasterxml. com.google. com.netflix. com.amazonaws. com.rabbitmq. com.alibaba. com.squareup. ch.qos. feign. okhttp3. okio. retrofit2.
  redis.clients. net.bytebuddy. net.sf. software.amazon. akka. play. oracle. com.microsoft.`.split(/\s+/);

const dotnetPlatform =
  'System. Microsoft. Npgsql. Newtonsoft. StackExchange. Grpc. MySql. Polly. Confluent. MassTransit. Dapper. Autofac.'.split(
    ' ',
  );

function dotnetFrame(name: string): StackFrame | undefined {
  const dot = name.lastIndexOf('.');
  if (dot <= 0 || name.includes(' ')) return undefined;
  // An async method runs in a made-up class: `Acme.Orders.<Place>d__12.MoveNext`.
  const machine = /^(.*)\.<([^>]+)>[\w]*\.MoveNext$/.exec(name.length > 512 ? '' : name);
  const module = machine ? machine[1]! : name.slice(0, dot).replace(/\.<>c.*$/, '');
  const fn = machine ? machine[2]! : name.slice(dot + 1);
  return {
    module,
    function: fn.replace(/^<([^>]+)>.*$/, '$1').replace(/`\d+/, ''),
    isInApp: !hasPrefix(`${module}.`, dotnetPlatform),
  };
}

function pythonFrame(line: string): StackFrame | undefined {
  const close = line.indexOf('"', 6);
  if (close < 0) return undefined;
  const path = line.slice(6, close);
  const at = line.indexOf(', in ', close);
  const isVendor = ['site-packages', 'dist-packages', '/lib/python', '\\lib\\', '<frozen '].some((each) =>
    path.includes(each),
  );
  return {
    module: moduleOfPath(path),
    function: at < 0 ? '<module>' : line.slice(at + 5).trim(),
    isInApp: !isVendor && !path.startsWith('<'),
  };
}

function phpFrame(line: string): StackFrame | undefined {
  const blank = line.indexOf(' ');
  const colon = line.indexOf(': ', blank);
  if (blank < 0 || colon < 0) return undefined;
  const place = line.slice(blank + 1, colon);
  const open = line.indexOf('(', colon);
  const called = line.slice(colon + 2, open < 0 ? line.length : open);
  const paren = place.lastIndexOf('(');
  const path = paren > 0 ? place.slice(0, paren) : place;
  return {
    module: moduleOfPath(path),
    function: called,
    isInApp: path.startsWith('/') && !path.includes('/vendor/'),
  };
}

function rubyFrame(line: string): StackFrame | undefined {
  const at = line.indexOf(':in ');
  const path = withoutPosition(line.startsWith('from ') ? line.slice(5, at) : line.slice(0, at));
  if (path === undefined || path.includes(' ')) return undefined;
  const quoted = /^[`']([^'`]{1,200})'/.exec(line.slice(at + 4, at + 256));
  if (quoted === null) return undefined;
  return {
    module: moduleOfPath(path),
    function: quoted[1]!.replace(/^(?:block|rescue|ensure)(?: \(\d+ levels\))? in /, ''),
    isInApp: !path.includes('/gems/') && !path.includes('/lib/ruby/') && !path.startsWith('<internal'),
  };
}

function hasPrefix(name: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => name.startsWith(prefix));
}
