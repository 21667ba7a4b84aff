import { describe, expect, test } from '@jest/globals';
import { readSignedSource, redriveHeaders, signedSource, type RecordSource } from '../src/redrive-source.ts';

const source: RecordSource = { topic: 'failures', partition: 3, offset: 42, timestampMs: 1_795_692_101_624 };
const value = Buffer.from('{"message":"m"}');
const key = 'a key';
const headers = signedSource(source, value, key);

describe('the source of a redriven record', () => {
  test('is read back, also from bytes, and of a record without a value', () => {
    expect(readSignedSource(headers, value, key)).toEqual(source);
    const bytes = Object.fromEntries(
      Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]),
    );
    expect(readSignedSource(bytes, value, key)).toEqual(source);
    expect(readSignedSource(signedSource(source, null, key), null, key)).toEqual(source);
  });

  const forged = (changes: Record<string, string>) => ({ ...headers, ...changes });
  test.each<[string, Record<string, string>, Buffer | null, string | undefined]>([
    ['with another value', headers, Buffer.from('{"message":"n"}'), key],
    ['without its value', headers, null, key],
    ['signed with another key', headers, value, 'another'],
    ['when there is no key', headers, value, undefined],
    ['moved', forged({ [redriveHeaders.source]: 'failures/3/1795692101624/43' }), value, key],
    ['without a signature', { [redriveHeaders.source]: headers[redriveHeaders.source]! }, value, key],
    ['with half a signature', forged({ [redriveHeaders.signature]: 'ab' }), value, key],
    ['with nonsense for a signature', forged({ [redriveHeaders.signature]: 'z'.repeat(64) }), value, key],
    ['that names none', {}, value, key],
  ])('is not believed %s', (_, given, ofValue, withKey) => {
    expect(readSignedSource(given, ofValue, withKey)).toBeUndefined();
  });

  test('is none when the text is no place, whoever signed it', () => {
    const odd = signedSource({ ...source, topic: 'a/b' }, value, key);
    expect(readSignedSource(odd, value, key)).toBeUndefined();
  });
});
