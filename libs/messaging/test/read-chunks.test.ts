import { createRequire } from 'node:module';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { KafkaMessage } from 'kafkajs';
import { AssignedPartition } from '../src/assigned-partition.ts';
import { beginFetched } from '../src/backlog.ts';
import { readChunks, type AbortedTransaction } from '../src/read-chunks.ts';
import { RecordChunk } from '../src/record-chunk.ts';
import { UnpackBudget } from '../src/unpack-budget.ts';

const require = createRequire(import.meta.url);
const KafkaDecoder = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => object;
const decodeMessages = require('kafkajs/src/protocol/requests/fetch/v4/decodeMessages') as (
  decoder: object,
) => Promise<(KafkaMessage & { isControlRecord: boolean })[]>;

interface Entry {
  readonly offsetDelta: number;
  readonly timestampDelta: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [string, Buffer | null])[];
}

interface LogBatch {
  readonly firstOffset: number;
  readonly entries: readonly Entry[];
  readonly attributes?: number;
  readonly producerId?: number;
}

const firstTimestampMs = 1_800_000_000_000;
const appendedAtMs = firstTimestampMs + 77;
const logAppendTime = 0x08;
const transactional = 0x10;
const control = 0x20;
const gzip = 0x01;

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value < 0 ? -value * 2 - 1 : value * 2; ; rest = Math.floor(rest / 128)) {
    bytes.push((rest % 128) + (rest >= 128 ? 128 : 0));
    if (rest < 128) return Buffer.from(bytes);
  }
}

const sized = (bytes: Buffer | null) => (bytes ? [varint(bytes.length), bytes] : [varint(-1)]);

function recordOf({ offsetDelta, timestampDelta, key, value, headers }: Entry): Buffer {
  const body = Buffer.concat([
    Buffer.from([0]),
    varint(timestampDelta),
    varint(offsetDelta),
    ...sized(key),
    ...sized(value),
    varint(headers.length),
    ...headers.flatMap(([name, each]) => [...sized(Buffer.from(name)), ...sized(each)]),
  ]);
  return Buffer.concat([varint(body.length), body]);
}

function batchOf({ firstOffset, entries, attributes = 0, producerId = -1 }: LogBatch): Buffer {
  const plainRecords = Buffer.concat(entries.map(recordOf));
  const records = attributes & gzip ? gzipSync(plainRecords) : plainRecords;
  const header = Buffer.alloc(61);
  header.writeBigInt64BE(BigInt(firstOffset), 0);
  header.writeInt32BE(49 + records.length, 8);
  header[16] = 2;
  header.writeInt16BE(attributes, 21);
  header.writeInt32BE(entries.at(-1)?.offsetDelta ?? 0, 23);
  header.writeBigInt64BE(BigInt(firstTimestampMs), 27);
  header.writeBigInt64BE(BigInt(appendedAtMs), 35);
  header.writeBigInt64BE(BigInt(producerId), 43);
  header.writeInt32BE(entries.length, 57);
  return Buffer.concat([header, records]);
}

function decodeByKafkajs(bytes: Buffer) {
  const size = Buffer.alloc(4);
  size.writeInt32BE(bytes.length);
  return decodeMessages(new KafkaDecoder(Buffer.concat([size, bytes])));
}

/** What a consumer that asks for an offset is handed. */
async function take(
  batches: readonly LogBatch[],
  askedOffset = 0,
  aborted: readonly AbortedTransaction[] = [],
  { owner = new AssignedPartition('failures', 0, 1), maxBytes = 1_000 } = {},
) {
  const chunks = await readChunks(Buffer.concat(batches.map(batchOf)), aborted, new UnpackBudget(maxBytes));
  const messages = chunks.filter(({ isControlRecord }) => !isControlRecord) as unknown as KafkaMessage[];
  const backlog = beginFetched(owner, { messages, fetchedOffset: String(askedOffset) });
  const { size } = backlog;
  return { owner, size, items: backlog.take(Infinity) };
}

const plain = (offsetDelta: number): Entry => ({
  offsetDelta,
  timestampDelta: 0,
  key: null,
  value: Buffer.from(`value ${offsetDelta}`),
  headers: [],
});

const run = (firstOffset: number, count: number, more: Partial<LogBatch> = {}): LogBatch => ({
  firstOffset,
  entries: Array.from({ length: count }, (_, i) => plain(i)),
  ...more,
});

const bytesArbitrary = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const entryArbitrary = fc.record({
  gap: fc.integer({ min: 1, max: 200 }),
  timestampDelta: fc.integer({ min: -10_000_000_000, max: 10_000_000_000 }),
  key: fc.option(bytesArbitrary),
  value: fc.option(bytesArbitrary),
  headers: fc.array(fc.tuple(fc.constantFrom('a', 'b', 'имя'), bytesArbitrary), {
    maxLength: 4,
  }),
});

test('what is taken is what kafkajs makes of the same bytes, and each open offset is one of it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(entryArbitrary, { minLength: 1, maxLength: 8 }), { maxLength: 5 }),
      fc.boolean(),
      async (parts, isAppendTime) => {
        let next = 5_000_000_000;
        const batches = parts.map((entries): LogBatch => {
          let delta = -1;
          const firstOffset = next;
          const all = entries.map(({ gap, ...entry }, i) => {
            delta += i === 0 ? 1 : gap;
            return { ...entry, offsetDelta: delta };
          });
          next += delta + 1;
          return { firstOffset, entries: all, attributes: isAppendTime ? logAppendTime : 0 };
        });
        const expected = await decodeByKafkajs(Buffer.concat(batches.map(batchOf)));
        const { owner, items, size } = await take(batches);
        expect(size).toBe(expected.length);
        expect(
          items.map(({ offset, timestampMs, key, value, headers }) => [
            String(offset),
            String(timestampMs),
            key,
            value,
            Object.entries(headers),
          ]),
        ).toEqual(
          expected.map(({ offset, timestamp, key, value, headers }) => [
            offset,
            timestamp,
            key,
            value,
            Object.entries(headers ?? {}),
          ]),
        );
        expect(owner.tracker.openCount).toBe(expected.length);
        expect(owner.activeBytes).toBe(items.reduce((sum, { bytes }) => sum + bytes, 0));
        for (const item of items) {
          expect(owner.tracker.isOpen(item.offset)).toBe(true);
          owner.finish(item);
        }
        expect([owner.activeRecords, owner.activeBytes, owner.tracker.openCount]).toEqual([0, 0, 0]);
      },
    ),
  );
});

test('what lies before the offset asked for, or was seen before, is passed over', async () => {
  const first = await take([run(10, 5)], 12);
  expect(first.items.map(({ offset }) => offset)).toEqual([12, 13, 14]);
  const again = await take([run(10, 5), run(15, 3)], 12, [], first);
  expect(again.items.map(({ offset }) => offset)).toEqual([15, 16, 17]);
  expect(first.owner.tracker.lowWater).toBe(12);
  const gaps = { firstOffset: 20, entries: [plain(0), plain(4), plain(9)] };
  expect((await take([gaps], 22, [], first)).items.map(({ offset }) => offset)).toEqual([24, 29]);
});

test('a batch that was cut off is left for the next fetch', async () => {
  const bytes = Buffer.concat([batchOf(run(0, 3)), batchOf(run(3, 3)).subarray(0, -1)]);
  const chunks = await readChunks(bytes, [], new UnpackBudget(1_000));
  expect(chunks.map(({ offset }) => offset)).toEqual(['2']);
});

test('where nothing is missing a record has the offset of its place, whatever its producer wrote', async () => {
  const entries = [5, 5, 2].map(plain);
  const { owner, items } = await take([{ firstOffset: 10, entries }, run(13, 1)]);
  expect(items.map(({ offset }) => offset)).toEqual([10, 11, 12, 13]);
  for (const item of items) owner.finish(item);
  expect([owner.tracker.lowWater, owner.activeRecords]).toEqual([14, 0]);
});

test('of transactions that were aborted nothing is handed on, of others all', async () => {
  const marker = { attributes: transactional | control };
  const { items } = await take(
    [
      run(10, 2, { attributes: transactional, producerId: 2 }),
      run(12, 2, { attributes: transactional, producerId: 1 }),
      run(14, 1, { ...marker, producerId: 1 }),
      run(15, 2, { attributes: transactional, producerId: 1 }),
      run(17, 1, { ...marker, producerId: 2 }),
      run(18, 1),
    ],
    10,
    // Both began before what was fetched.
    [
      { producerId: 1n, firstOffset: 3 },
      { producerId: 2n, firstOffset: 5 },
    ],
  );
  expect(items.map(({ offset }) => offset)).toEqual([15, 16, 18]);
});

test('a header without a value is empty, which kafkajs can write to the dead letters, and any name is a name', async () => {
  const proto = Buffer.from('p');
  const entry: Entry = {
    ...plain(0),
    headers: [
      ['x', null],
      ['__proto__', proto],
    ],
  };
  const { items } = await take([{ firstOffset: 0, entries: [entry] }]);
  expect(Object.entries(items[0]?.headers ?? {})).toEqual([
    ['x', Buffer.alloc(0)],
    ['__proto__', proto],
  ]);
});

const packed = (firstOffset: number, count: number) => run(firstOffset, count, { attributes: gzip });

test('a batch that unpacks to more than is allowed is one piece of work, which stands for all that is not seen yet', async () => {
  const owner = new AssignedPartition('failures', 0, 1);
  const batches = [run(10, 2), packed(12, 100), run(112, 1)];
  const first = await take(batches.slice(0, 2), 20, [], { owner });
  const [item, ...others] = first.items;
  expect(others).toEqual([]);
  expect(item).toMatchObject({ offset: 20, key: null, headers: {}, timestampMs: firstTimestampMs });
  expect(item?.value).toEqual(batchOf(packed(12, 100)));
  expect(item?.refused).toMatchObject({ code: 'batch_too_large', lastOffset: 111 });
  expect(item?.refused?.reason).toContain('offsets 12 to 111, 100 records');
  expect([owner.tracker.lowWater, owner.tracker.openCount, owner.activeRecords]).toEqual([20, 1, 1]);
  const again = await take(batches, 20, [], { owner });
  expect(again.items.map(({ offset }) => offset)).toEqual([]);
  owner.finish(item!);
  expect([owner.tracker.lowWater, owner.activeRecords, owner.activeBytes]).toEqual([112, 0, 0]);
});

test('of one answer no more batches are unpacked once their bytes are what one batch may have', async () => {
  const maxBytes = gunzipSync(batchOf(packed(0, 40)).subarray(61)).length + 1;
  const batches = [packed(0, 40), packed(40, 40), packed(80, 40), run(120, 1)];
  const offsetsOf = async (...all: LogBatch[]) =>
    (await take(all, 0, [], { maxBytes })).items.map(({ offset }) => offset);
  expect((await offsetsOf(...batches)).at(-1)).toBe(79);
  // Such a one costs as much, and there may be hundreds of them in an answer.
  expect(await offsetsOf(packed(0, 100), run(100, 1))).toEqual([0]);
  expect(await offsetsOf(run(0, 2), packed(2, 100), packed(102, 1))).toEqual([0, 1, 2]);
});

test('a record that is longer than its batch is refused', async () => {
  const [chunk] = await readChunks(batchOf(run(0, 1)), [], new UnpackBudget(1_000));
  const broken = new RecordChunk(chunk!.header, Buffer.from([0x7e, 0]));
  const backlog = beginFetched(new AssignedPartition('failures', 0, 1), {
    messages: [broken] as unknown as KafkaMessage[],
    fetchedOffset: '0',
  });
  expect(() => backlog.take(1)).toThrow(RangeError);
});

const message = (offset: string, key: string) => ({
  offset,
  timestamp: '1800000000000',
  key: Buffer.from(key),
  value: Buffer.from('v'),
  headers: { x: [Buffer.from('1'), Buffer.from('2')] },
});

test('messages that kafkajs has made of an older format are taken the same way', () => {
  const owner = new AssignedPartition('failures', 0, 1);
  owner.tracker.skipTo(4);
  const messages = [message('3', 'a'), message('4', 'b')] as unknown as KafkaMessage[];
  const [item, ...others] = beginFetched(owner, { messages, fetchedOffset: '3' }).take(10);
  expect(others).toEqual([]);
  expect(item).toMatchObject({ offset: 4, key: Buffer.from('b'), timestampMs: 1_800_000_000_000 });
  expect(item?.headers['x']).toEqual([Buffer.from('1'), Buffer.from('2')]);
});
