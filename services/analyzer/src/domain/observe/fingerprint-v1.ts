import type { FingerprintPart } from '@prodsentinel/contracts';
import { speaksOfDependency } from './dependency-words.ts';
import {
  toFingerprint,
  toPart,
  type Fingerprint,
  type FingerprintInput,
  type FingerprintVersion,
} from './fingerprint.ts';
import { KnownTexts } from './known-texts.ts';
import { limits } from './limits.ts';
import { maskMessage } from './mask-message.ts';
import type { ParsedException } from './parse-stack.ts';
import { servicesNamedIn } from './service-names.ts';
import type { StackFrame } from './stack-frames.ts';
import { TextMemory } from './text-memory.ts';

const version = 'v1';

/**
 * The first version. In order of precedence: exception types and in-app frames, with the masked message where frames alone
 * do not tell causes apart; exception types, code and masked messages; service, level and masked message.
 */
export const firstVersion: FingerprintVersion = { version, mask: maskMessage, fingerprintOf };

/** Of the problems that come again and again; the parts are shared by all their failures. */
const remembered = new WeakMap<ReadonlySet<string>, TextMemory<Fingerprint>>();
const maxRememberedChars = 8_000_000;
/** Templates, exception types and services. */
const texts = new KnownTexts(8_000_000);

function fingerprintOf(input: FingerprintInput): Fingerprint {
  const ingredients = ingredientsOf(input);
  let memory = remembered.get(input.knownServices);
  if (!memory) remembered.set(input.knownServices, (memory = new TextMemory(maxRememberedChars)));
  const key = keyOf(input, ingredients);
  let known = memory.get(key);
  if (known === undefined) {
    known = toFingerprint(toParts(input, ingredients), version);
    memory.set(key, known, key.length + charsOf(known));
  }
  return known;
}

/** What the parts are made of: two failures for which this is equal have equal parts. */
interface Ingredients {
  readonly types: readonly string[];
  readonly frames: readonly StackFrame[];
  /** The masked messages of the exceptions. */
  readonly messages: readonly string[];
}

function ingredientsOf({ exceptions, knownServices }: FingerprintInput): Ingredients {
  return {
    types: exceptions.map(({ type }) => type).filter((type) => type !== ''),
    frames: throwSiteOf(exceptions),
    messages: exceptions
      .map(({ message }) => maskMessage(message, knownServices))
      .filter((each) => each !== ''),
  };
}

function charsOf({ parts }: Fingerprint): number {
  return parts.reduce((sum, { value, why }) => sum + value.length + why.length, 0);
}

/** Of the names that texts have here; the counts keep the lists apart. */
function keyOf({ service, level, code, template }: FingerprintInput, from: Ingredients): string {
  let key = `${level} ${idOf(service)} ${idOf(template)} ${code === null ? '' : `code ${idOf(code)}`}`;
  key += ` ${placeIdOf(from.frames)} ${from.types.length}`;
  for (const type of from.types) key += ` ${idOf(type)}`;
  for (const message of from.messages) key += ` ${idOf(message)}`;
  return key;
}

const idOf = (text: string): number => texts.of(text).id;

/** Of the throw sites that the reading of stack traces shares. */
const placeIds = new WeakMap<readonly StackFrame[], number>();

function placeIdOf(frames: readonly StackFrame[]): number {
  let id = placeIds.get(frames);
  if (id === undefined) {
    id = idOf(JSON.stringify(frames.map((frame) => [frame.module, frame.function])));
    placeIds.set(frames, id);
  }
  return id;
}

function toParts(input: FingerprintInput, ingredients: Ingredients): FingerprintPart[] {
  const { types, frames } = ingredients;
  const parts = [toPart('service', input.service, 'the same message in two services is two problems')];
  if (types.length === 0 && frames.length === 0) {
    parts.push(toPart('level', input.level, 'there is no exception to go by'));
    if (input.code !== null) parts.push(toPart('code', input.code, 'the producer gave an error code'));
    parts.push(toPart('message', input.template, 'there is no exception to go by'));
    return parts;
  }
  for (const type of types)
    parts.push(toPart('exception-type', type, 'the chain of exceptions, outermost first'));
  for (const frame of frames) {
    parts.push(
      toPart('frame', `${frame.module} ${frame.function}`, 'in-app code, nearest the throw site first'),
    );
  }
  if (input.code !== null) parts.push(toPart('code', input.code, 'the producer gave an error code'));
  parts.push(...messageParts(input, ingredients));
  return parts;
}

/** The in-app frames of the innermost exception that has any. */
function throwSiteOf(exceptions: readonly ParsedException[]): readonly StackFrame[] {
  for (let i = exceptions.length - 1; i >= 0; i--) {
    const inApp = inAppOf(exceptions[i]!.frames);
    if (inApp.length > 0) return inApp;
  }
  return noFrames;
}

const noFrames: readonly StackFrame[] = [];
const inAppFrames = new WeakMap<readonly StackFrame[], readonly StackFrame[]>();

function inAppOf(frames: readonly StackFrame[]): readonly StackFrame[] {
  if (frames.length === 0) return noFrames;
  let inApp = inAppFrames.get(frames);
  if (inApp === undefined) {
    inApp = frames.filter(({ isInApp }) => isInApp).slice(0, limits.fingerprintFrames);
    inAppFrames.set(frames, inApp);
  }
  return inApp;
}

function messageParts(
  { template, service, knownServices }: FingerprintInput,
  { types, frames, messages }: Ingredients,
): FingerprintPart[] {
  const chosen: FingerprintPart[] = [];
  const why = whyMessages(frames, types);
  for (const each of messages) {
    if (why !== undefined) chosen.push(toPart('message', each, why));
    else if (speaksOfDependency(each, knownServices, service)) {
      chosen.push(toPart('message', each, 'it speaks of a dependency: which one failed tells causes apart'));
    }
  }
  if (why !== undefined && messages.length === 0) chosen.push(toPart('message', template, why));
  else if (namesMore(template, chosen, { service, knownServices })) {
    chosen.push(toPart('message', template, 'it names a service that the exceptions do not'));
  }
  return chosen;
}

/** Why all messages of the exceptions are parts; undefined when the frames speak for themselves. */
function whyMessages(frames: readonly StackFrame[], types: readonly string[]): string | undefined {
  if (frames.length === 0) return 'there is no in-app frame to go by';
  if (types.length === 0) return 'the stack names no exception';
  return isGenericWrapper(frames[0]!)
    ? 'the throw site is a generic wrapper: many causes pass through it'
    : undefined;
}

/** Whether everything that fails somewhere else comes up in this function: clients, dispatchers, retries, assertions. */
function isGenericWrapper({ module, function: name }: StackFrame): boolean {
  const last = name
    .slice(Math.max(name.lastIndexOf('.'), name.lastIndexOf('>'), name.lastIndexOf(')')) + 1)
    .toLowerCase();
  const place = module.toLowerCase();
  return genericFunctions.has(last) || genericModules.some((word) => place.endsWith(word));
}

const genericFunctions = new Set(
  `request fetch call execute exec invoke send query get post put delete dispatch retry withretry wrap run dorequest dofetch
  handleresponse handleerror onerror raise rethrow throwerror fail assert check ensure invariant execcommand command
  callservice sendrequest raise_for_status main <module>`.split(/\s+/),
);

const genericModules = [
  'client',
  'http',
  'rpc',
  'wrapper',
  'dispatcher',
  'dispatcherservlet',
  'interceptor',
  'middleware',
  'errors',
  'retry',
];

function namesMore(
  template: string,
  chosen: readonly FingerprintPart[],
  { service, knownServices }: { service: string; knownServices: ReadonlySet<string> },
): boolean {
  for (const named of servicesNamedIn(template, knownServices)) {
    if (named !== service && !chosen.some(({ value }) => value.includes(named))) return true;
  }
  return false;
}
