import { headAt, headInside } from './exception-heads.ts';
import { limits } from './limits.ts';
import { holdsExceptionEnding } from './protected-tokens.ts';
import { frameOf, goFrame, type StackFrame } from './stack-frames.ts';
import { TextMemory } from './text-memory.ts';

/** One exception of a chain, as a text tells of it. */
export interface ParsedException {
  /** Empty when the text holds frames and no name. */
  type: string;
  message: string;
  /** Nearest the throw site first, direct recursion once. */
  frames: StackFrame[];
}

/**
 * The exceptions that a stack trace or a log text tells of, outermost first, each with its frames: Node.js (`[cause]`), Java
 * ("Caused by:", "nested exception is"), Python ("direct cause", "During handling"), .NET (`--->`), Go, PHP and Ruby. Empty
 * when it tells of none. One pass over at most 16 KiB; never throws.
 */
export function parseStack(text: string): ParsedException[] {
  if (!text.includes('\n') && !tells(text)) return [];
  const reader = new TraceReader();
  const first = text.length <= limits.scannedStackChars ? text.indexOf('\n') : -1;
  if (first > 0 && first <= maxLineChars) {
    reader.read(text.slice(0, first));
    const frames = reader.awaitsFrames ? framesOf(text, first + 1) : undefined;
    if (frames !== undefined) reader.takeFrames(frames);
    else if (!(reader.awaitsPythonFrames && readPython(text, first + 1, reader)))
      readLines(text, { start: first + 1, maxLines: maxLines - 1 }, reader);
  } else readLines(text, { start: 0, maxLines }, reader);
  return reader.exceptions();
}

/** Whether a single line can name an exception or be a frame; most log lines do neither. */
function tells(line: string): boolean {
  // Rare letters first: a text is searched for them much faster than for others.
  if (holdsExceptionEnding(line) || line.includes('xception is ') || line.includes(':in ')) return true;
  return beginnings.test(line);
}

const beginnings = /^\s*(?:at |File "|#\d|[Cc]aused by|\[cause\]|---> |panic: )/;

function readLines(
  text: string,
  from: { start: number; maxLines: number },
  reader: { read(line: string): void },
): void {
  const limit = Math.min(text.length, limits.scannedStackChars);
  let { start } = from;
  for (let lines = 0; start < limit && lines < from.maxLines; lines++) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 || newline > limit ? limit : newline;
    reader.read(text.slice(start, Math.min(end, start + maxLineChars)));
    start = end + 1;
  }
}

/** What follows on a first line is the same for every failure of one problem, as far as it is frames and nothing else. */
const remembered = new TextMemory<{ readonly frames: readonly StackFrame[] | undefined }>(4_000_000);

/** The frames behind `start`, one list for all equal texts; undefined when there is anything else. */
function framesOf(text: string, start: number): readonly StackFrame[] | undefined {
  const behind = text.slice(start);
  let known = remembered.get(behind);
  if (known === undefined) {
    const reader = new FramesReader();
    readLines(behind, { start: 0, maxLines: maxLines - 1 }, reader);
    known = { frames: reader.frames };
    remembered.set(behind, known, text.length);
  }
  return known.frames;
}

/** The frames of a Python trace as they stand in it, and as they are read: the throw site first, one list for all. */
interface PythonFrames {
  readonly printed: readonly StackFrame[];
  readonly read: StackFrame[];
  readonly lastLine: string;
}

const rememberedPython = new TextMemory<{ readonly frames: PythonFrames | undefined }>(4_000_000);
const maxPythonLines = 300;

/** All but the first and the last line is looked up. False, with nothing read, where that is more than one exception's frames. */
function readPython(text: string, start: number, reader: TraceReader): boolean {
  const newline = text.lastIndexOf('\n');
  if (newline <= start) return false;
  const between = text.slice(start, newline);
  let known = rememberedPython.get(between);
  if (known === undefined) {
    known = { frames: pythonFramesOf(between) };
    rememberedPython.set(between, known, text.length);
  }
  if (known.frames === undefined) return false;
  reader.takePythonFrames(known.frames);
  reader.read(text.slice(newline + 1, newline + 1 + maxLineChars));
  return true;
}

function pythonFramesOf(between: string): PythonFrames | undefined {
  if (between.split('\n', maxPythonLines + 1).length > maxPythonLines) return undefined;
  const reader = new TraceReader();
  reader.read(pythonTitle);
  readLines(between, { start: 0, maxLines: maxPythonLines }, reader);
  return reader.pythonFrames();
}

const pythonTitle = 'Traceback (most recent call last)';

class FramesReader {
  frames: StackFrame[] | undefined = [];

  read(rawLine: string): void {
    const line = rawLine.trim();
    if (line === '' || this.frames === undefined) return;
    const frame = line.length <= maxFrameChars ? frameOf(line) : undefined;
    if (frame === undefined) this.frames = undefined;
    else appendFrame(this.frames, frame);
  }
}

/** Direct recursion once. */
function appendFrame(frames: StackFrame[], frame: StackFrame): void {
  const last = frames.at(-1);
  if (last !== undefined && last.module === frame.module && last.function === frame.function) return;
  if (frames.length < maxFrames) frames.push(frame);
}

const maxLines = 400;
const maxLineChars = 4_096;
const maxFrames = 64;
const maxFrameChars = 1_024;

class TraceReader {
  #chain: ParsedException[] = [];
  #current: ParsedException | undefined;
  #isSuppressed = false;
  /** Python prints the innermost exception first, frames before their exception and the throw site last. */
  #isPython = false;
  #previousLine = '';
  #pythonFrames: PythonFrames | undefined;

  read(rawLine: string): void {
    const line = rawLine.trim();
    if (line === '') return;
    const ruby = rubyHead(line);
    if (ruby !== undefined && this.#chain.length === 0) this.#open(ruby.type, ruby.message);
    const frame =
      line.length <= maxFrameChars ? (frameOf(line) ?? goFrame(this.#previousLine, line)) : undefined;
    this.#previousLine = line;
    if (frame !== undefined) this.#addFrame(frame);
    else this.#readOther(line);
  }

  /** Whether frames that follow are those of the exception that was named last, which has none yet. */
  get awaitsFrames(): boolean {
    return !this.#isPython && !this.#isSuppressed && this.#current?.frames.length === 0;
  }

  /** What reading these frames, and nothing after them, comes to. */
  takeFrames(frames: readonly StackFrame[]): void {
    if (this.#current) this.#current.frames = frames as StackFrame[];
  }

  /** Whether a Python trace has begun, and nothing of it was read. */
  get awaitsPythonFrames(): boolean {
    return this.#isPython && this.#chain.length === 0;
  }

  /** What was read, when it is the frames of one Python exception whose name has not come yet. */
  pythonFrames(): PythonFrames | undefined {
    const [only] = this.#chain;
    const isWaiting =
      this.#isPython && this.#chain.length === 1 && only !== undefined && only === this.#current;
    if (!isWaiting || only.type !== '' || only.message !== '') return undefined;
    return { printed: only.frames, read: only.frames.toReversed(), lastLine: this.#previousLine };
  }

  /** As if the lines that they were read from had been read. */
  takePythonFrames(frames: PythonFrames): void {
    this.#current = { type: '', message: '', frames: [...frames.printed] };
    this.#chain.push(this.#current);
    this.#previousLine = frames.lastLine;
    this.#pythonFrames = frames;
  }

  exceptions(): ParsedException[] {
    if (this.#isPython) {
      this.#chain.reverse();
      for (const each of this.#chain) each.frames = this.#pythonOrder(each.frames);
    }
    const told = this.#chain.filter(({ type, frames }) => type !== '' || frames.length > 0);
    if (told.length <= limits.chainLength) return told;
    return [...told.slice(0, limits.chainLength - 1), told.at(-1)!];
  }

  #pythonOrder(frames: StackFrame[]): StackFrame[] {
    const known = this.#pythonFrames;
    const isKnown = this.#chain.length === 1 && known?.printed.length === frames.length;
    return isKnown ? known.read : frames.toReversed();
  }

  #addFrame(frame: StackFrame): void {
    if (this.#isSuppressed) return;
    this.#current ??= this.#open('', '');
    appendFrame(this.#current.frames, frame);
  }

  #readOther(line: string): void {
    if (line.startsWith(pythonTitle)) {
      this.#isPython = true;
      this.#isSuppressed = false;
      this.#current = undefined;
    } else if (this.#isPython) this.#readPythonEnd(line);
    else if (line.startsWith('Suppressed: ')) this.#isSuppressed = true;
    else if (!this.#readCause(line) && this.#chain.length === 0) this.#readFirst(line);
  }

  /** What follows a Python trace's frames at the margin names its exception. */
  #readPythonEnd(line: string): void {
    if (this.#current === undefined || this.#current.type !== '') return;
    const head = headAt(line, 0, { isExpected: false });
    if (head === undefined) return;
    this.#current.type = head.type;
    this.#current.message = head.message;
    this.#current = undefined;
  }

  #readCause(line: string): boolean {
    for (const marker of causeMarkers) {
      if (!line.startsWith(marker)) continue;
      this.#isSuppressed = false;
      const head = headAt(line, marker.length, { isExpected: true });
      this.#open(head?.type ?? '', head?.message ?? line.slice(marker.length));
      if (head !== undefined) this.#readNested(line, head.type);
      return true;
    }
    return false;
  }

  #readFirst(line: string): void {
    const atStart = headAt(line, 0, { isExpected: false });
    const head = atStart ?? goPanic(line);
    if (head !== undefined) this.#open(head.type, head.message);
    if (this.#readNested(line, head?.type) || head !== undefined) return;
    const inside = headInside(line);
    if (inside !== undefined) this.#open(inside.type, inside.message);
  }

  /** Spring writes its causes into the message: `…; nested exception is T: message`. */
  #readNested(line: string, outer: string | undefined): boolean {
    let found = false;
    let at = line.indexOf(nestedMarker);
    for (; at >= 0 && this.#chain.length <= 32; at = line.indexOf(nestedMarker, at + nestedMarker.length)) {
      const head = headAt(line, at + nestedMarker.length, { isExpected: true });
      if (head === undefined || (head.type === outer && found)) continue;
      this.#open(head.type, withoutNested(head.message));
      found = true;
    }
    return found;
  }

  #open(type: string, message: string): ParsedException {
    const known = this.#chain.find(
      (each) => each.type === type && type !== '' && each.frames.length === 0 && each.message === message,
    );
    if (known !== undefined) return (this.#current = known);
    this.#current = { type, message: withoutNested(message), frames: [] };
    if (this.#chain.length < 64) this.#chain.push(this.#current);
    return this.#current;
  }
}

const causeMarkers = ['Caused by: ', '[cause]: ', '---> ', ' ---> ', 'Caused by ', 'caused by: '];
const nestedMarker = 'nested exception is ';

/** The nested exception has an entry of its own; the outer one's message is what stands before. */
function withoutNested(message: string): string {
  const at = message.indexOf(nestedMarker);
  if (at < 0) return message;
  const outer = message.slice(0, at).trimEnd();
  return outer.endsWith(';') ? outer.slice(0, -1) : outer;
}

function goPanic(line: string): { type: string; message: string } | undefined {
  if (!line.startsWith('panic: ')) return undefined;
  return { type: 'panic', message: line.slice(7) };
}

/** `/app/x.rb:10:in 'method': message (NoMethodError)`. */
function rubyHead(line: string): { type: string; message: string } | undefined {
  if (!line.endsWith(')') || !line.includes(':in ')) return undefined;
  const open = line.lastIndexOf(' (');
  const quote = line.indexOf("': ");
  if (open < 0 || quote < 0 || quote > open) return undefined;
  const type = line.slice(open + 2, -1);
  return type.length <= 200 ? { type, message: line.slice(quote + 3, open) } : undefined;
}
