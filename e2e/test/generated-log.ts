import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';

export interface GeneratedLog {
  readonly records: number;
  readonly failures: number;
  readonly failingTraces: number;
}

const problems = [
  {
    service: 'inventory',
    message: (n: number) => `timed out after ${n} ms waiting for a connection (in use ${n})`,
  },
  { service: 'payments', message: (n: number) => `ETIMEDOUT: charge ch_${n} was not answered` },
  {
    service: 'pricing',
    message: (n: number) => `Cannot read properties of undefined (reading 'amount') in quote ${n}`,
  },
];

/**
 * Writes a log in the form of the replay: traces of healthy lines, every seventh with one to three failures of one of
 * three problems, some with the broken clocks of real logs. Deterministic, so that what must come out is known; logs whose
 * ranges of traces do not meet have nothing in common.
 */
export async function writeGeneratedLog(path: string, traces: number, firstTrace = 0): Promise<GeneratedLog> {
  const lines: string[] = [];
  const truth = { records: 0, failures: 0, failingTraces: 0 };
  for (let trace = firstTrace; trace < firstTrace + traces; trace++) {
    const traceId = createHash('md5').update(`trace ${trace}`).digest('hex');
    const problem = problems[trace % problems.length]!;
    const failures = trace % 7 === 0 ? 1 + (trace % 3) : 0;
    truth.failures += failures;
    if (failures > 0) truth.failingTraces += 1;
    for (let line = 0; line < 10; line++) {
      const isFailure = line >= 10 - failures;
      const timeUnixNano =
        trace % 50 === 0 ? '-6795364578871345152' : String(1_674_981_729_487 + trace * 10) + '000000';
      lines.push(
        JSON.stringify({
          timeUnixNano,
          service: isFailure ? problem.service : 'gateway',
          pod: `pod-${trace % 5}`,
          level: isFailure ? 'ERROR' : 'INFO',
          traceId,
          spanId: traceId.slice(0, 16),
          message: isFailure ? problem.message(trace * 31 + line) : `handled request ${trace}/${line}`,
        }),
      );
    }
  }
  await writeFile(path, `${lines.join('\n')}\n`);
  return { ...truth, records: lines.length };
}
