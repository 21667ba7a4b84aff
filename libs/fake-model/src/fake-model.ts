import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { correctAnswer, type Behaviour, type Data } from './behaviours.ts';
import { findLeaks } from './planted.ts';

export interface SeenRequest {
  /** The whole body, as it came. */
  readonly body: string;
  /** json_schema, json_object or plain. */
  readonly form: string;
  /** Whether it was answered with a completion: only those would be charged. */
  isCharged: boolean;
  /** Whether the client hung up before the answer had ended. */
  isCut: boolean;
}

export interface FakeModel extends AsyncDisposable {
  /** For OPENAI_BASE_URL. */
  readonly url: string;
  readonly seen: readonly SeenRequest[];
  /**
   * @throws Error when any request held a secret or an identity (`planted.ts`): a test that stops its fake model, as every
   * test must, fails by it
   */
  stop(): Promise<void>;
}

const maxBodyBytes = 4 * 1024 * 1024;

/**
 * A server that speaks OpenAI's chat completions over real HTTP, on a free loopback port, and behaves as it is told.
 *
 * @param behave decides for each request, by its number from 0
 */
export async function startFakeModel(
  behave: (number: number, request: SeenRequest) => Behaviour = () => ({ kind: 'correct' }),
): Promise<FakeModel> {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    answer(request, response, { seen, behave }).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const leaks = seen.map(({ body }) => findLeaks(body)).filter(({ length }) => length > 0);
    if (leaks.length === 0) return;
    const kinds = [...new Set(leaks.flat())].join(', ');
    throw new Error(`the model was sent what must not leave, in ${leaks.length} requests: ${kinds}`);
  };
  return { url: `http://127.0.0.1:${port}/v1`, seen, stop, [Symbol.asyncDispose]: stop };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { seen, behave }: { seen: SeenRequest[]; behave: (number: number, request: SeenRequest) => Behaviour },
): Promise<void> {
  const body = await read(request);
  const parsed = JSON.parse(body) as {
    messages: { role: string; content: string }[];
    response_format?: { type: string };
  };
  const one: SeenRequest = {
    body,
    form: parsed.response_format?.type ?? 'plain',
    isCharged: false,
    isCut: false,
  };
  response.once('close', () => {
    one.isCut = !response.writableFinished;
  });
  seen.push(one);
  const data = JSON.parse(
    parsed.messages.find(({ role }) => role === 'user')?.content ?? '{"signals":[]}',
  ) as Data;
  const behaviour = behave(seen.length - 1, one);
  switch (behaviour.kind) {
    case 'hanging':
      return;
    case 'reset':
      request.socket.destroy();
      return;
    case 'page':
      one.isCharged = true;
      response.setHeader('content-type', 'text/html').end('<html>Welcome to the proxy</html>');
      return;
    case 'status': {
      const { status, code = null, message = 'as told', headers = {} } = behaviour;
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify({ error: { message, type: 'error', code } }));
      return;
    }
    case 'flood':
      one.isCharged = true;
      await flood(response, behaviour.bytes);
      response.end(JSON.stringify(completion(behaviour, data)));
      return;
    case 'slow':
      await behaviour.untilResolved;
      break;
    case 'say':
      await behaviour.after;
      break;
    case 'correct':
    case 'truncated':
    case 'refusing':
    case 'wrongSchema':
    case 'empty':
  }
  one.isCharged = true;
  response.setHeader('content-type', 'application/json').end(JSON.stringify(completion(behaviour, data)));
}

/** So many blanks, as fast as they are taken; undefined: until nobody takes them, which rejects. */
async function flood(response: ServerResponse, bytes = Infinity): Promise<void> {
  response.setHeader('content-type', 'application/json');
  await pipeline(Readable.from(blanks(bytes)), response, { end: false });
}

function* blanks(bytes: number): Generator<Buffer> {
  const piece = Buffer.alloc(64 * 1024, ' ');
  for (let sent = 0; sent < bytes; sent += piece.length) yield piece;
}

function completion(behaviour: Behaviour, data: Data) {
  const correct = JSON.stringify(correctAnswer(data));
  const text =
    behaviour.kind === 'say'
      ? behaviour.text(data)
      : behaviour.kind === 'truncated'
        ? correct.slice(0, 40)
        : behaviour.kind === 'wrongSchema'
          ? '{"root_cause": 7}'
          : behaviour.kind === 'empty'
            ? ''
            : correct;
  const isRefusing = behaviour.kind === 'refusing';
  return {
    id: 'fake',
    object: 'chat.completion',
    created: 0,
    model: 'fake-model-1',
    choices: [
      {
        index: 0,
        finish_reason: behaviour.kind === 'truncated' ? 'length' : 'stop',
        message: {
          role: 'assistant',
          content: isRefusing ? null : text,
          refusal: isRefusing ? 'I would rather not.' : null,
        },
      },
    ],
    usage: { prompt_tokens: 1_000, completion_tokens: 200, total_tokens: 1_200 },
  };
}

async function read(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8') as AsyncIterable<string>) {
    body += chunk;
    if (body.length > maxBodyBytes) throw new Error('too large');
  }
  return body;
}
