import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { choosePrimary } from '../../../src/domain/observe/primary-fingerprint.ts';
import { headlineOf } from '../../../src/domain/observe/title.ts';
import { taken } from './signals.ts';

// Properties run hundreds of times; how long that takes says nothing.
jest.setTimeout(60_000);

const error = (type: string, message: string) => ({ type, message, stack: null, causes: [] });

describe('choosePrimary', () => {
  test('prefers the deepest of nested failing spans over what saw it come up', () => {
    const spans = [
      taken({ service: 'gateway', spanId: 'a', message: 'request failed', occurredAt: 1 }),
      taken({ service: 'checkout', spanId: 'b', parentSpanId: 'a', message: 'order failed', occurredAt: 2 }),
      taken({ service: 'inventory', spanId: 'c', parentSpanId: 'b', message: 'no rows', occurredAt: 3 }),
    ];
    expect(choosePrimary(spans).service).toBe('inventory');
  });

  test('prefers what failed below even where what lies above is worse', () => {
    const above = taken({ service: 'checkout', spanId: 'b', message: 'giving up', severityNumber: 21 });
    const below = taken({ service: 'inventory', spanId: 'c', parentSpanId: 'b', message: 'no rows' });
    expect(choosePrimary([above, below])).toBe(below);
  });

  test('prefers the service that is blamed, when it failed itself, over those that blame it', () => {
    const signals = [
      taken({ service: 'gateway', message: 'call to checkout failed', occurredAt: 1 }),
      taken({ service: 'checkout', message: 'call to inventory failed', occurredAt: 2 }),
      taken({ service: 'inventory', message: 'something is wrong', occurredAt: 3 }),
    ];
    expect(choosePrimary(signals).service).toBe('inventory');
    expect(choosePrimary(signals.slice(0, 2)).service).toBe('checkout');
  });

  test('does not follow services that blame each other', () => {
    const a = taken({ service: 'pricing', message: 'inventory failed', occurredAt: 1 });
    const b = taken({ service: 'inventory', message: 'pricing failed', occurredAt: 2 });
    expect(choosePrimary([b, a])).toBe(a);
  });

  test('prefers what says more than that a call failed, then what is worse, then what came first', () => {
    const relay = taken({ service: 'gateway', message: '500 Internal Server Error', occurredAt: 1 });
    const late = taken({ service: 'pricing', message: 'no price', occurredAt: 3 });
    const early = taken({ service: 'payments', message: 'no money', occurredAt: 2 });
    const fatal = taken({ service: 'shipping', message: 'no ship', severityNumber: 21, occurredAt: 9 });
    expect(choosePrimary([relay, late, early])).toBe(early);
    expect(choosePrimary([relay, late, early, fatal])).toBe(fatal);
  });

  test('takes spans whose ids go round in a circle', () => {
    const a = taken({ spanId: 'a', parentSpanId: 'b', message: 'x' });
    const b = taken({ spanId: 'b', parentSpanId: 'a', message: 'y' });
    expect(choosePrimary([b, a])).toBe(a);
  });

  test.each([
    {
      fault: 'an exhausted pool of connections',
      signals: [
        taken({
          service: 'gateway',
          message: 'GET /checkout answered 500 Internal Server Error',
          occurredAt: 1,
        }),
        taken({
          service: 'checkout',
          message: 'order 17 failed',
          exception: error('UpstreamError', 'inventory responded 500'),
          occurredAt: 2,
        }),
        taken({
          service: 'inventory',
          message: 'reserve failed',
          exception: error('PoolExhaustedError', 'timed out waiting for a connection'),
          occurredAt: 3,
        }),
      ],
      cause: 'PoolExhaustedError: timed out waiting for a connection',
    },
    {
      fault: 'a null dereference after a release',
      signals: [
        taken({ service: 'checkout', message: 'Request failed with status code 500', occurredAt: 1 }),
        taken({
          service: 'pricing',
          release: '2.0',
          exception: error('TypeError', "Cannot read properties of undefined (reading 'amount')"),
          occurredAt: 2,
        }),
      ],
      cause: "TypeError: Cannot read properties of undefined (reading 'amount')",
    },
    {
      fault: 'a payment provider that does not answer',
      signals: [
        taken({ service: 'gateway', message: '504 Gateway Timeout', occurredAt: 1 }),
        taken({ service: 'checkout', message: 'payments timed out', occurredAt: 2 }),
        taken({
          service: 'payments',
          exception: error('ProviderTimeoutError', 'no answer from payment provider within 3000 ms'),
          occurredAt: 3,
        }),
      ],
      cause: 'ProviderTimeoutError: no answer from payment provider within 3000 ms',
    },
    {
      fault: 'an expired certificate',
      signals: [
        taken({ service: 'checkout', message: 'calling shipping failed: 502 Bad Gateway', occurredAt: 1 }),
        taken({ service: 'shipping', exception: error('Error', 'certificate has expired'), occurredAt: 2 }),
      ],
      cause: 'Error: certificate has expired',
    },
  ])('names the cause of $fault rather than its symptoms', ({ signals, cause }) => {
    expect(headlineOf(choosePrimary(signals).problem)).toBe(cause);
  });

  test('does not depend on the order of arrival', () => {
    const id = fc.constantFrom('', 'a', 'b', 'c', 'd');
    const signal = fc
      .record({
        service: fc.constantFrom('gateway', 'checkout', 'inventory'),
        message: fc.constantFrom(
          'boom',
          'inventory failed',
          'checkout failed',
          '502 Bad Gateway',
          'gateway failed',
        ),
        spanId: id,
        parentSpanId: id,
        severityNumber: fc.constantFrom(17, 21),
        occurredAt: fc.constantFrom(1, 2, null),
      })
      .map((fields) => taken(fields));
    const shuffled = fc
      .array(signal, { minLength: 1, maxLength: 12 })
      .chain((signals) =>
        fc.tuple(fc.constant(signals), fc.shuffledSubarray(signals, { minLength: signals.length })),
      );
    fc.assert(
      fc.property(shuffled, ([one, other]) => expect(choosePrimary(other)).toBe(choosePrimary(one))),
      { numRuns: 1_000 },
    );
  });
});
