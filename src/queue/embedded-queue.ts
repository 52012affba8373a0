/**
 * JobQueue and JobSource in one SQLite file: what a site without Redis runs on. Safe with several processes on one
 * machine (hub and workers), each with its own connection. Not for network file systems, not the truth.
 *
 * A job in a worker's hands carries a token and a lease; whoever has neither is answered 'stale'. A job whose worker
 * was lost may have killed it: it is handed out again alone, so that it cannot take a whole batch with it three times.
 */
import { randomUUID } from 'node:crypto';
import type { AnalysisOutcome } from '../study/types.ts';
import type { AnalysisJob, ClaimedJob, JobEnd, JobQueue, JobSource, QueueCounts, QueueLimits } from './job-queue.ts';
import { QueueBusyError, QueueDatabase } from './queue-database.ts';
import { JOB_ERROR_CHARACTERS_MAX, QUEUE_LIMITS, WORKER_LOST, backoffOf } from './queue-limits.ts';

export interface EmbeddedQueue extends JobQueue, JobSource {
  /** Something may have changed: look now instead of at the next tick. For a host that passes messages between processes. */
  wake(): void;
}

export interface EmbeddedQueueOptions {
  readonly now?: () => number;
  /** How often another process's changes are looked for. One look costs some microseconds. */
  readonly pollMs?: number;
}

/** 5 ms: adds 2.5 ms on average to a flag where nobody calls wake(). */
const POLL_MS = 5;
/** How often to look whether the file was replaced. */
const FOLLOW_MS = 1_000;
/** A lock that is held longer than this belongs to a stopped process. */
const BUSY_MS_MAX = 5_000;
const BUSY_PAUSE_MS = 10;

const SUSPECT_PAUSE_MS = 50;

const WAITING = 0;
const ACTIVE = 1;
const COMPLETED = 2;
const QUARANTINED = 3;

interface JobRow {
  readonly job_id: string;
  readonly state: number;
  readonly attempts: number;
  readonly workers_lost: number;
  readonly job: string;
  readonly outcome: string | null;
  readonly error: string | null;
}

export function openEmbeddedQueue(path: string, limits: QueueLimits = QUEUE_LIMITS, options: EmbeddedQueueOptions = {}): EmbeddedQueue {
  const now = options.now ?? Date.now;
  const database = new QueueDatabase(path);
  const endedListeners = new Set<() => void>();
  const sleepers = new Set<() => void>();
  /** What this process holds: job → end of its lease. */
  const held = new Map<string, number>();
  let seenVersion = -1;
  let followedAtMs = performance.now();
  let toldEnded = 0;
  let healthy = true;
  let closed = false;

  const ticker = setInterval(tick, options.pollMs ?? POLL_MS);
  ticker.unref();

  /** SQLite goes on happily with a file that has been moved away: look whether another process has replaced it. */
  function followFile(): void {
    if (performance.now() - followedAtMs < FOLLOW_MS) return;
    followedAtMs = performance.now();
    if (database.follow()) seenVersion = -1;
  }

  function tick(): void {
    if (endedListeners.size === 0 && sleepers.size === 0) return;
    try {
      followFile();
      const version = database.version();
      healthy = true;
      if (version !== seenVersion) {
        seenVersion = version;
        changed();
      } else if (nextDueAtMs <= now()) changed();
    } catch (error) {
      if (!(error instanceof QueueBusyError)) healthy = false;
    }
  }

  /** When the next delayed job or lease falls due, as far as the last empty claim could see. */
  let nextDueAtMs = Number.POSITIVE_INFINITY;

  function changed(): void {
    nextDueAtMs = Number.POSITIVE_INFINITY;
    for (const wakeUp of [...sleepers]) wakeUp();
    if (endedListeners.size === 0 || closed) return;
    const [row] = database.all<{ last: number }>('SELECT last FROM ended');
    if (row === undefined || row.last === toldEnded) return;
    toldEnded = row.last;
    for (const listener of endedListeners) listener();
  }

  /** The work is committed: what goes wrong in telling about it must not look like its failure. */
  function tell(): void {
    try {
      changed();
    } catch {
      healthy = false;
    }
  }

  /** Tries again while another process holds the lock, without blocking this one's thread. */
  async function transact<T>(step: () => T): Promise<T> {
    for (const startedAtMs = performance.now(); ; ) {
      if (closed) throw new Error('the queue is closed');
      try {
        followFile();
        const result = database.transact(step);
        healthy = true;
        return result;
      } catch (error) {
        const mayTryAgain = error instanceof QueueBusyError && performance.now() - startedAtMs < BUSY_MS_MAX;
        if (!mayTryAgain) {
          healthy = false;
          throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, BUSY_PAUSE_MS));
      }
    }
  }

  const run = (sql: string, ...values: (string | number | null)[]): number => Number(database.prepare(sql).run(...values).changes);
  const END = 'ended_sequence = (SELECT last FROM ended), token = NULL, lease_until_ms = NULL';
  /** Before END: the next number. */
  const countEnded = (): number => run('UPDATE ended SET last = last + 1');
  const MINE = 'WHERE job_id = ? AND token = ? AND state = 1 AND lease_until_ms >= ?';

  /** Jobs whose lease has run out go back, or are set aside. Inside a transaction. */
  function expireLeases(atMs: number): void {
    const lost = database.prepare('SELECT job_id, attempts FROM job WHERE state = 1 AND lease_until_ms < ?').all(atMs) as unknown as JobRow[];
    for (const { job_id: jobId, attempts } of lost) {
      if (attempts >= limits.maxAttempts) {
        countEnded();
        run(`UPDATE job SET state = ${QUARANTINED}, error = ?, workers_lost = workers_lost + 1, ${END} WHERE job_id = ?`, WORKER_LOST, jobId);
      } else run(`UPDATE job SET state = ${WAITING}, token = NULL, lease_until_ms = NULL, workers_lost = workers_lost + 1 WHERE job_id = ?`, jobId);
    }
  }

  function holdsAny(atMs: number): boolean {
    for (const [jobId, leaseUntilMs] of held) if (leaseUntilMs < atMs) held.delete(jobId);
    return held.size > 0;
  }

  /** Inside a transaction. */
  function claimNow(max: number): ClaimedJob[] {
    const atMs = now();
    expireLeases(atMs);
    const rows = database
      .prepare('SELECT job_id, attempts, workers_lost, job FROM job WHERE state = 0 AND not_before_ms <= ? ORDER BY rank, enqueued_at_ms, sequence LIMIT ?')
      .all(atMs, max) as unknown as JobRow[];
    const suspectAt = rows.findIndex((row) => row.workers_lost > 0);
    // A suspect goes out alone, and in its turn: nothing overtakes it for long.
    const taken = suspectAt === -1 ? rows : suspectAt > 0 ? rows.slice(0, suspectAt) : holdsAny(atMs) ? [] : rows.slice(0, 1);
    return taken.map((row) => {
      const token = randomUUID();
      run(`UPDATE job SET state = ${ACTIVE}, token = ?, lease_until_ms = ?, attempts = attempts + 1 WHERE job_id = ?`, token, atMs + limits.leaseMs, row.job_id);
      held.set(row.job_id, atMs + limits.leaseMs);
      return { job: JSON.parse(row.job) as AnalysisJob, token, attempt: row.attempts + 1 };
    });
  }

  /** When the next waiting job may go, or the next lease is over. */
  function readNextDue(): number {
    const [row] = database.all<{ waiting: number | null; leased: number | null }>(
      'SELECT (SELECT min(not_before_ms) FROM job WHERE state = 0) AS waiting, (SELECT min(lease_until_ms) + 1 FROM job WHERE state = 1) AS leased',
    );
    return Math.min(row?.waiting ?? Number.POSITIVE_INFINITY, row?.leased ?? Number.POSITIVE_INFINITY);
  }

  async function claimOnce(max: number): Promise<readonly ClaimedJob[]> {
    // Looking takes no lock: idle workers do not stand in each other's way.
    nextDueAtMs = readNextDue();
    if (nextDueAtMs > now()) return [];
    const claimed = await transact(() => claimNow(max));
    // A suspect that must wait for its turn is due all the time: do not ask at every tick.
    if (claimed.length === 0) nextDueAtMs = now() + SUSPECT_PAUSE_MS;
    return claimed;
  }

  /** Until something changes, or `ms` are over. */
  function sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wakeUp = (): void => {
        clearTimeout(timer);
        sleepers.delete(wakeUp);
        resolve();
      };
      const timer = setTimeout(wakeUp, ms);
      sleepers.add(wakeUp);
    });
  }

  const queue: EmbeddedQueue = {
    async add(jobs) {
      await transact(() => {
        for (const job of jobs) {
          // Again with a better rank (STAT came later): a job that still waits moves forward.
          run(
            `INSERT INTO job (job_id, rank, enqueued_at_ms, job) VALUES (?, ?, ?, ?)
             ON CONFLICT (job_id) DO UPDATE SET rank = min(rank, excluded.rank), job = excluded.job WHERE state = ${WAITING}`,
            job.jobId,
            job.rank,
            job.enqueuedAtMs,
            JSON.stringify(job),
          );
        }
      });
      tell();
    },

    async ended(limit) {
      const rows = database.all<JobRow>('SELECT state, attempts, job, outcome, error FROM job WHERE state >= 2 ORDER BY ended_sequence LIMIT ?', limit);
      return rows.map((row): JobEnd => {
        const job = JSON.parse(row.job) as AnalysisJob;
        if (row.state === COMPLETED) return { kind: 'completed', job, outcome: JSON.parse(row.outcome!) as AnalysisOutcome };
        return { kind: 'quarantined', job, error: row.error ?? '', attempts: row.attempts };
      });
    },

    async acknowledge(jobIds) {
      await transact(() => {
        for (const jobId of jobIds) run('DELETE FROM job WHERE job_id = ? AND state >= 2', jobId);
      });
    },

    onEnded(listener) {
      endedListeners.add(listener);
    },

    async known(jobIds) {
      const found = new Set<string>();
      for (const jobId of jobIds) if (database.all('SELECT 1 FROM job WHERE job_id = ?', jobId).length > 0) found.add(jobId);
      return found;
    },

    async counts(): Promise<QueueCounts> {
      const atMs = now();
      const [row] = database.all<QueueCounts>(
        `SELECT coalesce(sum(state = 0 AND not_before_ms <= ?), 0) AS waiting, coalesce(sum(state = 1), 0) AS active,
           coalesce(sum(state = 0 AND not_before_ms > ?), 0) AS delayed, coalesce(sum(state >= 2), 0) AS ended FROM job`,
        atMs,
        atMs,
      );
      return { ...row! };
    },

    healthy: () => healthy && !closed,

    async claim(max, waitMs) {
      for (const untilMs = performance.now() + waitMs; ; ) {
        if (closed) return [];
        const claimed = await claimOnce(max).catch(() => []);
        const leftMs = untilMs - performance.now();
        if (claimed.length > 0 || leftMs <= 0 || closed) return claimed;
        await sleep(leftMs);
      }
    },

    async extend({ job, token }) {
      const atMs = now();
      const kept = await transact(() => run(`UPDATE job SET lease_until_ms = ? ${MINE}`, atMs + limits.leaseMs, job.jobId, token, atMs));
      if (kept > 0) held.set(job.jobId, atMs + limits.leaseMs);
      else held.delete(job.jobId);
      return kept > 0;
    },

    async complete({ job, token }, outcome) {
      const answer = JSON.stringify(outcome);
      const done = await transact(() => {
        countEnded();
        return run(`UPDATE job SET state = ${COMPLETED}, outcome = ?, ${END} ${MINE}`, answer, job.jobId, token, now());
      });
      held.delete(job.jobId);
      tell();
      return done > 0 ? 'accepted' : 'stale';
    },

    async fail({ job, token, attempt }, error) {
      const text = error.slice(0, JOB_ERROR_CHARACTERS_MAX);
      const atMs = now();
      const last = attempt >= limits.maxAttempts;
      const done = await transact(() => {
        if (!last) return run(`UPDATE job SET state = ${WAITING}, error = ?, not_before_ms = ?, token = NULL, lease_until_ms = NULL ${MINE}`, text, atMs + backoffOf(limits, attempt), job.jobId, token, atMs);
        countEnded();
        return run(`UPDATE job SET state = ${QUARANTINED}, error = ?, ${END} ${MINE}`, text, job.jobId, token, atMs);
      });
      held.delete(job.jobId);
      tell();
      return done === 0 ? 'stale' : last ? 'quarantined' : 'retry';
    },

    async release({ job, token }) {
      await transact(() => run(`UPDATE job SET state = ${WAITING}, attempts = attempts - 1, token = NULL, lease_until_ms = NULL ${MINE}`, job.jobId, token, now()));
      held.delete(job.jobId);
      tell();
    },

    wake: tell,

    async close() {
      if (closed) return;
      closed = true;
      clearInterval(ticker);
      for (const wakeUp of [...sleepers]) wakeUp();
      database.close();
    },
  };
  return queue;
}
