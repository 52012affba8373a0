/**
 * The embedded queue's file: opened, and when it is damaged, of another version, or gone, replaced by an empty one.
 * That is allowed because the queue is not the truth: reconcile adds again whatever the registry says is outstanding.
 *
 * Several processes have it open at once (hub and workers). One that replaces the file renames the old one away; the
 * others notice that the path leads to another file and follow.
 */
import { renameSync, rmSync, statSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';

const SCHEMA_VERSION = 1;

/** state: 0 waiting (or delayed, while not_before_ms lies ahead), 1 active, 2 completed, 3 quarantined. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS job (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT NOT NULL UNIQUE,
    state INTEGER NOT NULL DEFAULT 0,
    rank INTEGER NOT NULL,
    enqueued_at_ms INTEGER NOT NULL,
    not_before_ms INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    workers_lost INTEGER NOT NULL DEFAULT 0,
    token TEXT,
    lease_until_ms INTEGER,
    ended_sequence INTEGER,
    job TEXT NOT NULL,
    outcome TEXT,
    error TEXT
  );
  CREATE INDEX IF NOT EXISTS job_order ON job (rank, enqueued_at_ms, sequence) WHERE state = 0;
  CREATE INDEX IF NOT EXISTS job_due ON job (not_before_ms) WHERE state = 0;
  CREATE INDEX IF NOT EXISTS job_lease ON job (lease_until_ms) WHERE state = 1;
  CREATE INDEX IF NOT EXISTS job_ended ON job (ended_sequence) WHERE state >= 2;
  -- Counts up for ever, so that "has anything ended since" is a comparison.
  CREATE TABLE IF NOT EXISTS ended (last INTEGER NOT NULL);
  INSERT INTO ended (last) VALUES (0);
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** Another process holds the write lock (usually for well under a millisecond). */
export class QueueBusyError extends Error {}

const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
/** The primary codes after which the file is replaced: CORRUPT, NOTADB. */
const REPLACEABLE = new Set([11, 26]);
/** IOERR, CANTOPEN, READONLY (the file was moved away): open the path again. */
const REOPENABLE = new Set([8, 10, 14]);

/** Waiting for the lock blocks this process's thread: keep it short, and let the caller try again later. */
const BUSY_TIMEOUT_MS = 20;

export class QueueDatabase {
  private readonly path: string;
  private database: DatabaseSync | undefined;
  private inode = 0;
  private isClosed = false;
  private readonly statements = new Map<string, StatementSync>();
  /** Times that the file was replaced by this process. */
  replacedCount = 0;

  constructor(path: string) {
    this.path = path;
    this.withRepair(() => this.open());
  }

  prepare(sql: string): StatementSync {
    let statement = this.statements.get(sql);
    if (statement === undefined) {
      statement = this.open().prepare(sql);
      this.statements.set(sql, statement);
    }
    return statement;
  }

  /** One write transaction. Throws QueueBusyError when the lock cannot be had at once. */
  transact<T>(step: () => T): T {
    return this.withRepair(() => {
      this.prepare('BEGIN IMMEDIATE').run();
      try {
        const result = step();
        this.prepare('COMMIT').run();
        return result;
      } catch (error) {
        this.rollback();
        throw error;
      }
    });
  }

  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.withRepair(() => this.prepare(sql).all(...values) as Row[]);
  }

  /** Changes whenever another connection has committed. */
  version(): number {
    return this.withRepair(() => (this.prepare('PRAGMA data_version').get() as { data_version: number }).data_version);
  }

  /** Opens again when the path leads to another file by now; true if it did. */
  follow(): boolean {
    if (this.database !== undefined && inodeOf(this.path) === this.inode) return false;
    this.drop();
    this.withRepair(() => this.open());
    return true;
  }

  close(): void {
    this.isClosed = true;
    this.drop();
  }

  /** To be opened again. */
  private drop(): void {
    this.statements.clear();
    try {
      this.database?.close();
    } catch {
      // A damaged file may refuse even this.
    }
    this.database = undefined;
  }

  private rollback(): void {
    try {
      if (this.database?.isTransaction) this.database.exec('ROLLBACK');
    } catch {
      // SQLite has rolled back by itself.
    }
  }

  private open(): DatabaseSync {
    if (this.isClosed) throw new Error('the queue is closed');
    if (this.database !== undefined) return this.database;
    const database = new DatabaseSync(this.path);
    try {
      // In this order: a second process that sets WAL while the first one does gets "locked" without a timeout.
      database.exec('PRAGMA busy_timeout = 5000');
      database.exec('PRAGMA journal_mode = WAL');
      // Commits are not synced: after a power cut the last ones are gone, and reconcile brings them back.
      database.exec('PRAGMA synchronous = NORMAL');
      const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
      if (version !== SCHEMA_VERSION) {
        const { tables } = database.prepare(`SELECT count(*) AS tables FROM sqlite_schema`).get() as { tables: number };
        if (tables > 0) throw Object.assign(new Error('the queue file has another version'), { errcode: 26 });
        database.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT;`);
      }
      const { quick_check: verdict } = database.prepare('PRAGMA quick_check(1)').get() as { quick_check: string };
      if (verdict !== 'ok') throw Object.assign(new Error('the queue file is damaged'), { errcode: 11 });
      database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    } catch (error) {
      database.close();
      throw error;
    }
    this.database = database;
    this.inode = inodeOf(this.path);
    return database;
  }

  private withRepair<T>(step: () => T): T {
    try {
      return step();
    } catch (error) {
      const code = ((error as { errcode?: number }).errcode ?? 0) & 0xff;
      if (code === SQLITE_BUSY || code === SQLITE_LOCKED) throw new QueueBusyError('the queue file is locked', { cause: error });
      if (!REPLACEABLE.has(code) && !REOPENABLE.has(code)) throw error;
      const opened = this.inode;
      this.drop();
      // Only the file that was found damaged is replaced, not the sound one that another process has put there since.
      if (REPLACEABLE.has(code) && (opened === 0 || inodeOf(this.path) === opened)) this.replace();
      return step();
    }
  }

  /** The damaged file is kept beside for whoever wants to know; one is enough. */
  private replace(): void {
    this.replacedCount++;
    for (const suffix of ['-wal', '-shm']) rmSync(`${this.path}${suffix}`, { force: true });
    try {
      renameSync(this.path, `${this.path}.damaged`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

function inodeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? 0;
}
