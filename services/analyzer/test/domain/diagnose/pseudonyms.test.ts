import { expect, test } from '@jest/globals';
import { createPseudonyms } from '../../../src/domain/diagnose/pseudonyms.ts';

const pseudonyms = (key = 'key', keep: readonly string[] = []) => createPseudonyms(key, keep);

test.each([
  ['EMAIL', 'mail to ann.lee+x@mail.example.com bounced', 'ann.lee+x@mail.example.com'],
  ['ADDRESS', 'connect ECONNREFUSED 10.1.2.3:5432', '10.1.2.3'],
  ['ADDRESS', 'no route to 2001:db8::7', '2001:db8::7'],
  ['ADDRESS', 'listening on ::1', '::1'],
  ['ADDRESS', 'peer 2001:0db8:0000:0000:0000:ff00:0042:8329 left', '2001:0db8:0000:0000:0000:ff00:0042:8329'],
  ['USER', 'login failed, user=jdoe', 'jdoe'],
  ['USER', '{"username": "jdoe"}', 'jdoe'],
  ['USER', 'customer_id: c-4711 is locked', 'c-4711'],
  ['USER', 'password authentication failed for user "jdoe"', 'jdoe'],
  ['USER', 'cannot open /home/jdoe/app.log', 'jdoe'],
  ['USER', 'cannot open /Users/jdoe/app.log', 'jdoe'],
  ['HOST', 'hostname=db-7 is gone', 'db-7'],
  ['HOST', 'GET https://api.shop.example/v1 failed', 'api.shop.example'],
  ['HOST', 'lookup db-7.example.internal: no such host', 'db-7.example.internal'],
])('%s: %s', (kind, text, identity) => {
  const both = pseudonyms();
  const hidden = both.hide(text);
  expect(hidden).toMatch(new RegExp(`\\[${kind}_[0-9a-f]{12}\\]`));
  expect(hidden).not.toContain(identity);
  expect(both.reveal(hidden)).toBe(text);
});

test.each([
  'java.lang.NullPointerException',
  'checkout 1.2.3 started',
  'at com.shop.Cart.add(Cart.java:12)',
  '12:30:45.123',
])('what is no identity stays: %s', (text) => expect(pseudonyms().hide(text)).toBe(text));

test('the same identity has the same pseudonym for one key, and another one for another', () => {
  const [first, again, other] = [pseudonyms(), pseudonyms(), pseudonyms('other')].map((each) =>
    each.hide('ann@example.com'),
  );
  expect([first === again, first === other]).toEqual([true, false]);
});

test('services are the answer and are kept, whatever they look like', () => {
  expect(pseudonyms('key', ['Api.Shop.example']).hide('GET https://api.shop.example/v1')).toBe(
    'GET https://api.shop.example/v1',
  );
});

test('a pseudonym that nobody gave stays as it is', () => {
  expect(pseudonyms().reveal('[EMAIL_000000000000]')).toBe('[EMAIL_000000000000]');
});

test('an identity that stands where no pattern sees it is found before anything is sent', () => {
  const both = pseudonyms();
  both.hide('user=jdoe4711');
  expect([both.isShown('thread jdoe4711-worker'), both.isShown('thread worker')]).toEqual([true, false]);
});

test('hostile texts of 200 KB take no more than linear work', () => {
  // A quadratic expression would keep the test from ever ending.
  for (const text of ['a.', '1.', 'a@', ':', 'user=', 'http://a', '-'])
    pseudonyms().hide(text.repeat(200_000 / text.length));
});
