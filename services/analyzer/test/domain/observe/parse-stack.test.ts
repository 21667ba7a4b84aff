import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { parseStack } from '../../../src/domain/observe/parse-stack.ts';

// Properties run hundreds of times; how long that takes says nothing.
jest.setTimeout(60_000);

/** Types with their in-app frames, outermost first. */
function told(text: string): [string, string[]][] {
  return parseStack(text).map(({ type, frames }) => [
    type,
    frames.filter(({ isInApp }) => isInApp).map((frame) => `${frame.module} ${frame.function}`),
  ]);
}

describe('parseStack', () => {
  test('reads Node.js with a cause', () => {
    expect(
      told(`PoolExhaustedError: timed out waiting for a connection
    at Pool.acquire (/app/node_modules/pg-pool/index.js:45:11)
    at async reserveStock (file:///app/services/inventory/src/reserve.ts:10:5)
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)
    at /app/src/index.js:3:1 {
  [cause]: TypeError [ERR_INVALID_URL]: boom
      at new Foo (/app/src/foo.3f2a1b9c.js:1:2) {`),
    ).toEqual([
      ['PoolExhaustedError', ['reserve reserveStock', 'src/index <anonymous>']],
      ['TypeError', ['foo Foo']],
    ]);
  });

  test('reads Java with causes, without generated names and suppressed exceptions', () => {
    expect(
      told(`Exception in thread "main" java.lang.RuntimeException: outer
	at com.acme.Foo.lambda$bar$0(Foo.java:12)
	at com.acme.Foo$$EnhancerBySpringCGLIB$$1f2e.bar(<generated>)
	at java.base/java.lang.Thread.run(Thread.java:829)
	Suppressed: java.io.IOException: close
		at com.acme.Closer.close(Closer.java:1)
Caused by: com.acme.DbException: no conn
	at com.acme.Db$1.get(Db.java:5)
	... 3 more`),
    ).toEqual([
      ['java.lang.RuntimeException', ['com.acme.Foo bar']],
      ['com.acme.DbException', ['com.acme.Db get']],
    ]);
  });

  test('reads Python, whose innermost exception comes first', () => {
    expect(
      told(`Traceback (most recent call last):
  File "/app/pricing/main.py", line 10, in price
    foo()
  File "/usr/lib/python3.11/site-packages/x.py", line 1, in foo
KeyError: 'a'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/pricing/api.py", line 3, in handle
ValueError: bad price`),
    ).toEqual([
      ['ValueError', ['api handle']],
      ['KeyError', ['pricing/main price']],
    ]);
  });

  test('reads Go, .NET, PHP and Ruby', () => {
    expect(
      told(
        'panic: index out of range\n\ngoroutine 1 [running]:\nmain.(*Server).handle.func1(0xc0)\n\t/app/server.go:42 +0x1d\nnet/http.Serve(...)\n\t/usr/local/go/src/net/http/server.go:1 +0x2',
      ),
    ).toEqual([['panic', ['main (*Server).handle']]]);
    expect(
      told(
        'System.InvalidOperationException: outer\n ---> System.TimeoutException: inner\n   at Acme.Orders.<Place>d__12.MoveNext() in /src/O.cs:line 12\n   at System.Threading.Task.Run()',
      ),
    ).toEqual([
      ['System.InvalidOperationException', []],
      ['System.TimeoutException', ['Acme.Orders Place']],
    ]);
    expect(
      told(
        'PHP Fatal error:  Uncaught RuntimeException: bad\n#0 /app/src/Foo.php(12): Acme->bar()\n#1 /app/vendor/y.php(1): z()',
      ),
    ).toEqual([['RuntimeException', ['foo Acme->bar']]]);
    expect(
      told(
        "/app/lib/pay.rb:10:in `charge': declined (Acme::PaymentError)\n\tfrom /app/lib/a.rb:1:in `block in run'",
      ),
    ).toEqual([['Acme::PaymentError', ['pay charge', 'a run']]]);
  });

  test('finds the exception in a log line', () => {
    expect(
      parseStack(
        'x Servlet.service() threw exception [Request processing failed; nested exception is java.lang.IllegalStateException: No instances available for ts-food-service] with root cause',
      ),
    ).toEqual([
      {
        type: 'java.lang.IllegalStateException',
        message: 'No instances available for ts-food-service',
        frames: [],
      },
    ]);
    expect(told('payment failed: java.net.ConnectException: Connection refused')).toEqual([
      ['java.net.ConnectException', []],
    ]);
  });

  test.each(['order failed', 'at least one (item) is missing', 'at 10:30:15', 'Error', 'see: nothing'])(
    'makes up no frames: %s',
    (text) => {
      expect(told(text).flatMap(([, frames]) => frames)).toEqual([]);
    },
  );

  test('does not depend on line numbers', () => {
    const stack = 'TypeError: x\n    at price (/app/src/price.js:1:7)';
    expect(parseStack(stack)).toEqual(parseStack(stack.replace(':1:7', ':99:12')));
  });

  test('never throws and bounds what it keeps', () => {
    const deep = parseStack(
      `Error: x\n${'    at f (/app/a.js:1:1)\n    at g (/app/a.js:2:1)\n'.repeat(5_000)}`,
    );
    expect(deep[0]!.frames.length).toBeLessThanOrEqual(64);
    expect(parseStack('Caused by: E: x\n'.repeat(5_000)).length).toBeLessThanOrEqual(8);
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        (text) => void parseStack(`Error: x\n  at ${text}\nCaused by: ${text}`),
      ),
    );
  });
});
