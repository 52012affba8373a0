/**
 * The SQLite file: opening, pragmas, migrations, transactions. `node:sqlite` is synchronous; so a transaction is one
 * function call, and nothing else of this process can come between.
 *
 * WAL with synchronous=FULL: a commit returns after its fsync. Only the hub writes; other processes open read-only, beside
 * a running hub, after a kill (a -wal file is left) or after a clean stop.
 */
import assert from 'node:assert';
import { closeSync, existsSync, openSync, fsyncSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { FirstreadError } from '../errors.ts';
import { createCheckpointer } from './checkpointer.ts';
import { MIGRATIONS } from './migrations.ts';

/** Another process may hold the file for a checkpoint; longer than this is a fault. */
const BUSY_TIMEOUT_MS = 5_000;
/** The WAL is cut back to this after a checkpoint, so that a burst does not keep its disk space. */
const JOURNAL_SIZE_LIMIT_BYTES = 64 * 1024 * 1024;
/** A checkpoint inside a commit, which holds up the event loop, only where the thread for it (checkpointer.ts) falls behind: 64 MiB. */
const AUTOCHECKPOINT_PAGES = 16_384;
/** Page cache: a site's working set of rows (a day's studies) without touching the disk. */
const CACHE_KIB = 32 * 1024;

/** Prepared statements kept; the list's filters can make any number of texts. */
const STATEMENTS_MAX = 400;

export type Row = Record<string, unknown>;
type Value = string | number | bigint | null | Uint8Array;

export interface Database {
  /** Rows as objects. Statements are prepared once per text and kept. */
  all(sql: string, ...values: Value[]): Row[];
  get(sql: string, ...values: Value[]): Row | undefined;
  /** Number of changed rows. */
  run(sql: string, ...values: Value[]): number;
  /** One commit; nested calls are part of the outer one. Throws what `work` throws, after rolling back. */
  transact<T>(work: () => T): T;
  /** As `transact`, but durable only after the next `syncLog`, which does not block the event loop. */
  transactUnsynced<T>(work: () => T): T;
  /** The same where a power cut may undo it: durable with whatever is synced next. Part of a transaction that is open. */
  transactRelaxed<T>(work: () => T): T;
  /** Everything committed before the call is durable when this resolves. */
  syncLog(): Promise<void>;
  /** Moves the log into the main file, with syncs of both. Throws when it cannot be completed. */
  checkpoint(): void;
  /** Inside a transaction: undoes only `work` where it throws. */
  savepoint<T>(work: () => T): T;
  /** False after an error so bad (disk full, I/O) that SQLite has rolled back the whole transaction by itself. */
  inTransaction(): boolean;
  /** Called after every rollback, and where another process has written: what was cached is void. */
  onVoid(listener: () => void): void;
  readonly readOnly: boolean;
  close(): void;
}

export function openDatabase(path: string, readOnly: boolean): Database {
  const created = !existsSync(path);
  if (readOnly && created) throw new FirstreadError('registry-missing');
  const sqlite = readOnly ? openForReading(path) : openForWriting(path);
  try {
    migrate(sqlite, readOnly);
  } catch (error) {
    sqlite.close();
    throw asRegistryError(error);
  }
  if (created) syncFolder(dirname(path));
  return wrap(sqlite, path, readOnly);
}

function openForWriting(path: string): DatabaseSync {
  let sqlite: DatabaseSync | undefined;
  try {
    sqlite = new DatabaseSync(path, { enableForeignKeyConstraints: true });
    // Before WAL: changing the mode takes a lock that another process may hold for a moment.
    sqlite.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    sqlite.exec('PRAGMA journal_mode = WAL');
    sqlite.exec('PRAGMA synchronous = FULL');
    sqlite.exec(`PRAGMA wal_autocheckpoint = ${AUTOCHECKPOINT_PAGES}`);
    sqlite.exec(`PRAGMA journal_size_limit = ${JOURNAL_SIZE_LIMIT_BYTES}`);
    sqlite.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
    return sqlite;
  } catch (error) {
    sqlite?.close();
    throw asRegistryError(error);
  }
}

function openForReading(path: string): DatabaseSync {
  const openAt = (location: string | URL): DatabaseSync => {
    const sqlite = new DatabaseSync(location, { readOnly: true });
    try {
      sqlite.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
      sqlite.prepare('PRAGMA schema_version').get();
      return sqlite;
    } catch (error) {
      sqlite.close();
      throw error;
    }
  };
  try {
    return openAt(path);
  } catch (error) {
    // WAL needs its -shm file. Where the folder is read-only for us and no hub left a -wal, the file alone is the truth.
    if (existsSync(`${path}-wal`)) throw asRegistryError(error);
    const url = pathToFileURL(path);
    url.searchParams.set('immutable', '1');
    try {
      return openAt(url);
    } catch (second) {
      throw asRegistryError(second);
    }
  }
}

function migrate(sqlite: DatabaseSync, readOnly: boolean): void {
  const version = Number(sqlite.prepare('PRAGMA user_version').get()?.['user_version']);
  if (version > MIGRATIONS.length) throw new FirstreadError('registry-newer', undefined, { version, known: MIGRATIONS.length });
  if (version === MIGRATIONS.length) return;
  if (readOnly) throw new FirstreadError('registry-older', undefined, { version, known: MIGRATIONS.length });
  for (let next = version; next < MIGRATIONS.length; next += 1) {
    sqlite.exec('BEGIN IMMEDIATE');
    try {
      sqlite.exec(MIGRATIONS[next] ?? '');
      sqlite.exec(`PRAGMA user_version = ${next + 1}`);
      sqlite.exec('COMMIT');
    } catch (error) {
      sqlite.exec('ROLLBACK');
      throw error;
    }
  }
}

function wrap(sqlite: DatabaseSync, path: string, readOnly: boolean): Database {
  const statements = new Map<string, StatementSync>();
  const voidListeners: (() => void)[] = [];
  const checkpointer = readOnly ? undefined : createCheckpointer(path);
  let depth = 0;

  const prepared = (sql: string): StatementSync => {
    let statement = statements.get(sql);
    if (!statement) {
      statement = sqlite.prepare(sql);
      statements.set(sql, statement);
      const [oldest] = statements.keys();
      if (statements.size > STATEMENTS_MAX && oldest !== undefined) statements.delete(oldest);
    }
    return statement;
  };
  const undo = (sql: string): void => {
    // A failed COMMIT (disk full) may have rolled back by itself: that second error is no news.
    try {
      sqlite.exec(sql);
    } catch {
      // nothing left to roll back
    }
    for (const listener of voidListeners) listener();
  };
  /** SQLite counts the commits of others. The hub alone writes; a tool that breaks the rule must not be overwritten. */
  const noticeOthers = (): void => {
    const now = dataVersionOf();
    if (now !== dataVersion) for (const listener of voidListeners) listener();
    dataVersion = now;
  };

  let dataVersion = dataVersionOf();
  function dataVersionOf(): number {
    return Number(prepared('PRAGMA data_version').get()?.['data_version']);
  }

  function transact<T>(work: () => T): T {
    if (depth > 0) return work();
    prepared(readOnly ? 'BEGIN' : 'BEGIN IMMEDIATE').run();
    depth = 1;
    try {
      noticeOthers();
      const answer = work();
      prepared('COMMIT').run();
      checkpointer?.committed();
      return answer;
    } catch (error) {
      undo('ROLLBACK');
      throw asRegistryError(error);
    } finally {
      depth = 0;
    }
  }

  function transactUnsynced<T>(work: () => T): T {
    assert(depth === 0, 'the setting cannot change inside a transaction');
    // In WAL mode NORMAL differs from FULL in one thing: a commit does not sync the log. Checkpoints still do.
    sqlite.exec('PRAGMA synchronous = NORMAL');
    try {
      return transact(work);
    } finally {
      sqlite.exec('PRAGMA synchronous = FULL');
    }
  }

  let log: FileHandle | undefined;

  return {
    readOnly,
    transact,
    transactUnsynced,
    transactRelaxed: (work) => (depth > 0 ? work() : transactUnsynced(work)),
    async syncLog() {
      if (!log) {
        // The log keeps its file while we are open; its name must be durable too.
        log = await open(`${path}-wal`, 'r');
        syncFolder(dirname(path));
      }
      await log.datasync();
    },
    checkpoint() {
      const row = prepared('PRAGMA wal_checkpoint(TRUNCATE)').get();
      if (Number(row?.['busy']) !== 0) throw new FirstreadError('storage-failed', 'the registry log could not be moved into its file');
    },
    all: (sql, ...values) => prepared(sql).all(...values) as Row[],
    get: (sql, ...values) => prepared(sql).get(...values) as Row | undefined,
    run: (sql, ...values) => Number(prepared(sql).run(...values).changes),
    savepoint(work) {
      depth += 1;
      prepared('SAVEPOINT part').run();
      try {
        const answer = work();
        prepared('RELEASE part').run();
        return answer;
      } catch (error) {
        undo('ROLLBACK TO part; RELEASE part');
        throw asRegistryError(error);
      } finally {
        depth -= 1;
      }
    },
    inTransaction: () => sqlite.isTransaction,
    onVoid: (listener) => void voidListeners.push(listener),
    close() {
      statements.clear();
      checkpointer?.close();
      sqlite.close();
      log?.close().catch(() => {});
    },
  };
}

/** SQLite's own errors: a full disk is the storage's matter, a bad file the operator's; anything else is a bug and stays one. */
function asRegistryError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof FirstreadError) return error;
  const sqliteCode = Number((error as { errcode?: number }).errcode ?? 0) & 0xff;
  const details = { sqliteCode };
  if (sqliteCode === 13) return new FirstreadError('storage-full', 'the registry cannot grow: disk full', details, error);
  if (sqliteCode === 11 || sqliteCode === 26) return new FirstreadError('registry-damaged', undefined, details, error);
  if ([5, 6, 8, 10, 14].includes(sqliteCode)) return new FirstreadError('storage-failed', 'the registry cannot be read or written', details, error);
  return error;
}

/** A new file's name is durable only with its folder. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
