/**
 * JobQueue and JobSource in one SQLite file: what a site without Redis runs on. Safe with several processes on one
 * machine (hub and workers), each with its own connection. Not for network file systems, not the truth.
 *
 * A job in a worker's hands carries a token and a lease; whoever has neither is answered 'stale'. A job whose worker
 * was lost may have killed it: it is handed out again alone, so that it cannot take a whole batch with it three times.
 */
import { randomUUID } from 'node:crypto';
import type { ClaimedJob, JobQueue, JobSource, QueueLimits } from './job-queue.ts';
import { createJobTable } from './job-table.ts';
import { QueueBusyError, QueueDatabase } from './queue-database.ts';
import { JOB_ERROR_CHARACTERS_MAX, QUEUE_LIMITS } from './queue-limits.ts';

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
/** A suspect that must wait for its turn is due all the time: it is not asked for at every tick. */
const SUSPECT_PAUSE_MS = 50;

export function openEmbeddedQueue(path: string, limits: QueueLimits = QUEUE_LIMITS, options: EmbeddedQueueOptions = {}): EmbeddedQueue {
  const now = options.now ?? Date.now;
  const database = new QueueDatabase(path);
  const table = createJobTable(database, limits);
  const endedListeners = new Set<() => void>();
  const sleepers = new Set<() => void>();
  /** What this process holds: token → end of its lease. By token: a late answer for a lost claim must not end the job's next one. */
  const held = new Map<string, number>();
  /** When the next delayed job or lease falls due, as far as the last empty claim could see. */
  let nextDueAtMs = Number.POSITIVE_INFINITY;
  let seenVersion = -1;
  let followedAtMs = performance.now();
  let toldEnded = 0;
  let healthy = true;
  let closed = false;

  const ticker = setInterval(tick, options.pollMs ?? POLL_MS);
  ticker.unref();

  function tick(): void {
    if (endedListeners.size === 0 && sleepers.size === 0) return;
    try {
      followFile();
      const version = database.version();
      healthy = true;
      if (version === seenVersion && nextDueAtMs > now()) return;
      seenVersion = version;
      changed();
    } catch (error) {
      if (!(error instanceof QueueBusyError)) healthy = false;
    }
  }

  /** SQLite goes on happily with a file that has been moved away: look whether another process has replaced it. */
  function followFile(): void {
    if (performance.now() - followedAtMs < FOLLOW_MS) return;
    followedAtMs = performance.now();
    if (database.follow()) seenVersion = -1;
  }

  function changed(): void {
    nextDueAtMs = Number.POSITIVE_INFINITY;
    for (const wakeUp of [...sleepers]) wakeUp();
    if (endedListeners.size === 0 || closed) return;
    const endedCount = table.endedCount();
    if (endedCount === toldEnded) return;
    toldEnded = endedCount;
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
        const answer = database.transact(step);
        healthy = true;
        return answer;
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

  function holdsAny(atMs: number): boolean {
    for (const [token, leaseUntilMs] of held) if (leaseUntilMs < atMs) held.delete(token);
    return held.size > 0;
  }

  /** Inside a transaction. */
  function takeDue(max: number): ClaimedJob[] {
    const atMs = now();
    table.expireLeases(atMs);
    const due = table.due(atMs, max);
    const suspectAt = due.findIndex(({ workersLost }) => workersLost > 0);
    // A suspect goes out alone, and in its turn: nothing overtakes it for long.
    const taken = suspectAt === -1 ? due : suspectAt > 0 ? due.slice(0, suspectAt) : holdsAny(atMs) ? [] : due.slice(0, 1);
    return taken.map(({ job, attempts }) => {
      const token = randomUUID();
      table.lease(job.jobId, token, atMs + limits.leaseMs);
      return { job, token, attempt: attempts + 1 };
    });
  }

  async function claimOnce(max: number): Promise<readonly ClaimedJob[]> {
    // Looking takes no lock: idle workers do not stand in each other's way.
    nextDueAtMs = table.nextDueAtMs(now());
    if (nextDueAtMs > now()) return [];
    const claims = await transact(() => takeDue(max));
    for (const { token } of claims) held.set(token, now() + limits.leaseMs);
    if (claims.length === 0) nextDueAtMs = now() + SUSPECT_PAUSE_MS;
    return claims;
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

  /** A worker's last word on a job. */
  async function giveUp(token: string, step: () => boolean): Promise<boolean> {
    const wasMine = await transact(step);
    held.delete(token);
    tell();
    return wasMine;
  }

  return {
    async add(jobs) {
      await transact(() => {
        for (const job of jobs) table.put(job);
      });
      tell();
    },

    ended: async (limit) => table.ended(limit),

    async acknowledge(jobIds) {
      await transact(() => {
        for (const jobId of jobIds) table.forgetEnded(jobId);
      });
    },

    onEnded(listener) {
      endedListeners.add(listener);
    },

    known: async (jobIds) => new Set(jobIds.filter(table.knows)),
    counts: async () => table.counts(now()),
    healthy: () => healthy && !closed,

    async claim(max, waitMs) {
      for (const untilMs = performance.now() + waitMs; ; ) {
        if (closed) return [];
        const claims = await claimOnce(max).catch(() => []);
        const leftMs = untilMs - performance.now();
        if (claims.length > 0 || leftMs <= 0 || closed) return claims;
        await sleep(leftMs);
      }
    },

    async extend({ job, token }) {
      const atMs = now();
      const kept = await transact(() => table.renew(job.jobId, token, atMs));
      if (kept) held.set(token, atMs + limits.leaseMs);
      else held.delete(token);
      return kept;
    },

    async complete({ job, token }, outcome) {
      return (await giveUp(token, () => table.complete(job.jobId, token, now(), outcome))) ? 'accepted' : 'stale';
    },

    async fail({ job, token, attempt }, error) {
      const text = error.slice(0, JOB_ERROR_CHARACTERS_MAX);
      const isLast = attempt >= limits.maxAttempts;
      const wasMine = await giveUp(token, () => (isLast ? table.setAside(job.jobId, token, now(), text) : table.retryLater(job.jobId, token, now(), text, attempt)));
      return !wasMine ? 'stale' : isLast ? 'quarantined' : 'retry';
    },

    async release({ job, token }) {
      await giveUp(token, () => table.giveBack(job.jobId, token, now()));
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
}
