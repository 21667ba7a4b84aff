import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { findFreePorts } from '@prodsentinel/local-stack';

const slots = 16_384;
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

/** @param shared the tests' server: its program is what the nodes run */
export async function startRedisCluster(shared: Redis): Promise<RedisCluster> {
  const program = /^executable:(.*)$/m.exec(await shared.info('server'))?.[1]?.trim();
  if (program === undefined) throw new Error('Redis does not say which program it is');
  const directory = await mkdtemp(join(tmpdir(), 'redis-cluster-'));
  const ports = await findBusPorts();
  const processes = ports.map((port) => startNode(program, directory, port));
  const nodes = ports.map((port) => new Redis(port, host, { retryStrategy: () => 50 }));
  const [first] = ports;
  await Promise.all(nodes.map((node, n) => node.cluster('ADDSLOTS', ...slotsOf(n, ports.length))));
  for (const node of nodes.slice(1)) await node.cluster('MEET', host, first!);
  for (const node of nodes) {
    // Every node knows all the others and all slots.
    while (!(await isWhole(node, ports.length))) await new Promise((resolve) => setImmediate(resolve));
  }
  return {
    url: `redis://${host}:${first}`,
    sizes: () => Promise.all(nodes.map((node) => node.dbsize())),
    async flush() {
      await Promise.all(nodes.map((node) => node.flushall()));
    },
    async stop() {
      for (const node of nodes) node.disconnect();
      const gone = processes.map((child) => once(child, 'exit'));
      for (const child of processes) child.kill('SIGKILL');
      await Promise.all(gone);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Nodes talk to each other on a port 10,000 above the one for clients. */
async function findBusPorts(): Promise<number[]> {
  for (;;) {
    const ports = (await findFreePorts(12)).filter((port) => port + busOffset < 65_536).slice(0, 3);
    if (ports.length === 3) return ports;
  }
}

function startNode(program: string, directory: string, port: number): ChildProcess {
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
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return spawn(program, args, { stdio: 'ignore' });
}

function slotsOf(node: number, nodes: number): number[] {
  const from = Math.ceil((slots * node) / nodes);
  const to = Math.ceil((slots * (node + 1)) / nodes);
  return Array.from({ length: to - from }, (_, i) => from + i);
}

async function isWhole(node: Redis, nodes: number): Promise<boolean> {
  const info = await node.cluster('INFO');
  return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${nodes}`);
}
