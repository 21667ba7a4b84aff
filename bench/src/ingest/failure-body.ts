const stack = `PaymentError: card expired\n${Array.from(
  { length: 13 },
  (_, at) => `    at step${at} (/srv/app/src/payment/step-${at}.js:${at + 10}:15)`,
).join('\n')}`;

/** A failure of about 1 KB of JSON, as an application's logger writes it. */
export function failureOf(number: number): object {
  return {
    service: `service-${number % 20}`,
    level: 'error',
    time: '2026-01-02T03:04:05.123Z',
    trace_id: (number % 1000).toString(16).padStart(32, '0'),
    msg: `payment ${number} of customer 4711 was refused after 3 attempts: the card has expired`,
    err: { type: 'PaymentError', message: 'card expired', stack },
    region: 'eu-central-1',
    attempt: 3,
  };
}
