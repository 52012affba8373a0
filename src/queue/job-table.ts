/**
 * The embedded queue's table and its verbs. All synchronous; those that write are called inside a transaction of
 * queue-database.ts. Time comes as an argument. Knows nothing of waiting, waking or batches.
 */
import type { AnalysisOutcome } from '../study/types.ts';
import type { AnalysisJob, JobEnd, QueueCounts, QueueLimits } from './job-queue.ts';
import type { QueueDatabase } from './queue-database.ts';
import { WORKER_LOST, backoffOf } from './queue-limits.ts';

/** Also in the schema's partial indexes. Waiting includes delayed: not_before_ms lies ahead. Ended: both of the last. */
const WAITING = 0;
const ACTIVE = 1;
const COMPLETED = 2;
const QUARANTINED = 3;

/** Clocks of processes on one machine agree; this is for the time between reading one and using it. */
const CLOCK_SLACK_MS = 1_000;

export interface DueJob {
  readonly job: AnalysisJob;
  readonly attempts: number;
  /** How often a worker was lost while it had this job. */
  readonly workersLost: number;
}

interface JobRow {
  readonly job_id: string;
  readonly state: number;
  readonly attempts: number;
  readonly workers_lost: number;
  readonly job: string;
  readonly outcome: string | null;
  readonly error: string | null;
}

const PUT = `INSERT INTO job (job_id, rank, enqueued_at_ms, job) VALUES (?, ?, ?, ?)
  ON CONFLICT (job_id) DO UPDATE SET rank = min(rank, excluded.rank), job = excluded.job WHERE state = ${WAITING}`;
const DUE = `SELECT job_id, attempts, workers_lost, job FROM job WHERE state = ${WAITING} AND (not_before_ms <= ? OR not_before_ms > ?)
  ORDER BY rank, enqueued_at_ms, sequence LIMIT ?`;
/** Whoever holds the token of an unexpired lease. */
const MINE = `WHERE job_id = ? AND token = ? AND state = ${ACTIVE} AND lease_until_ms >= ?`;
const FREE = 'token = NULL, lease_until_ms = NULL';
/** After countEnded(). */
const END = `ended_sequence = (SELECT last FROM ended), ${FREE}`;

export function createJobTable(database: QueueDatabase, limits: QueueLimits) {
  const run = (sql: string, ...values: (string | number | null)[]): boolean => Number(database.prepare(sql).run(...values).changes) > 0;
  const countEnded = (): boolean => run('UPDATE ended SET last = last + 1');

  /**
   * No lease and no pause can reach further than this. One that does was set before the clock was put back, and is over:
   * else a killed worker's images would wait until the clock has caught up.
   */
  const furthest = (atMs: number): number => atMs + Math.max(limits.leaseMs, ...limits.backoffMs) + CLOCK_SLACK_MS;

  return {
    /** Again with a better rank (STAT came later): a job that still waits moves forward; any other stays as it is. */
    put: (job: AnalysisJob): boolean => run(PUT, job.jobId, job.rank, job.enqueuedAtMs, JSON.stringify(job)),

    /** Jobs whose lease has run out go back, or are set aside. */
    expireLeases(atMs: number): void {
      const over = database.prepare(`SELECT job_id, attempts FROM job WHERE state = ${ACTIVE} AND (lease_until_ms < ? OR lease_until_ms > ?)`);
      const lost = over.all(atMs, furthest(atMs)) as unknown as JobRow[];
      for (const { job_id: jobId, attempts } of lost) {
        if (attempts >= limits.maxAttempts) {
          countEnded();
          run(`UPDATE job SET state = ${QUARANTINED}, error = ?, workers_lost = workers_lost + 1, ${END} WHERE job_id = ?`, WORKER_LOST, jobId);
        } else run(`UPDATE job SET state = ${WAITING}, workers_lost = workers_lost + 1, ${FREE} WHERE job_id = ?`, jobId);
      }
    },

    due: (atMs: number, max: number): DueJob[] =>
      (database.prepare(DUE).all(atMs, furthest(atMs), max) as unknown as JobRow[]).map((row) => ({ job: JSON.parse(row.job) as AnalysisJob, attempts: row.attempts, workersLost: row.workers_lost })),

    lease: (jobId: string, token: string, leaseUntilMs: number): boolean =>
      run(`UPDATE job SET state = ${ACTIVE}, token = ?, lease_until_ms = ?, attempts = attempts + 1 WHERE job_id = ?`, token, leaseUntilMs, jobId),

    renew: (jobId: string, token: string, atMs: number): boolean => run(`UPDATE job SET lease_until_ms = ? ${MINE}`, atMs + limits.leaseMs, jobId, token, atMs),

    complete(jobId: string, token: string, atMs: number, outcome: AnalysisOutcome): boolean {
      countEnded();
      return run(`UPDATE job SET state = ${COMPLETED}, outcome = ?, ${END} ${MINE}`, JSON.stringify(outcome), jobId, token, atMs);
    },

    setAside(jobId: string, token: string, atMs: number, error: string): boolean {
      countEnded();
      return run(`UPDATE job SET state = ${QUARANTINED}, error = ?, ${END} ${MINE}`, error, jobId, token, atMs);
    },

    retryLater: (jobId: string, token: string, atMs: number, error: string, attempt: number): boolean =>
      run(`UPDATE job SET state = ${WAITING}, error = ?, not_before_ms = ?, ${FREE} ${MINE}`, error, atMs + backoffOf(limits, attempt), jobId, token, atMs),

    giveBack: (jobId: string, token: string, atMs: number): boolean => run(`UPDATE job SET state = ${WAITING}, attempts = attempts - 1, ${FREE} ${MINE}`, jobId, token, atMs),

    forgetEnded: (jobId: string): boolean => run(`DELETE FROM job WHERE job_id = ? AND state >= ${COMPLETED}`, jobId),

    ended: (limit: number): JobEnd[] =>
      database.all<JobRow>(`SELECT state, attempts, job, outcome, error FROM job WHERE state >= ${COMPLETED} ORDER BY ended_sequence LIMIT ?`, limit).map((row) => {
        const job = JSON.parse(row.job) as AnalysisJob;
        if (row.state === COMPLETED) return { kind: 'completed', job, outcome: JSON.parse(row.outcome!) as AnalysisOutcome };
        return { kind: 'quarantined', job, error: row.error ?? '', attempts: row.attempts };
      }),

    /** Changes whenever a job ends. */
    endedCount: (): number => database.all<{ last: number }>('SELECT last FROM ended')[0]?.last ?? 0,

    knows: (jobId: string): boolean => database.all('SELECT 1 FROM job WHERE job_id = ?', jobId).length > 0,

    counts(atMs: number): QueueCounts {
      const [row] = database.all<QueueCounts>(
        `SELECT coalesce(sum(state = ${WAITING} AND not_before_ms <= ?), 0) AS waiting, coalesce(sum(state = ${ACTIVE}), 0) AS active,
           coalesce(sum(state = ${WAITING} AND not_before_ms > ?), 0) AS delayed, coalesce(sum(state >= ${COMPLETED}), 0) AS ended FROM job`,
        atMs,
        atMs,
      );
      return { ...row! };
    },

    /** When the next waiting job may go, or the next lease is over; infinite where nothing is coming. */
    nextDueAtMs(atMs: number): number {
      const [row] = database.all<{ waiting: number | null; leased: number | null; stray: number }>(
        `SELECT (SELECT min(not_before_ms) FROM job WHERE state = ${WAITING}) AS waiting,
           (SELECT min(lease_until_ms) + 1 FROM job WHERE state = ${ACTIVE}) AS leased,
           EXISTS (SELECT 1 FROM job WHERE state = ${WAITING} AND not_before_ms > ?) OR EXISTS (SELECT 1 FROM job WHERE state = ${ACTIVE} AND lease_until_ms > ?) AS stray`,
        furthest(atMs),
        furthest(atMs),
      );
      if (row?.stray === 1) return atMs;
      return Math.min(row?.waiting ?? Number.POSITIVE_INFINITY, row?.leased ?? Number.POSITIVE_INFINITY);
    },
  };
}
