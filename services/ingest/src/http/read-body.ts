import type { IncomingMessage } from 'node:http';
import type { Transform } from 'node:stream';
import { createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import type { InFlightShare } from './in-flight-bytes.ts';
import { HttpProblem } from './problem.ts';

export interface BodyLimits {
  /** Of the body as sent, and again as decompressed. */
  readonly maxBytes: number;
  readonly share: InFlightShare;
}

/**
 * Reads a body to its end, decompressed. Never holds more than `maxBytes`: a bomb is stopped while it unfolds. The request
 * is not destroyed on a fault, so that the answer still gets through.
 *
 * @throws HttpProblem 400 (cut short, not what its encoding says), 413 (too large), 415 (encoding unknown), 503 (overload)
 */
export async function readBody(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  const decoder = createDecoder(request.headers['content-encoding']);
  if (Number(request.headers['content-length']) > limits.maxBytes) throw tooLarge(limits.maxBytes);
  if (!decoder) return collectPlain(request, limits);
  try {
    return await collectDecoded(request, decoder, limits);
  } finally {
    request.unpipe(decoder);
    decoder.destroy();
  }
}

function createDecoder(encoding: string | undefined): Transform | undefined {
  switch (encoding?.trim().toLowerCase() ?? 'identity') {
    case 'identity':
    case '':
      return undefined;
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'zstd':
      return createZstdDecompress();
    default:
      throw new HttpProblem(
        415,
        'unsupported_encoding',
        'Content-Encoding: expected gzip, zstd, deflate or none',
        {
          headers: { 'accept-encoding': 'gzip, zstd, deflate' },
        },
      );
  }
}

/** Most bodies: as they come, in one piece. */
function collectPlain(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      request.off('data', take).pause();
      reject(error);
    };
    const { take, join } = createCollector(limits, fail);
    // Node says so when the client is gone, for whatever reason, before the body was complete.
    request.on('error', () => fail(cutShort()));
    request.on('data', take);
    request.on('end', () => resolve(join()));
  });
}

function collectDecoded(request: IncomingMessage, decoder: Transform, limits: BodyLimits): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let sentBytes = 0;
    const settle = (finish: () => void) => {
      request.off('data', countSent).off('error', endShort);
      decoder.off('data', take).off('end', done);
      decoder.pause();
      finish();
    };
    const fail = (error: unknown) => settle(() => reject(error));
    const endShort = () => fail(cutShort());
    const countSent = (chunk: Buffer) => {
      sentBytes += chunk.length;
      if (sentBytes > limits.maxBytes) fail(tooLarge(limits.maxBytes));
    };
    const { take, join } = createCollector(limits, fail);
    const done = () => settle(() => resolve(join()));

    // Node says so when the client is gone, for whatever reason, before the body was complete.
    request.on('error', endShort).on('data', countSent);
    decoder.on('data', take).on('end', done);
    // Stays attached after settling: a decoder that is cut off mid-way may still complain.
    decoder.on('error', () => fail(badEncoding()));
    request.pipe(decoder);
  });
}

/** Takes the parts of a body while there is room for them, and joins them. */
function createCollector({ maxBytes, share }: BodyLimits, fail: (error: unknown) => void) {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return {
    take(this: void, chunk: Buffer): void {
      bytes += chunk.length;
      if (bytes > maxBytes) return fail(tooLarge(maxBytes));
      try {
        share.grow(chunk.length);
      } catch (error) {
        return fail(error);
      }
      chunks.push(chunk);
    },
    join: (): Buffer => (chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes)),
  };
}

function cutShort(): HttpProblem {
  return new HttpProblem(400, 'incomplete_body', 'the body ends half-way: nothing was sent');
}

function tooLarge(maxBytes: number): HttpProblem {
  return new HttpProblem(413, 'body_too_large', `the body is larger than ${maxBytes} bytes (MAX_BODY_BYTES)`);
}

function badEncoding(): HttpProblem {
  return new HttpProblem(
    400,
    'bad_encoding',
    'the body is not what its Content-Encoding says, or is cut short',
  );
}
