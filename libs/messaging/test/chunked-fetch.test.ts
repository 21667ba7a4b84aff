import { createRequire } from 'node:module';
import { expect, test } from '@jest/globals';
import { fetchInChunks, installChunkedFetch } from '../src/chunked-fetch.ts';
import { encodeProduceBody } from '../src/produce-body.ts';
import { RecordChunk } from '../src/record-chunk.ts';

const require = createRequire(import.meta.url);
const { prototype } = require('kafkajs/src/consumer/consumerGroup') as {
  prototype: { fetch(nodeId: string): Promise<unknown> };
};
const answer = require('kafkajs/src/protocol/requests/fetch/v11/response') as {
  decode(raw: Buffer): Promise<{ responses: { partitions: { messages: unknown[] }[] }[] }>;
};

/** An answer of one record, of version 11 of Fetch. */
function answerOf(): Buffer {
  const body = encodeProduceBody({
    acks: -1,
    timeout: 0,
    producerId: -1n,
    producerEpoch: 0,
    timestampMs: 0,
    topicData: [{ topic: 't', partitions: [{ partition: 0, firstSequence: 0, messages: [{ value: 'v' }] }] }],
  });
  const batch = body.subarray(12 + 3 + 4 + 4 + 4);
  const head = Buffer.alloc(4 + 2 + 4 + 4 + 3 + 4 + 4 + 2 + 3 * 8 + 4 + 4 + 4);
  head.writeInt32BE(1, 10);
  head.writeInt16BE(1, 14);
  head.write('t', 16);
  head.writeInt32BE(1, 17);
  head.writeInt32BE(batch.length, head.length - 4);
  return Buffer.concat([head, batch]);
}

const filterPartitionsByNode = (_: string, partitions: unknown) => partitions;
const ended = new Error('this is all that is fetched');

/** A member whose fetch does what is given as the first of it, and no more. */
function memberOf(memberId: string, first: () => Promise<unknown>) {
  const refreshMetadataIfNecessary = async () => {
    await first();
    throw ended;
  };
  const subscriptionState = { active: () => [{ topic: 't', partitions: [0] }] };
  const own = {
    memberId,
    subscriptionState,
    filterPartitionsByNode,
    cluster: { refreshMetadataIfNecessary },
  };
  return Object.assign(Object.create(prototype) as typeof prototype, own);
}

test('records stay bytes for the members that asked for it, and for nobody whose fetch begins within theirs', async () => {
  installChunkedFetch();
  const end = fetchInChunks('ours', 1_000);
  const seen: unknown[] = [];
  const read = async () => {
    const { responses } = await answer.decode(answerOf());
    seen.push(responses[0]?.partitions[0]?.messages[0] instanceof RecordChunk);
  };
  const other = memberOf('another', read);
  const ours = memberOf('ours', async () => {
    await read();
    await expect(other.fetch('0')).rejects.toBe(ended);
    await read();
  });
  await expect(ours.fetch('0')).rejects.toBe(ended);
  expect(seen).toEqual([true, false, true]);
  end();
  await expect(ours.fetch('0')).rejects.toBe(ended);
  expect(seen.slice(3)).toEqual([false, false, false]);
});
