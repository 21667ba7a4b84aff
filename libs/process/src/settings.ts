import { AppError } from '@prodsentinel/kernel';
import { z } from 'zod';

/**
 * Kinds of settings. Every setting is an environment variable with a sentence, a unit in its name and a default; an
 * empty value counts as unset. A malformed one is an error, never a default.
 */
export const setting = {
  text: (description: string, fallback?: string) =>
    withDefault(z.string().min(1), fallback).describe(description),

  /** Undefined when it is not set. */
  optionalText: (description: string) => z.string().min(1).optional().describe(description),

  /** A text that must not appear in logs or error messages. */
  secret: (description: string) => z.string().min(1).optional().describe(description),

  url: (description: string, protocols: readonly string[], fallback?: string) =>
    withDefault(urlOf(protocols), fallback).describe(description),

  optionalUrl: (description: string, protocols: readonly string[]) =>
    urlOf(protocols).optional().describe(description),

  /** Comma-separated, at least one. */
  list: (description: string, fallback?: string) =>
    withDefault(
      z
        .string()
        .transform((text) => text.split(',').map((each) => each.trim()))
        .refine((items) => items.every(Boolean), {
          error: 'expected a comma-separated list without empty items',
        }),
      fallback?.split(','),
    ).describe(description),

  wholeNumber: (
    description: string,
    { min, max, fallback }: { min: number; max: number; fallback: number },
  ) =>
    z
      .string()
      .regex(/^-?\d+$/, { error: `expected a whole number between ${min} and ${max}` })
      .transform(Number)
      .refine((value) => value >= min && value <= max, {
        error: `expected a whole number between ${min} and ${max}`,
      })
      .default(fallback)
      .describe(description),

  choice: <const Values extends readonly [string, ...string[]]>(
    description: string,
    values: Values,
    fallback: Values[number],
  ) =>
    z
      .enum(values, { error: `expected one of ${values.join(', ')}` })
      .default(fallback as never)
      .describe(description),

  flag: (description: string, fallback: boolean) =>
    z
      .enum(['true', 'false'], { error: 'expected true or false' })
      .transform((text) => text === 'true')
      .default(fallback)
      .describe(description),
};

/**
 * Reads settings from the environment.
 *
 * @throws AppError `configuration`, naming every variable that is missing or malformed, and what it accepts; values are
 *   not quoted, they may be secrets
 */
export function readSettings<Shape extends z.ZodRawShape>(
  shape: Shape,
  env: Readonly<Record<string, string | undefined>>,
): z.output<z.ZodObject<Shape>> {
  const given = Object.fromEntries(
    Object.keys(shape)
      .filter((name) => env[name])
      .map((name) => [name, env[name]]),
  );
  const result = z.object(shape).safeParse(given);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => {
    const name = String(issue.path[0]);
    return `  ${name}: ${name in given ? issue.message : `is not set; ${shape[name] ? describe(shape[name]) : ''}`}`;
  });
  throw new AppError('configuration', `the environment is not complete:\n${problems.join('\n')}`);
}

/** Settings of every process. */
export const commonSettings = {
  LOG_LEVEL: setting.choice(
    'Least severe level that is logged',
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    'info',
  ),
  LOG_FORMAT: setting.choice(
    'json, pretty, or auto: pretty on a terminal',
    ['auto', 'json', 'pretty'],
    'auto',
  ),
  HEALTH_HOST: setting.text('Address that serves /health/live, /health/ready and /metrics', '127.0.0.1'),
  SHUTDOWN_GRACE_MS: setting.wholeNumber('Milliseconds from the request to stop to a forced exit', {
    min: 100,
    max: 600_000,
    fallback: 30_000,
  }),
};

function withDefault<T extends z.ZodType>(type: T, fallback: z.output<T> | undefined): T {
  return (fallback === undefined ? type : type.default(fallback as never)) as unknown as T;
}

function urlOf(protocols: readonly string[]) {
  return z.string().refine((text) => hasProtocol(text, protocols), {
    error: `expected a URL starting with ${protocols.map((each) => `${each}//`).join(' or ')}`,
  });
}

function hasProtocol(text: string, protocols: readonly string[]): boolean {
  return URL.canParse(text) && protocols.includes(new URL(text).protocol);
}

function describe(type: unknown): string {
  return (type as z.ZodType).description ?? '';
}
