import { expect, test } from '@jest/globals';
import { AppError } from '@prodsentinel/kernel';
import { createCodec, toStoredDeadLetter } from '@prodsentinel/messaging';
import { renderLetter } from '../src/dead-letters/letter-page.ts';
import { viewLetter } from '../src/dead-letters/letter-view.ts';

const password = 'hunter2-and-more';
const codec = createCodec('http://127.0.0.1:9');

function letterOf(value: Buffer | null, more: Record<string, string> = {}) {
  const headers = {
    'prodsentinel.error.code': 'invalid_input',
    '__dlq.errors.message': `severityNumber is missing, password=${password}`,
    '__dlq.errors.topic': 'failures',
    '__dlq.errors.partition': '2',
    '__dlq.errors.offset': '17',
    '__dlq.errors.timestamp': '1800000000000',
    'x-api-key': password,
    traceparent: '00-a-b-01',
    ...more,
  };
  const record = { partition: 0, offset: 5, key: Buffer.from(`token=${password}`), value, timestampMs: 0 };
  return toStoredDeadLetter('failures', { ...record, rawHeaders: headers, headers }, undefined);
}

const show = async (value: Buffer | null, more?: Record<string, string>, isUnredacted = false) =>
  viewLetter(letterOf(value, more), { topic: 'failures', codec, isUnredacted });

const failure = Buffer.from(
  JSON.stringify({
    message: `cannot log in: password=${password}\u001b[2J`,
    severityNumber: 17,
    attributes: { password, user: 'ann' },
    exception: { type: 'E', message: `Authorization: Bearer ${password}${password}`, causes: [] },
  }),
);

test('what it holds is decoded, and its secrets are not shown', async () => {
  const view = await show(failure);
  expect(view).toMatchObject({
    topic: 'failures.dlq',
    partition: 0,
    offset: 5,
    code: 'invalid_input',
    source: { topic: 'failures', partition: 2, offset: 17, timestampMs: 1_800_000_000_000 },
    bytes: failure.length,
    notDecoded: undefined,
    headers: { traceparent: '00-a-b-01', '__dlq.errors.offset': '17' },
    value: { severityNumber: 17, attributes: { user: 'ann' } },
  });
  const page = renderLetter(view).join('\n');
  expect(page).toContain('failures.dlq 0/5');
  expect(page).toContain('came from: failures 2/17, there since 2027-01-15T08:00:00.000Z');
  expect(page).toContain('"user": "ann"');
  expect(page).toContain('[redacted:');
  for (const shown of [page, JSON.stringify(view)]) expect(shown).not.toContain(password);
  expect(page).not.toContain('\u001b');
});

test('with its secrets when told so', async () => {
  const view = await show(failure, {}, true);
  expect(view.headers['x-api-key']).toBe(password);
  expect(view.value).toMatchObject({ attributes: { password } });
  expect(view.key).toBe(`token=${password}`);
});

test('a value that cannot be decoded is shown as text without its secrets, and not at all when it is none', async () => {
  const broken = await show(Buffer.from(`{"message":"x","password":"${password}`));
  expect(broken.notDecoded).toContain('neither Avro');
  expect(broken.value).toMatch(/^\{"message":"x","password":"\[redacted/);
  const bytes = await show(Buffer.from([1, 0xff, 0xfe]));
  expect(bytes).toMatchObject({ bytes: 3, value: undefined });
  expect(renderLetter(bytes)).toContainEqual(expect.stringMatching(/^value, 3 bytes, not decoded: /));
  expect(renderLetter(await show(null))).toContain('value: none');
});

test('a registry that is away hides nothing but the value', async () => {
  const away = { decode: () => Promise.reject(new AppError('unavailable', 'the registry is away')) };
  const letter = letterOf(Buffer.from([0, 0, 0, 0, 1, 2]));
  const view = await viewLetter(letter, { topic: 'failures', codec: away, isUnredacted: false });
  expect(view).toMatchObject({
    code: 'invalid_input',
    value: undefined,
    notDecoded: 'the registry is away',
  });
});

test('of a whole batch its offsets are said, and it is not taken for a record', async () => {
  const view = await show(failure, { 'prodsentinel.batch.last.offset': '99' });
  expect(view).toMatchObject({ batchLastOffset: 99, value: undefined });
  expect(renderLetter(view).join('\n')).toContain('failures 2/17 to 99');
});
