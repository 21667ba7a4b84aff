import { HttpProblem } from './problem.ts';

export type Framing = 'json' | 'lines';

/**
 * How a body is framed, by its Content-Type.
 *
 * @throws HttpProblem 415 when it is none of ours, or not UTF-8
 */
export function framingOf(contentType = ''): Framing {
  return framings.get(contentType) ?? framingOfParts(contentType);
}

function framingOfParts(contentType: string): Framing {
  const [mediaType = '', ...parameters] = contentType.toLowerCase().split(';');
  const framing = framings.get(mediaType.trim());
  if (!framing) {
    throw unsupported('Content-Type: expected application/json, application/x-ndjson or application/ndjson');
  }
  const charset = parameters.map((each) => each.trim()).find((each) => each.startsWith('charset='));
  if (charset && !/^charset="?utf-?8"?$/.test(charset))
    throw unsupported('Content-Type: expected charset utf-8');
  return framing;
}

const framings = new Map<string, Framing>([
  ['application/json', 'json'],
  ['application/x-ndjson', 'lines'],
  ['application/ndjson', 'lines'],
]);

export const framedMediaTypes: readonly string[] = [...framings.keys()];

function unsupported(message: string): HttpProblem {
  return new HttpProblem(415, 'unsupported_media_type', message, {
    headers: { accept: 'application/json, application/x-ndjson, application/ndjson' },
  });
}
