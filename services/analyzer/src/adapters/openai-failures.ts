import { describeError } from '@prodsentinel/kernel';
import type { ModelFailure, ModelReply } from '../diagnose/model.ts';

type Failed = Extract<ModelReply, { kind: 'failed' }>;

/** Classifies what the SDK throws, by status and code: never by `instanceof`. */
export function classifyModelError(error: unknown, wasAborted: boolean): Failed {
  const { status, code, headers, name } = error as {
    status?: number;
    code?: string | null;
    headers?: Headers;
    name?: string;
  };
  const failed = (failure: ModelFailure, isCharged: boolean): Failed => ({
    kind: 'failed',
    failure,
    isCharged,
    retryAfterMs: status === undefined ? undefined : retryAfterMs(headers),
    // Messages of servers may repeat the prompt: only the kind, and what the network said, is kept.
    detail:
      status === undefined ? describeError(error) : `status ${status}${isName(code) ? `, ${code}` : ''}`,
  });
  if (status === 429) return failed(code === 'insufficient_quota' ? 'no_quota' : 'rate_limited', false);
  if (status === 402) return failed('no_quota', false);
  if (status === 401 || status === 403 || status === 404) return failed('denied', false);
  if (status === 408 || status === 409 || (status !== undefined && status >= 500))
    return failed('server_error', false);
  if (status !== undefined && status >= 400) return failed('rejected', false);
  // From here on nobody knows whether the server went on with it.
  if (nameIn(error, 'AnswerTooLarge')) return failed('garbage', true);
  if (wasAborted || name === 'APIUserAbortError' || /time|abort/i.test(describeError(error)))
    return failed('timeout', true);
  if (neverSent.has(networkCode(error) ?? '')) return failed('unreachable', false);
  if (networkCode(error) !== undefined || /connection|fetch|socket|terminated/i.test(describeError(error)))
    return failed('unreachable', true);
  return failed('garbage', true);
}

/** The server's word is not trusted: a code is a short name or nothing. */
function isName(code: string | null | undefined): boolean {
  return /^[\w.-]{1,60}$/.test(code ?? '');
}

/** A 400 that is about the form of the answer, which another rung of the ladder does without. */
export function isFormRefused(error: unknown): boolean {
  const { status, message } = error as { status?: number; message?: string };
  return (
    (status === 400 || status === 422 || status === 501) &&
    /response_format|json_schema|json_object|strict|max_completion_tokens|unsupported|unrecognized/i.test(
      message ?? '',
    )
  );
}

const neverSent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

function nameIn(error: unknown, name: string): boolean {
  let current = error as { name?: unknown; cause?: unknown } | undefined;
  for (let depth = 0; current && depth < 6; depth++) {
    if (current.name === name) return true;
    current = current.cause as typeof current;
  }
  return false;
}

function networkCode(error: unknown): string | undefined {
  let current = error as { code?: unknown; cause?: unknown; errors?: unknown[] } | undefined;
  for (let depth = 0; current && depth < 6; depth++) {
    if (typeof current.code === 'string') return current.code;
    current = (current.cause ?? current.errors?.[0]) as typeof current;
  }
  return undefined;
}

/** Seconds or a date, as HTTP says; milliseconds where the server offers them. */
function retryAfterMs(headers: Headers | undefined): number | undefined {
  const ms = Number(headers?.get('retry-after-ms') ?? Number.NaN);
  if (ms >= 0) return ms;
  const text = headers?.get('retry-after') ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}
