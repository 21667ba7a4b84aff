import { startTcpProxy, type Conversation, type TcpProxy } from './tcp-proxy.ts';

/** A proxy that speaks enough of Kafka to keep clients behind it and to lose chosen responses. */
export interface KafkaProxy extends TcpProxy {
  /** `host:port` for the client's list of brokers. */
  readonly address: string;
  readonly faults: KafkaFaults;
}

/**
 * Stands before one broker on 127.0.0.1. Metadata that names the broker is rewritten to name the proxy, so that no
 * connection goes around it.
 *
 * @param broker `127.0.0.1:PORT`
 */
export async function startKafkaProxy(broker: string): Promise<KafkaProxy> {
  const port = Number(broker.slice(broker.lastIndexOf(':') + 1));
  const faults = new KafkaFaults();
  let own = 0;
  const converse = () => createKafkaConversation(faults, { from: port, to: own });
  const proxy = await startTcpProxy({ host: '127.0.0.1', port, converse });
  own = proxy.port;
  return Object.assign(proxy, { address: `127.0.0.1:${own}`, faults });
}

/** Numbers of Kafka's requests. */
const apiKeys = { produce: 0, fetch: 1, offsetCommit: 8, heartbeat: 12 } as const;
export type KafkaRequestName = keyof typeof apiKeys;

/** Which responses are lost: shared by all connections of a proxy. */
export class KafkaFaults {
  readonly #toLose = new Map<number, number>();
  readonly #seen = new Map<number, number>();
  #lost = 0;

  /**
   * The responses to the next requests of this kind never arrive: the request was forwarded and the broker has answered
   * (what it asked for has happened), then the connection is reset.
   */
  loseResponses(request: KafkaRequestName, count = 1): void {
    this.#toLose.set(apiKeys[request], count);
  }

  /** How many responses were lost so far. */
  get lostResponses(): number {
    return this.#lost;
  }

  /** How many requests of this kind passed. */
  requestsOf(request: KafkaRequestName): number {
    return this.#seen.get(apiKeys[request]) ?? 0;
  }

  noteRequest(apiKey: number): void {
    this.#seen.set(apiKey, (this.#seen.get(apiKey) ?? 0) + 1);
  }

  /** Whether the response to a request of this kind is to be lost; counts it. */
  shouldLose(apiKey: number): boolean {
    const left = this.#toLose.get(apiKey) ?? 0;
    if (left === 0) return false;
    this.#toLose.set(apiKey, left - 1);
    this.#lost += 1;
    return true;
  }
}

/** Requests and responses both begin with their length; a response carries the correlation id of its request. */
export function createKafkaConversation(
  faults: KafkaFaults,
  ports: { readonly from: number; readonly to: number },
): Conversation {
  const requests = new FrameReader();
  const responses = new FrameReader();
  const apiKeyById = new Map<number, number>();
  return {
    fromClient: (chunk) =>
      requests.read(chunk).map((frame) => {
        const apiKey = frame.readInt16BE(4);
        faults.noteRequest(apiKey);
        apiKeyById.set(frame.readInt32BE(8), apiKey);
        return frame;
      }),
    fromServer: (chunk) =>
      responses.read(chunk).map((frame) => {
        const id = frame.readInt32BE(4);
        const apiKey = apiKeyById.get(id);
        apiKeyById.delete(id);
        if (apiKey !== undefined && faults.shouldLose(apiKey)) return 'cut';
        return apiKey !== undefined && namesBrokers.has(apiKey) ? renamePort(frame, ports) : frame;
      }),
  };
}

/** Metadata and FindCoordinator: responses that tell a client where to connect. */
const namesBrokers = new Set([3, 10]);
const loopback = Buffer.from('\0\u{9}127.0.0.1', 'latin1');

/** The port follows the host as four bytes: the frame keeps its length. */
function renamePort(frame: Buffer, { from, to }: { from: number; to: number }): Buffer {
  for (let at = frame.indexOf(loopback); at !== -1; at = frame.indexOf(loopback, at + 1)) {
    const portAt = at + loopback.length;
    if (portAt + 4 <= frame.length && frame.readInt32BE(portAt) === from) frame.writeInt32BE(to, portAt);
  }
  return frame;
}

/** Cuts a stream into frames, each with its length before it. */
class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  read(chunk: Buffer): Buffer[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Buffer[] = [];
    while (this.#rest.length >= 4) {
      const end = 4 + this.#rest.readInt32BE(0);
      if (this.#rest.length < end) break;
      frames.push(this.#rest.subarray(0, end));
      this.#rest = this.#rest.subarray(end);
    }
    return frames;
  }
}
