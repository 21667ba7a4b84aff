import { expect, test } from '@jest/globals';
import { planted, plantedLine, startFakeModel } from '../src/index.ts';

async function stopAfter(content: string): Promise<void> {
  const fake = await startFakeModel();
  const response = await fetch(`${fake.url}/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({
      messages: [{ role: 'user', content: JSON.stringify({ signals: [], content }) }],
    }),
  });
  expect(response.status).toBe(200);
  await response.body?.cancel();
  await fake.stop();
}

test.each([...Object.entries(planted), ['others', 'bob@corp.example'], ['others', '192.168.0.9']])(
  'a fake model that was sent what must not leave (%s) cannot be stopped without an error, which repeats none of it',
  async (_, value) => {
    const error = await stopAfter(`before ${value} after`).catch((reason: Error) => reason);
    expect(String(error)).toMatch(/sent what must not leave, in 1 requests: /);
    expect(String(error)).not.toContain(value);
  },
);

test('pseudonyms, marks of redaction and versions are no leaks', async () => {
  await stopAfter('[EMAIL_0123456789ab] [redacted:token] [ADDRESS_0123456789ab] checkout 1.2.3');
});

test('the line that tests plant holds everything that is looked for', () => {
  for (const value of Object.values(planted)) expect(plantedLine).toContain(value);
});
