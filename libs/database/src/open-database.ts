import { MikroORM, type SqlEntityManager } from '@mikro-orm/postgresql';
import { AppError, describeError } from '@prodsentinel/kernel';
import { toDatabaseError, toRunningDatabaseError } from './database-errors.ts';
import { entities } from './entities/all-entities.ts';
import type { SqlSession } from './sql-session.ts';

export interface DatabaseOptions {
  /** `postgresql://USER:PASSWORD@HOST:PORT/NAME`, with pg's query parameters (`sslmode` …). */
  readonly url: string;
  /** What `pg_stat_activity` shows: one name a service. */
  readonly applicationName: string;
  /** Most connections at once, default 5. */
  readonly poolSize?: number;
  /** Longest statement in milliseconds, default 10,000: below the session time-out of the consumers. */
  readonly statementTimeoutMs?: number;
  /** Longest wait for a lock in milliseconds, default 5,000. */
  readonly lockTimeoutMs?: number;
  /** Longest idle time inside a transaction in milliseconds, default 10,000. */
  readonly idleInTransactionTimeoutMs?: number;
  /** Hears of connections that broke while nobody used them; the pool has replaced them already. */
  readonly onConnectionLost?: (reason: string) => void;
}

/** An owned pool. Whoever opened it closes it. */
export interface Database extends SqlSession {
  /**
   * Runs `work` in one READ COMMITTED transaction: committed when it resolves, rolled back when it rejects.
   *
   * @throws AppError as `query` does; what `work` throws comes out unchanged when it is an AppError
   */
  transaction<T>(work: (session: SqlSession) => Promise<T>): Promise<T>;
  /** A fresh unit of work over the entities, for reading. */
  entityManager(): SqlEntityManager;
  /** Waits for what is running and closes every connection. */
  close(): Promise<void>;
}

/**
 * Opens a pool and makes sure that the database answers.
 *
 * @throws AppError `configuration` for a malformed URL and for a database, role or password that is refused,
 *   `unavailable` when the database does not answer
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const orm = await createOrm(options);
  try {
    const pool: Pool = await orm.em.getConnection().getNativeClient();
    pool.on('error', (error) => options.onConnectionLost?.(describeError(error)));
    await pool.query('select 1', []);
    return databaseOver(orm, pool);
  } catch (error) {
    await orm.close(true);
    throw toDatabaseError(error);
  }
}

function createOrm(options: DatabaseOptions) {
  const statementTimeoutMs = options.statementTimeoutMs ?? 10_000;
  return MikroORM.init({
    entities: [...entities],
    dbName: databaseNameOf(options.url),
    // Connection losses are told through onConnectionLost; MikroORM would print them.
    logger: () => undefined,
    driverOptions: {
      connectionString: options.url,
      application_name: options.applicationName,
      max: options.poolSize ?? 5,
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
      statement_timeout: statementTimeoutMs,
      // The server's limit comes first; this one is for a server that no longer answers at all.
      query_timeout: statementTimeoutMs + 2_000,
      lock_timeout: options.lockTimeoutMs ?? 5_000,
      idle_in_transaction_session_timeout: options.idleInTransactionTimeoutMs ?? 10_000,
    },
  });
}

function databaseNameOf(url: string): string {
  const protocols = ['postgres:', 'postgresql:'];
  if (!URL.canParse(url) || !protocols.includes(new URL(url).protocol))
    throw new AppError('configuration', 'DATABASE_URL: expected a URL starting with postgresql://');
  const name = decodeURIComponent(new URL(url).pathname.slice(1));
  if (!name) throw new AppError('configuration', 'DATABASE_URL: names no database after the host');
  return name;
}

function databaseOver(orm: MikroORM, pool: Pool): Database {
  return {
    query: (sql, parameters) => run(pool, sql, parameters),
    transaction: (work) => inTransaction(pool, work),
    entityManager: () => orm.em.fork(),
    close: () => orm.close(true),
  };
}

async function run<Row extends object>(
  queryable: Queryable,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<Row[]> {
  try {
    const result = await queryable.query(sql, [...parameters]);
    return result.rows as Row[];
  } catch (error) {
    throw toRunningDatabaseError(error);
  }
}

async function inTransaction<T>(pool: Pool, work: (session: SqlSession) => Promise<T>): Promise<T> {
  const client = await connect(pool);
  // Without a listener pg would end the process when the connection breaks between two statements.
  client.on('error', ignoreLoss);
  let broken: Error | undefined;
  try {
    await run(client, 'begin isolation level read committed');
    const result = await work({ query: (sql, parameters) => run(client, sql, parameters) });
    await run(client, 'commit');
    return result;
  } catch (error) {
    // A connection that cannot even roll back is thrown away, not given back to the pool.
    await run(client, 'rollback').catch((cause: unknown) => {
      broken = new Error('could not roll back', { cause });
    });
    throw toRunningDatabaseError(error);
  } finally {
    client.off('error', ignoreLoss);
    client.release(broken);
  }
}

function ignoreLoss(): void {
  // The query that follows fails with the reason.
}

async function connect(pool: Pool): Promise<Client> {
  try {
    return await pool.connect();
  } catch (error) {
    throw toRunningDatabaseError(error);
  }
}

// The part of pg that is used here: it ships no types.
interface Queryable {
  query(sql: string, parameters: unknown[]): Promise<{ rows: unknown[] }>;
}
interface Client extends Queryable {
  release(broken?: Error): void;
  on(event: 'error', listener: (error: Error) => void): void;
  off(event: 'error', listener: (error: Error) => void): void;
}
interface Pool extends Queryable {
  connect(): Promise<Client>;
  on(event: 'error', listener: (error: Error) => void): void;
}
