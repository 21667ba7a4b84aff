import { signalKinds, type ExceptionInfo, type FailureSignal } from '@prodsentinel/contracts';
import { isFailure, levelOf } from './failure-level.ts';
import { fingerprintOf, type FingerprintInput, type FingerprintVersion } from './fingerprint.ts';
import { fingerprintVersions, type FingerprintVersions } from './fingerprint-versions.ts';
import type { IntakeSignal } from './intake-signal.ts';
import { KnownTexts } from './known-texts.ts';
import { limits } from './limits.ts';
import type { ParsedException } from './parse-stack.ts';
import { readExceptions } from './read-exceptions.ts';
import { redactSecrets } from './redact-secrets.ts';
import { cutAt, cutAtWord, toStorableText } from './storable-text.ts';
import { TextMemory } from './text-memory.ts';
import { toTraceId } from './trace-ids.ts';

/** Where Kafka first held a record. */
export interface SourcePosition {
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly appendedAtMs: number;
  /** The offset of the record that brought it again, when that is another. */
  readonly readAt?: number;
}

export interface IntakeSettings {
  /** Names that masking keeps and that count as dependencies, exactly as services call themselves. */
  readonly knownServices: ReadonlySet<string>;
  /** By default those that are in use. */
  readonly versions?: FingerprintVersions;
}

export type Intake =
  { readonly kind: 'context' } | { readonly kind: 'failure'; readonly signal: IntakeSignal };

/**
 * Decides what a record is and, of a failure, makes everything that its window will need: storable text without secrets, its
 * template and its fingerprint. Pure; never throws for a value that fits the type, whatever it holds.
 */
export function takeIn(value: FailureSignal, position: SourcePosition, settings: IntakeSettings): Intake {
  return isFailure(value) ? { kind: 'failure', signal: readSignal(value, position, settings) } : context;
}

/** What `takeIn` makes of a failure, of any signal: also of context, which then says what it would be if it failed. */
export function readSignal(
  value: FailureSignal,
  position: SourcePosition,
  { knownServices, versions = fingerprintVersions }: IntakeSettings,
): IntakeSignal {
  const redactions: Record<string, number> = {};
  const clean = (text: string | null, maxChars: number) => withoutSecrets(text, maxChars, redactions);
  const said = clean(value.message, limits.scannedMessageChars) || inOtherWords(value, clean);
  const exception = cleanException(value.exception, clean);
  const exceptions = readExceptions(exception, said);
  const message = withException(said, exceptions[0]);
  const template = templates.of(versions.current.mask(message, knownServices)).text;
  const service = toName(value.service) || 'unknown_service';
  const severityNumber = toSeverityNumber(value.severityNumber);
  const severityText = sameName(toStorableText(value.severityText ?? '', limits.severityTextChars));
  const input: FingerprintInput = {
    service,
    level: levelOf(severityNumber, severityText),
    message: said,
    template,
    exceptions,
    code: codeOf(value.attributes),
    caller:
      value.fingerprint?.slice(0, maxCallerParts).map((part) => clean(part, limits.scannedMessageChars)) ??
      null,
    knownServices,
  };
  const { fingerprint, parts } = fingerprintOf(input, versions.current);
  const before = versions.previous && previousFingerprintOf(input, message, versions.previous);
  const signal: IntakeSignal = {
    // Not spread: V8 would move what comes behind it from one list to a longer one, again and again.
    partition: position.partition,
    offset: position.offset,
    appendedAtMs: position.appendedAtMs,
    environment: toName(value.environment) || 'default',
    traceId: toTraceId(value.traceId),
    spanId: toTraceId(value.spanId),
    parentSpanId: toTraceId(value.parentSpanId),
    service,
    release: toName(value.release) || null,
    severityNumber,
    severityText,
    kind: signalKinds.read(value.kind),
    message: shortened(message, limits.messageChars),
    exceptionType: exceptions.find(({ type }) => type !== '')?.type ?? null,
    stack: stackOf(exception),
    occurredAt: toTime(value.occurredAt),
    fingerprint,
    previousFingerprint: before === undefined || before === fingerprint ? null : before,
    fingerprintParts: parts,
    template,
    problem: problemOf(exceptions, said),
    redactions: isEmpty(redactions) ? noRedactions : redactions,
  };
  return position.readAt === undefined ? signal : { ...signal, readAt: position.readAt };
}

function previousFingerprintOf(
  input: FingerprintInput,
  message: string,
  previous: FingerprintVersion,
): string {
  const template = previous.mask(message, input.knownServices);
  return fingerprintOf({ ...input, template }, previous).fingerprint;
}

const noRedactions: Readonly<Record<string, number>> = Object.freeze({});

function isEmpty(record: object): boolean {
  for (const _ in record) return false;
  return true;
}

const context: Intake = Object.freeze({ kind: 'context' });

/** Many failures have one template: it is kept once. */
const templates = new KnownTexts(4_000_000);

const maxCallerParts = 256;

type Clean = (text: string | null, maxChars: number) => string;

/** Storable, cut and without secrets, in this order: what is behind the cut is never looked at. */
function withoutSecrets(text: string | null, maxChars: number, redactions: Record<string, number>): string {
  if (text === null || text === '') return '';
  const cut = toStorableText(cutAtWord(text, maxChars), maxChars);
  const redacted = redactSecrets(cut);
  if (redacted.text === cut) return cut;
  for (const kind in redacted.counts) redactions[kind] = (redactions[kind] ?? 0) + redacted.counts[kind]!;
  return redacted.text;
}

/** Of text that is storable already. */
const shortened = (text: string, maxChars: number): string =>
  text.length <= maxChars ? text : toStorableText(text, maxChars);

/** A failure without a message is told by its span or metric. */
function inOtherWords({ span, metric }: FailureSignal, clean: Clean): string {
  if (span !== null) return `span ${clean(span.name, limits.nameChars) || '(unnamed)'} failed`;
  if (metric !== null)
    return `metric ${clean(metric.name, limits.nameChars) || '(unnamed)'} is ${metric.value}`;
  return '';
}

function cleanException(exception: ExceptionInfo | null, clean: Clean): ExceptionInfo | null {
  if (exception === null) return null;
  const { causes } = exception;
  const kept =
    causes.length < limits.chainLength
      ? causes
      : [...causes.slice(0, limits.chainLength - 2), causes.at(-1)!];
  const { type, message, stack } = cleanCause(exception, clean);
  return { type, message, stack, causes: kept.map((cause) => cleanCause(cause, clean)) };
}

function cleanCause(
  { type, message, stack }: Omit<ExceptionInfo, 'causes'>,
  clean: Clean,
): Omit<ExceptionInfo, 'causes'> {
  return {
    type: sameName(clean(type, limits.nameChars).trim()),
    message: clean(message, limits.scannedMessageChars),
    stack: clean(stack, limits.scannedStackChars),
  };
}

/** The message, with what the exception says on a line of its own where the message does not say it. */
function withException(message: string, outermost: ParsedException | undefined): string {
  if (outermost === undefined) return message;
  const { type, message: told } = outermost;
  if ((told !== '' && message.includes(told)) || (told === '' && message.includes(type))) return message;
  const line = type === '' ? told : told === '' ? type : `${type}: ${told}`;
  if (message === '') return line;
  const newline = message.indexOf('\n');
  return newline < 0
    ? `${message}\n${line}`
    : `${message.slice(0, newline)}\n${line}${message.slice(newline)}`;
}

/** Usually the very text that is kept as the message: nothing is put together before somebody asks for a title. */
function problemOf(exceptions: readonly ParsedException[], said: string): IntakeSignal['problem'] {
  const { type, message } = exceptions.findLast((each) => each.type !== '') ?? { type: '', message: said };
  const isLong = message.length > limits.templateChars;
  return { type, message: isLong ? toStorableText(message.trimStart(), limits.headlineChars) : message };
}

function stackOf(exception: ExceptionInfo | null): string | null {
  if (exception === null) return null;
  let stack = exception.stack ?? '';
  for (const cause of exception.causes) {
    if (!cause.stack || stack.includes(cause.stack)) continue;
    stack += `${stack === '' ? '' : '\nCaused by: '}${cause.stack}`;
  }
  return stack === '' ? null : shortened(stack, limits.stackChars);
}

/** Attributes that hold a code by convention, OpenTelemetry's first. The others are not looked at: there may be 100,000. */
const codeAttributes = [
  'db.response.status_code',
  'rpc.grpc.status_code',
  'error.code',
  'exception.code',
  // Of pino's `err`.
  'err.code',
  'errno',
  'code',
  'sqlstate',
  'http.response.status_code',
  'http.status_code',
];

function codeOf(attributes: Readonly<Record<string, string>>): string | null {
  for (const name of codeAttributes) {
    const value = attributes[name];
    if (typeof value !== 'string' || !Object.hasOwn(attributes, name) || !isCode(value)) continue;
    if (name.startsWith('http.') && value < '400') continue;
    return value;
  }
  return null;
}

/** `ECONNREFUSED`, `ERR_TLS_CERT_EXPIRED`, `23505`, `P2002`, `-32000`: short enough not to be an id. */
const isCode = (value: string): boolean =>
  value.length <= 48 &&
  /^(?:-?\d{1,5}|[0-9A-Z]{5}|[A-Z]{1,4}-?\d{1,5}|[A-Z][A-Z_]{2,47})$/.test(value) &&
  value !== '0';

/** Of services, environments, releases: made once of each, and one text for all signals that bear it. */
function toName(text: string | null): string {
  if (text === null || text === '') return '';
  let name = names.get(text);
  if (name === undefined) {
    name = cutAt(toStorableText(text, limits.nameChars * 2).trim(), limits.nameChars);
    names.set(text, name);
  }
  return name;
}

const names = new TextMemory<string>(1_000_000);

function sameName(name: string): string {
  return name === '' ? '' : sameNames.of(name).text;
}

const sameNames = new KnownTexts(1_000_000);

const toSeverityNumber = (value: number): number =>
  Number.isInteger(value) && value >= 0 && value <= 24 ? value : value > 24 ? 24 : 0;

const toTime = (micros: number | null): number | null =>
  micros !== null && Number.isSafeInteger(micros) && micros > 0 ? micros : null;
