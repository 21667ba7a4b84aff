import autocannon from 'autocannon';
import { AppError } from '@prodsentinel/kernel';
import { failureOf } from './failure-body.ts';
import type { LoadJob, LoadResult } from './job.ts';

// A process of its own: the client must not share a thread with what it measures.
process.on('message', (job: LoadJob) => {
  void load(job).then(
    (result) => process.send?.(result),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      process.exit(1);
    },
  );
});
process.once('disconnect', () => process.exit(0));

async function load({ url, connections, itemsPerRequest, seconds }: LoadJob): Promise<LoadResult> {
  const items = Array.from({ length: itemsPerRequest }, (_, number) => failureOf(number));
  const times: number[] = [];
  const options = {
    url: `${url}/v1/failures`,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(itemsPerRequest === 1 ? items[0] : items),
    connections,
    duration: seconds,
  } as const;
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const instance = autocannon(options, (error: unknown, done) => (error ? reject(error) : resolve(done)));
    instance.on('response', (_client, _status, _bytes, milliseconds) => times.push(milliseconds));
  });
  if (result.errors > 0) throw new AppError('unavailable', `${result.errors} requests were not answered`);
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(times.length * share)] ?? Number.NaN;
  return {
    requests: result['2xx'],
    refused: result.non2xx,
    seconds: result.duration,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  };
}
