import { expect, test } from '@jest/globals';
import { isOptedOut } from '../../../src/domain/diagnose/opted-out.ts';
import { requestFor, signal } from './build-request.ts';

const request = requestFor([signal('e1', 'cart', 'sold out')]);
const suspect = { service: 'payroll', template: 'x', score: 0.1, why: '' };

test.each([
  ['one of the services', { services: ['cart', 'payroll'] }],
  ['one that only a signal names', { evidence: [signal('e1', 'payroll', 'x')] }],
  ['one that is only a suspect', { suspects: [suspect] }],
  ['one that is only in the signature', { signature: [{ service: 'payroll', template: 'x', count: 1 }] }],
])('nothing is sent when the opted-out service is %s', (_, changes) => {
  expect(isOptedOut({ ...request, ...changes }, ['payroll'])).toBe(true);
});

test('names are compared whole, and nobody is opted out by default', () => {
  expect([isOptedOut(request, ['car', 'carts']), isOptedOut(request, [])]).toEqual([false, false]);
});
