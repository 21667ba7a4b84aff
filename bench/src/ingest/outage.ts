import { delay } from '@prodsentinel/kernel';
import type { BenchContext } from '../bench.ts';
import type { ServerUnderLoad, startClient } from './child.ts';

const connections = 200;
const pollMs = 100;

/** Memory of ours before, during and after an outage of Kafka, all the time under the load of 200 connections. */
export async function measureOutage(
  { stack, say, signal }: BenchContext,
  server: ServerUnderLoad,
  client: ReturnType<typeof startClient>,
): Promise<Record<string, number>> {
  const peakUnderLoad = async (seconds: number) => {
    const job = { url: server.url, connections, itemsPerRequest: 1, seconds };
    const state = { isOver: false };
    const load = client.load(job, signal).finally(() => (state.isOver = true));
    let peak = 0;
    while (!state.isOver) {
      peak = Math.max(peak, (await server.usage()).rssBytes);
      await delay(pollMs, signal);
    }
    return { peak, ...(await load) };
  };
  say('Kafka goes away …');
  const before = await peakUnderLoad(3);
  await stack.servers!.kafka.kill('SIGKILL');
  const during = await peakUnderLoad(10);
  await stack.servers!.kafka.restart();
  while ((await peakUnderLoad(1)).requests === 0) say('Kafka is not back yet');
  const after = await peakUnderLoad(3);
  return {
    rssBeforeOutageBytes: before.peak,
    rssDuringOutageBytes: during.peak,
    refusedDuringOutage: during.refused,
    rssAfterOutageBytes: after.peak,
  };
}
