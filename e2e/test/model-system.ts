import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { startChildService, type ChildService } from '@prodsentinel/demo';
import { plantedLine, startFakeModel, type Behaviour, type FakeModel } from '@prodsentinel/fake-model';
import { Releasers } from '@prodsentinel/kernel';
import { RawProducer } from '@prodsentinel/messaging';
import { startWholeSystem, type WholeSystem } from './whole-system.ts';

export interface Failure {
  /** Tests of one system keep apart by it. */
  readonly environment: string;
  readonly service: string;
  /** The same text is the same problem, another one is another. */
  readonly problem: string;
}

/** A whole system whose diagnosers ask a fake model, each started with the settings that a test needs. */
export interface ModelSystem {
  readonly whole: WholeSystem;
  readonly fake: FakeModel;
  readonly redis: Redis;
  /** How the model behaves from now on, by the number of the request since then. */
  behave(as: (number: number) => Behaviour): void;
  /** Replaces whatever diagnosers there are by so many new processes. */
  diagnosers(count: number, settings?: Record<string, string>): Promise<readonly ChildService[]>;
  /** Each as a failure of a trace of its own, with secrets and identities in its message. */
  send(failures: readonly Failure[]): Promise<void>;
  stop(): Promise<void>;
}

const unlimited = {
  MODEL_BUDGET_MINUTE: 'calls=1000000',
  MODEL_BUDGET_HOUR: 'calls=1000000',
  MODEL_BUDGET_DAY: 'dollars=1000000',
};

const correctly: (number: number) => Behaviour = () => ({ kind: 'correct' });

export async function startModelSystem(): Promise<ModelSystem> {
  const resources = new Releasers();
  let behaviour = correctly;
  let since = 0;
  try {
    const fake = await startFakeModel((number) => behaviour(number - since));
    resources.add('the fake model', fake, (each) => each.stop());
    const whole = await startWholeSystem({ ANALYZER_STAGES: 'observe' });
    resources.add('the system', whole, (each) => each.stop());
    const producer = new RawProducer(whole.connection);
    await producer.start(new AbortController().signal);
    resources.add('the producer', producer, (each) => each.stop());
    const redis = new Redis(whole.stack.env.REDIS_URL);
    resources.add('Redis', redis, async (each) => each.disconnect());
    let diagnosers: ChildService[] = [];
    const stopDiagnosers = async () => {
      await Promise.all(diagnosers.splice(0).map((each) => each.stop()));
    };
    resources.add('the diagnosers', stopDiagnosers, (stop) => stop());
    const env = {
      PATH: process.env['PATH'],
      ...whole.stack.env,
      ...diagnoserSettings(fake.url),
      ...unlimited,
    };
    return {
      whole,
      fake,
      redis,
      behave(as) {
        since = fake.seen.length;
        behaviour = as;
      },
      async diagnosers(count, settings = {}) {
        await stopDiagnosers();
        const starting = Array.from({ length: count }, () =>
          startChildService({ name: 'analyzer', env: { ...env, ...settings } }),
        );
        diagnosers = await Promise.all(starting);
        return diagnosers;
      },
      async send(failures) {
        for (let from = 0; from < failures.length; from += 500)
          await producer.sendRaw(failures.slice(from, from + 500).map(toMessage));
      },
      stop: () => resources.release(),
    };
  } catch (error) {
    await resources.release();
    throw error;
  }
}

function diagnoserSettings(url: string): Record<string, string> {
  return {
    ANALYZER_STAGES: 'diagnose',
    LOG_FORMAT: 'json',
    HEALTH_PORT: '0',
    SESSION_TIMEOUT_MS: '2000',
    LEASE_MS: '2000',
    OPENAI_API_KEY: 'none',
    OPENAI_BASE_URL: url,
  };
}

function toMessage({ environment, service, problem }: Failure) {
  const traceId = randomUUID();
  const value = {
    signalId: traceId,
    traceId,
    environment,
    service,
    severityNumber: 17,
    severityText: 'ERROR',
    message: `${problem}: ${plantedLine}`,
  };
  return { topic: 'failures', key: traceId, value: Buffer.from(JSON.stringify(value)) };
}

/** A word without digits, another one for each number: what the mask leaves alone. */
export function wordOf(number: number): string {
  return `broken${String(number).replaceAll(/\d/g, (digit) => 'ghijklmnop'.charAt(Number(digit)))}`;
}

/** What `/health/ready` of a process says. */
export async function readinessOf({ addresses }: ChildService) {
  const response = await fetch(`${addresses['health']}/health/ready`);
  const { stages } = (await response.json()) as { stages: Record<string, { state: string; reason: string }> };
  return { status: response.status, stages };
}

/** The samples of a metric that is shown at `/metrics`, by their labels as they stand there; '' without labels. */
export async function metricOf({ addresses }: ChildService, name: string): Promise<Record<string, number>> {
  const text = await (await fetch(`${addresses['health']}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return Object.fromEntries(
    lines.map((line) => {
      const [, labels = '', value] = /^\w+(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      return [labels, Number(value)];
    }),
  );
}
