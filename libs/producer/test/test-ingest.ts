import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

export type Item = Record<string, unknown> & { signalId: string };
export type Behaviour = (items: Item[], response: ServerResponse, attempt: number) => void;

/** A server in ingest's place that answers as it is told: for what the real one does only when it is ill. */
export async function startTestIngest(behave: Behaviour = (items, response) => accept(response, items)) {
  const requests: { items: Item[]; headers: IncomingMessage['headers'] }[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const items = (await json(request)) as Item[];
    requests.push({ items, headers: request.headers });
    for (const { count, resolve } of waiting) if (requests.length >= count) resolve();
    behave(items, response, requests.length);
  };
  const server = createServer((request, response) => {
    void handle(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    untilRequests: (count: number) =>
      requests.length >= count
        ? Promise.resolve()
        : new Promise<void>((resolve) => waiting.push({ count, resolve })),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

export function accept(response: ServerResponse, items: Item[]): void {
  answer(response, 202, { accepted: items.length, filtered: 0, refused: [] });
}

export function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
