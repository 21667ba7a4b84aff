import { emptyRecord, type ExceptionInfo, type FailureSignal } from '@prodsentinel/contracts';

/** Traces whose failures come interleaved, as those of requests that run at the same time do. */
const tracesAtOnce = 2_000;
/** As the storm of the requirement: 1,000,000 failures of 60,000 traces. */
const failuresPerTrace = 1_000_000 / 60_000;
const problems = 40;
const services = 12;

/** Traces of a storm of so many failures. */
export const tracesOf = (failures: number): number => Math.max(1, Math.round(failures / failuresPerTrace));

/**
 * A storm: failures of some 1 KB, each with an id of its own, of 40 problems in 12 services; a trace fails in one or two
 * ways. Half are plain messages, half exceptions with the stack traces of Java, Node.js and Python; every message holds
 * ids and numbers of its own. The same count gives the same storm.
 */
export function* storm(failures: number): Generator<FailureSignal> {
  const traces = tracesOf(failures);
  const random = createRandom(20_261_124);
  const running: number[] = [];
  let begun = 0;
  for (let n = 0; n < failures; n++) {
    // Traces begin evenly over the storm; each failure is of one of those that run.
    const due = Math.min(traces, Math.floor((n / failures) * traces) + 1);
    const isNew = begun < due;
    if (isNew) running.push(begun++);
    if (running.length > tracesAtOnce) running.shift();
    const trace = isNew ? begun - 1 : running[Math.floor(random() * running.length)]!;
    yield failureOf(n, trace, random);
  }
}

function failureOf(n: number, trace: number, random: () => number): FailureSignal {
  const problem = (trace * 7 + (random() < 0.3 ? 1 : 0)) % problems;
  const told = messageOf(problem, n, random);
  const exception = problem % 2 === 0 ? null : exceptionOf(problem, told);
  return {
    ...emptyRecord('failures'),
    signalId: `storm-${n.toString(36).padStart(12, '0')}`,
    traceId: hexOf(trace, 32),
    spanId: hexOf(n, 16),
    parentSpanId: hexOf(trace, 16),
    kind: 'log',
    service: `${names[problem % services]}-service`,
    environment: 'production',
    release: `2026.11.${problem % 3}`,
    host: `node-${n % 30}`,
    severityNumber: 17,
    severityText: 'ERROR',
    message: exception === null ? `${told} ${padding[problem % padding.length]}` : told,
    exception,
    attributes: {
      'http.route': `/api/v1/${names[problem % services]}/{id}`,
      'http.request.method': 'POST',
      'http.response.status_code': '500',
      'k8s.pod.name': `${names[problem % services]}-${(n % 30).toString(36)}x7f9c`,
      'thread.name': `http-nio-8080-exec-${n % 200}`,
    },
    occurredAt: 1_795_500_000_000_000 + n * 25,
    receivedAt: 1_795_500_000_000_000 + n * 25 + 900,
  };
}

const names = [
  'orders',
  'payment',
  'inventory',
  'shipping',
  'pricing',
  'basket',
  'search',
  'account',
  'invoice',
  'catalog',
  'voucher',
  'rating',
];

const padding = [
  'while handling the request; the caller was told to try again later, nothing was written, the transaction was rolled back ',
  'after all attempts; the circuit stays open until the dependency answers its health check again, requests fail fast meanwhile ',
].map((text) => text.repeat(4));

function messageOf(problem: number, n: number, random: () => number): string {
  const id = Math.floor(random() * 1e9);
  const ms = 200 + Math.floor(random() * 5_000);
  const callee = `${names[(problem + 5) % services]}-service`;
  switch (problem % 5) {
    case 0:
      return `Failed to charge order ORD-${id} of customer ${n % 50_000}: card was declined with code ${problem}`;
    case 1:
      return `Timed out after ${ms} ms waiting for ${callee} at 10.2.${n % 250}.${id % 250}:8080 for request ${hexOf(id, 12)}`;
    case 2:
      return `GET http://${callee}:8080/api/v1/items/${id}?page=${n % 9} answered 503 Service Unavailable in ${ms} ms`;
    case 3:
      return `Row ${id} of table ${names[problem % services]} is missing: expected version ${n % 77}, found none [user=${n % 999}]`;
    default:
      return `Could not parse price '${id}.${n % 100} EUR' of item ${hexOf(id, 8)}-${n % 1000} in batch 2026-11-24T10:${n % 60}:00Z`;
  }
}

function exceptionOf(problem: number, message: string): ExceptionInfo {
  const name = names[problem % services]!;
  const shape = problem % 3;
  const type = [
    `com.shop.${name}.OperationFailedException`,
    'OperationFailedError',
    `${name}.errors.OperationFailed`,
  ];
  const head = `${type[shape]}: ${message}`;
  const lines = Array.from({ length: shape === 0 ? 9 : 7 }, (_, i) => frameOf(shape, { name, problem, i }));
  const stack =
    shape === 2
      ? ['Traceback (most recent call last):', ...lines, head].join('\n')
      : [head, ...lines].join('\n');
  return { type: type[shape]!, message, stack, causes: [] };
}

function frameOf(shape: number, { name, problem, i }: { name: string; problem: number; i: number }): string {
  const line = 20 + problem * 3 + i;
  if (shape === 0)
    return i < 6
      ? `\tat com.shop.${name}.core.Step${problem}Handler.apply${i}(Step${problem}Handler.java:${line})`
      : `\tat org.springframework.web.servlet.FrameworkServlet.service${i}(FrameworkServlet.java:${line})`;
  if (shape === 1)
    return i < 5
      ? `    at Step${problem}.apply${i} (/app/src/${name}/step${problem}-handler.js:${line}:17)`
      : `    at Layer.handle (/app/node_modules/express/lib/router/layer.js:${line}:5)`;
  return `  File "/app/${name}/step_${problem}.py", line ${line}, in apply_${i}\n    return self.next_${i}(order, context)`;
}

const hexOf = (value: number, digits: number): string =>
  // Ids are spread as real ones are: a multiplicative hash, then the value itself so that they stay distinct.
  (
    ((value * 2_654_435_761) >>> 0).toString(16).padStart(8, '0') + value.toString(16).padStart(digits, '0')
  ).slice(-Math.max(digits, 8));

/** Numbers from 0 to 1, the same for the same seed (a linear congruential generator: speed before quality). */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
