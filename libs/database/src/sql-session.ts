/** Whoever can run SQL: a database (each statement by itself) or a transaction. */
export interface SqlSession {
  /**
   * Runs one statement with `$1`-style parameters and answers its rows. `bigint` arrives as text, `jsonb` parsed,
   * `timestamptz` as text: ask for micros (`toMicros`) where a number is needed.
   *
   * @throws AppError `unavailable`, `invalid_input` or `bug`, as `toRunningDatabaseError` says
   */
  query<Row extends object>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
}

/** SQL that turns a `timestamptz` expression into whole microseconds since 1970 (as `bigint`, so: text in a row). */
export function toMicros(expression: string): string {
  return `(extract(epoch from ${expression}) * 1000000)::int8`;
}

/** SQL that turns microseconds since 1970 into a `timestamptz`; exact up to 2^53. */
export function fromMicros(expression: string): string {
  return `('epoch'::timestamptz + ${expression} * interval '1 microsecond')`;
}

/** SQL that turns a `timestamptz` expression into RFC 3339 text, UTC, with microseconds. */
export function toIso(expression: string): string {
  return `to_char(${expression} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}
