import { describe, expect, test } from '@jest/globals';
import { diagnoseByRules } from '../../../src/domain/diagnose/diagnose-by-rules.ts';
import { failurePatterns } from '../../../src/domain/diagnose/patterns/library.ts';
import { requestFor, signal } from './build-request.ts';

interface Example {
  category: string;
  flavour: string;
  message: string;
  exceptionType?: string;
  stack?: string;
  /** `shop`, the reporter, unless the message names a service that is to blame. */
  suspected?: string;
  /** What the root cause has to mention. */
  mentions?: string;
}

const javaChain = `org.springframework.web.client.ResourceAccessException: I/O error on POST request
\tat org.springframework.web.client.RestTemplate.doExecute(RestTemplate.java:785)
\tat com.shop.TimeoutGuard.call(TimeoutGuard.java:12)
Caused by: java.net.ConnectException: Connection refused (Connection refused)
\tat java.base/java.net.PlainSocketImpl.socketConnect(Native Method)
\t... 42 more`;
const pythonTrace = `Traceback (most recent call last):
  File "/app/orders.py", line 20, in load
    raise TimeoutError("never")
AttributeError: 'NoneType' object has no attribute 'price'`;
const goPanic = `panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x4a1b2c]

goroutine 1 [running]:
main.deadlock(0x0)
\t/srv/deadlock.go:8 +0x1d`;

const examples: Example[] = [
  {
    category: 'connection_refused',
    flavour: 'Node',
    message: 'connect ECONNREFUSED 10.0.0.3:5432',
    mentions: '10.0.0.3:5432',
  },
  {
    category: 'connection_refused',
    flavour: 'Go',
    message: 'dial tcp redis:6379: connect: connection refused',
    suspected: 'redis',
    mentions: 'redis:6379',
  },
  {
    category: 'connection_refused',
    flavour: 'Java chain',
    message: 'I/O error on POST request for "http://inventory:8080/reserve"',
    stack: javaChain,
    suspected: 'inventory',
  },
  {
    category: 'connection_refused',
    flavour: 'Python',
    message:
      "HTTPConnectionPool(host='inventory', port=8080): Max retries exceeded with url: /r (Caused by NewConnectionError('[Errno 111] Connection refused'))",
    suspected: 'inventory',
  },
  {
    category: 'connection_refused',
    flavour: 'PostgreSQL',
    message: 'connection to server at "db" (10.0.0.4), port 5432 failed: Connection refused',
    suspected: 'db',
  },
  {
    category: 'connection_refused',
    flavour: 'nginx',
    message:
      '*1 connect() failed (111: Connection refused) while connecting to upstream, client: 10.0.0.9, server: _, request: "GET / HTTP/1.1", upstream: "http://checkout:8080/", host: "shop.example"',
    suspected: 'checkout',
  },
  { category: 'connection_reset', flavour: 'Node', message: 'Error: read ECONNRESET' },
  {
    category: 'connection_reset',
    flavour: 'nginx',
    message:
      'upstream prematurely closed connection while reading response header from upstream, upstream: "http://10.1.2.3:8080/"',
    mentions: '10.1.2.3:8080',
  },
  { category: 'timeout', flavour: 'Java', message: 'java.net.SocketTimeoutException: Read timed out' },
  {
    category: 'timeout',
    flavour: 'Go',
    message: 'Get "http://pricing.shop.svc.cluster.local:8080/p": context deadline exceeded',
    suspected: 'pricing',
  },
  {
    category: 'timeout',
    flavour: 'Node',
    message: 'AxiosError: timeout of 3000ms exceeded',
    mentions: 'of 3000ms',
  },
  {
    category: 'timeout',
    flavour: 'nginx',
    message:
      'upstream timed out (110: Connection timed out) while reading response header from upstream, upstream: "http://10.1.2.3:8080/x"',
  },
  {
    category: 'timeout',
    flavour: 'PostgreSQL',
    message: 'ERROR: canceling statement due to statement timeout',
  },
  {
    category: 'connection_pool_exhausted',
    flavour: 'Java',
    message: 'HikariPool-1 - Connection is not available, request timed out after 30000ms.',
    mentions: 'after 30000ms',
  },
  {
    category: 'connection_pool_exhausted',
    flavour: 'Python',
    message: 'QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00',
  },
  {
    category: 'connection_pool_exhausted',
    flavour: 'PostgreSQL',
    message: 'FATAL: sorry, too many clients already',
  },
  {
    category: 'out_of_memory',
    flavour: 'Java',
    message: 'worker died',
    exceptionType: 'java.lang.OutOfMemoryError',
  },
  {
    category: 'out_of_memory',
    flavour: 'Node',
    message: 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
  },
  {
    category: 'out_of_memory',
    flavour: 'Kubernetes',
    message: 'container app terminated: OOMKilled, exit code 137',
  },
  { category: 'stack_overflow', flavour: 'Node', message: 'RangeError: Maximum call stack size exceeded' },
  {
    category: 'certificate_expired',
    flavour: 'Java',
    message: 'java.security.cert.CertificateExpiredException: NotAfter: Sat Jan 01 00:00:00 UTC 2022',
  },
  {
    category: 'certificate_expired',
    flavour: 'Python',
    message:
      '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:1007)',
  },
  {
    category: 'tls_failure',
    flavour: 'Java',
    message: 'sun.security.validator.ValidatorException: PKIX path building failed',
  },
  { category: 'tls_failure', flavour: 'Go', message: 'x509: certificate signed by unknown authority' },
  {
    category: 'dns_failure',
    flavour: 'Node',
    message: 'getaddrinfo ENOTFOUND carrier-db',
    mentions: 'carrier-db',
  },
  {
    category: 'dns_failure',
    flavour: 'Go',
    message: 'dial tcp: lookup carrier-db on 10.0.0.10:53: no such host',
    mentions: 'carrier-db',
  },
  {
    category: 'dns_failure',
    flavour: 'PostgreSQL',
    message: 'could not translate host name "carrier-db" to address: Name or service not known',
    mentions: 'carrier-db',
  },
  {
    category: 'dns_failure',
    flavour: 'Java',
    message: 'java.net.UnknownHostException: carrier-db',
    mentions: 'carrier-db',
  },
  {
    category: 'disk_full',
    flavour: 'PostgreSQL',
    message: 'could not extend file "base/16384/2619": No space left on device',
  },
  { category: 'disk_full', flavour: 'Node', message: 'ENOSPC: no space left on device, write' },
  {
    category: 'read_only_storage',
    flavour: 'PostgreSQL',
    message: 'cannot execute INSERT in a read-only transaction',
  },
  {
    category: 'authentication_failed',
    flavour: 'PostgreSQL',
    message: 'FATAL: password authentication failed for user "shop"',
  },
  { category: 'authentication_failed', flavour: 'HTTP', message: 'Request failed with status code 401' },
  { category: 'permission_denied', flavour: 'Node', message: "EACCES: permission denied, open '/etc/shop'" },
  { category: 'permission_denied', flavour: 'gRPC', message: 'rpc error: code = PermissionDenied desc = no' },
  {
    category: 'null_dereference',
    flavour: 'Java',
    message: 'java.lang.NullPointerException: Cannot invoke "Price.amount()" because "price" is null',
    mentions: 'because "price" is null',
  },
  { category: 'null_dereference', flavour: 'Python', message: 'order failed', stack: pythonTrace },
  { category: 'null_dereference', flavour: 'Go', message: 'panic', stack: goPanic },
  { category: 'program_error', flavour: 'Node', message: 'TypeError: order.total is not a function' },
  {
    category: 'program_error',
    flavour: 'Go',
    message: 'panic: runtime error: index out of range [3] with length 3',
  },
  { category: 'deadlock', flavour: 'PostgreSQL', message: 'ERROR: deadlock detected' },
  {
    category: 'lock_timeout',
    flavour: 'MySQL',
    message: 'Lock wait timeout exceeded; try restarting transaction',
  },
  {
    category: 'rate_limited',
    flavour: 'HTTP',
    message: '429 Too Many Requests from https://api.maps.example/geo',
    mentions: 'api.maps.example',
  },
  { category: 'rate_limited', flavour: 'nginx', message: 'limiting requests, excess: 5.5 by zone "api"' },
  {
    category: 'schema_mismatch',
    flavour: 'Java',
    message: 'com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException: Unrecognized field "x"',
  },
  {
    category: 'schema_mismatch',
    flavour: 'Node',
    message: 'SyntaxError: Unexpected token < in JSON at position 0',
  },
  {
    category: 'schema_mismatch',
    flavour: 'Go',
    message: 'json: cannot unmarshal string into Go struct field Order.total of type int',
  },
  {
    category: 'database_schema_mismatch',
    flavour: 'PostgreSQL',
    message: 'ERROR: column "discount" does not exist',
  },
  {
    category: 'constraint_violation',
    flavour: 'PostgreSQL',
    message: 'duplicate key value violates unique constraint "orders_pkey"',
  },
  {
    category: 'no_instances',
    flavour: 'Spring',
    message: 'No instances available for ts-basic-service',
    suspected: 'ts-basic-service',
  },
  {
    category: 'no_instances',
    flavour: 'Ribbon',
    message: 'Load balancer does not have available server for client: pricing',
    suspected: 'pricing',
  },
  { category: 'no_instances', flavour: 'Envoy', message: 'no healthy upstream' },
  {
    category: 'circuit_breaker_open',
    flavour: 'resilience4j',
    message: "CircuitBreaker 'pricing' is OPEN and does not permit further calls",
    suspected: 'pricing',
  },
  {
    category: 'upstream_error',
    flavour: 'HTTP',
    message: 'POST http://pricing:8080/quote answered with 500',
    suspected: 'pricing',
  },
  {
    category: 'missing_data',
    flavour: 'Nezha contacts',
    message: '[findContactsById][No contacts according to contactsId]',
    mentions: 'No contacts according to contactsId',
  },
  {
    category: 'missing_data',
    flavour: 'Nezha code',
    message: '[verifyCode][Get image code warn][Code not found]',
  },
  {
    category: 'missing_data',
    flavour: 'Nezha food',
    message: '[getAllFood][Get the Get Food Request Failed!][foodStoresListResult is null]',
    mentions: 'foodStoresListResult is null',
  },
  {
    category: 'invalid_state',
    flavour: 'Nezha order',
    message: '[ticketExecute][ticket execute error: Order Status Wrong][orderId: 8]',
  },
  {
    category: 'invalid_input',
    flavour: 'Java',
    message: 'MethodArgumentNotValidException: quantity must be positive',
  },
  {
    category: 'configuration_missing',
    flavour: 'Spring',
    message: "Could not resolve placeholder 'PAYMENT_KEY' in value",
    mentions: "placeholder 'PAYMENT_KEY",
  },
  {
    category: 'configuration_missing',
    flavour: 'Node',
    message: 'Environment variable PAYMENT_URL is not set',
    mentions: 'PAYMENT_URL',
  },
  {
    category: 'broker_unavailable',
    flavour: 'Kafka',
    message: 'Connection to node 1 could not be established. Broker may not be available.',
  },
  {
    category: 'broker_unavailable',
    flavour: 'kafka-python',
    message: 'kafka.errors.NoBrokersAvailable: NoBrokersAvailable',
  },
  {
    category: 'too_many_open_files',
    flavour: 'Go',
    message: 'accept tcp [::]:8080: accept4: too many open files',
  },
  {
    category: 'threads_exhausted',
    flavour: 'Java',
    message: 'unable to create native thread: possibly out of thread limits',
  },
];

describe('A known failure', () => {
  test.each(examples)('is recognised: $category ($flavour)', (example) => {
    const { message, exceptionType = null, stack = null } = example;
    const answer = diagnoseByRules(requestFor([signal('e1', 'shop', message, { exceptionType, stack })]));
    expect(answer.category).toBe(example.category);
    expect(answer.suspectedService).toBe(example.suspected ?? 'shop');
    expect(answer.rootCause).toContain(example.mentions ?? 'shop');
    expect(answer.claims[0]?.evidenceIds).toEqual(['e1']);
    expect(answer.claimsDropped).toBe(0);
    expect(answer.actions.length).toBeGreaterThan(1);
  });

  test('of every kind in the library has an example', () => {
    const shown = new Set(examples.map(({ category }) => category));
    const kinds = failurePatterns.filter(({ role }) => role !== 'vague').map(({ category }) => category);
    expect(kinds.filter((category) => !shown.has(category))).toEqual([]);
  });
});

describe('What only looks like a failure of a kind', () => {
  test.each([
    ['a setting that is printed', 'starting with timeout=5000 poolSize=10'],
    ['a number that is no status', 'processed 502 orders'],
    ['a word inside another', 'room booked'],
    ['a plain statement', 'the moon is in the seventh house'],
  ])('matches nothing: %s', (_, message) => {
    const answer = diagnoseByRules(requestFor([signal('e1', 'shop', message)]));
    expect([answer.verdict, answer.category, answer.confidence]).toEqual(['inconclusive', 'unknown', 0]);
    expect(answer.rootCause).toContain('The cause is not known');
  });

  test.each(['[getRoutesByRouteIds][Get Route By Ids Failed]', '[queryForTravel][catch price exception]'])(
    'is named and not believed when it says only that something failed: %s',
    (message) => {
      const answer = diagnoseByRules(requestFor([signal('e1', 'ts-basic-service', message)]));
      expect([answer.verdict, answer.category]).toEqual(['inconclusive', 'operation_failed']);
      expect(answer.rootCause).toMatch(/^The cause is not known\. .*ts-basic-service/);
    },
  );

  test('is a stack frame: its names say nothing', () => {
    const stack = 'Error: odd\n    at TimeoutError.timedOut (/app/deadlock/ECONNREFUSED.js:1:1)';
    expect(diagnoseByRules(requestFor([signal('e1', 'shop', 'odd', { stack })])).category).toBe('unknown');
  });
});

test('No expression of the library repeats a group that repeats, so matching stays linear', () => {
  const expressions = failurePatterns.flatMap(({ says, details = [] }) => [...says, ...details]);
  for (const expression of expressions) {
    if (typeof expression === 'string') expect(expression).toBe(expression.toLowerCase());
    else expect(expression.source).not.toMatch(/[*+}]\)[*+]|\.[*+]|\]\+|[*+]\?/);
  }
});
