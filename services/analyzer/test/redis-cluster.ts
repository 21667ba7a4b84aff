import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { findFreePorts, isPortFree, portRange } from '@prodsentinel/local-stack';

const slots = 16_384;
const nodeCount = 3;
const busOffset = 10_000;
const host = '127.0.0.1';

/** A cluster of three masters without replicas, each a process, on ports of its own. */
export interface RedisCluster {
  readonly url: string;
  /** How many keys each node holds. */
  sizes(): Promise<number[]>;
  flush(): Promise<void>;
  stop(): Promise<void>;
}

interface ClusterNode {
  readonly process: ChildProcess;
  readonly client: Redis;
  readonly port: number;
}

/** @param shared the tests' server: its program is what the nodes run */
export async function startRedisCluster(shared: Redis): Promise<RedisCluster> {
  const program = /^executable:(.*)$/m.exec(await shared.info('server'))?.[1]?.trim();
  if (program === undefined) throw new Error('Redis does not say which program it is');
  const directory = await mkdtemp(join(tmpdir(), 'redis-cluster-'));
  const nodes = await startNodes(program, directory);
  const stop = async () => {
    for (const { client } of nodes) client.disconnect();
    await Promise.all(nodes.map(kill));
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await Promise.race([joinNodes(nodes), ...nodes.map(failWhenGone)]);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: `redis://${host}:${nodes[0]!.port}`,
    sizes: () => Promise.all(nodes.map(({ client }) => client.dbsize())),
    async flush() {
      await Promise.all(nodes.map(({ client }) => client.flushall()));
    },
    stop,
  };
}

async function startNodes(program: string, directory: string): Promise<ClusterNode[]> {
  const ports = await findNodePorts();
  return ports.map((port) => ({
    process: spawn(program, argumentsOf(directory, port), { stdio: 'ignore' }),
    // Without a limit: on a busy machine a server takes its time to listen.
    client: new Redis(port, host, { retryStrategy: () => 50, maxRetriesPerRequest: null }),
    port,
  }));
}

/**
 * Nodes talk to each other on a port 10,000 above the one for clients, which must be free as well and out of the range
 * of outgoing connections, or a node ends as it starts.
 */
async function findNodePorts(): Promise<number[]> {
  const found: number[] = [];
  while (found.length < nodeCount) {
    const [port] = (await findFreePorts(1)) as [number];
    const bus = port + busOffset;
    if (bus <= portRange.last && !found.includes(port) && (await isPortFree(bus))) found.push(port);
  }
  return found;
}

function argumentsOf(directory: string, port: number): string[] {
  const settings = {
    port,
    bind: host,
    dir: directory,
    'cluster-enabled': 'yes',
    'cluster-config-file': `nodes-${port}.conf`,
    'cluster-node-timeout': 2_000,
    save: '',
    appendonly: 'no',
    'maxmemory-policy': 'noeviction',
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

async function joinNodes(nodes: readonly ClusterNode[]): Promise<void> {
  const [first, ...others] = nodes as readonly [ClusterNode, ...ClusterNode[]];
  await Promise.all(nodes.map(({ client }, n) => client.cluster('ADDSLOTS', ...slotsOf(n))));
  for (const { client } of others) await client.cluster('MEET', host, first.port);
  for (const { client } of nodes) {
    // Every node knows all the others and all slots.
    while (!(await isWhole(client))) await new Promise((resolve) => setImmediate(resolve));
  }
}

function slotsOf(node: number): number[] {
  const from = Math.ceil((slots * node) / nodeCount);
  const to = Math.ceil((slots * (node + 1)) / nodeCount);
  return Array.from({ length: to - from }, (_, i) => from + i);
}

async function isWhole(client: Redis): Promise<boolean> {
  const info = await client.cluster('INFO');
  return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${nodeCount}`);
}

async function failWhenGone({ process: child, port }: ClusterNode): Promise<never> {
  const [code, signal] = await once(child, 'exit');
  throw new Error(`the Redis node at port ${port} ended (${signal ?? code}) before the cluster was whole`);
}

async function kill({ process: child }: ClusterNode): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
