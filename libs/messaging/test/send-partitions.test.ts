import { expect, test } from '@jest/globals';
import type { Message } from 'kafkajs';
import { SendPartitions } from '../src/send-partitions.ts';

const partitionMetadata = Array.from({ length: 6 }, (_, partitionId) => ({
  partitionId,
  partitionErrorCode: 0,
  leader: 1,
  replicas: [1],
  isr: [1],
}));

function openSend(...messages: Message[]) {
  const send = new SendPartitions();
  const choose = send.createPartitioner();
  const attempt = () => messages.map((message) => choose({ topic: 'failures', partitionMetadata, message }));
  return { send, attempt, partitions: attempt() };
}

const keyed = (count: number): Message[] =>
  Array.from({ length: count }, (_, index) => ({ key: `trace-${index}`, value: 'v' }));

test('a send is acknowledged when its answers name every partition that it wrote to', () => {
  const { send, partitions } = openSend(...keyed(50));
  const answers = [...new Set(partitions)].map((partition) => ({ topicName: 'failures', partition }));
  expect(answers.length).toBeGreaterThan(1);
  const [left, ...others] = answers;
  expect(send.unacknowledged(others)).toEqual([`failures/${left!.partition}`]);
  expect(send.unacknowledged(answers)).toEqual([]);
});

test('an answer of another topic acknowledges nothing', () => {
  const { send, partitions } = openSend({ key: 'a', value: 'v' });
  expect(send.unacknowledged([{ topicName: 'other', partition: partitions[0]! }])).toEqual([
    `failures/${partitions[0]}`,
  ]);
});

test('a record without a key keeps its partition when the send is tried again', () => {
  const { attempt, partitions } = openSend(...Array.from({ length: 20 }, () => ({ value: 'v' })));
  expect(new Set(partitions).size).toBeGreaterThan(1);
  expect(attempt()).toEqual(partitions);
});

test('the next send expects nothing of the one before', () => {
  const { send, attempt } = openSend(...keyed(50));
  send.begin();
  expect(send.unacknowledged([])).toEqual([]);
  const again = new Set(attempt());
  expect(send.unacknowledged([])).toHaveLength(again.size);
});
