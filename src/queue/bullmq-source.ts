/**
 * JobSource on BullMQ (the worker's side): jobs are fetched by hand with a token of their own each, so that many can
 * be in one batch and a late answer is refused by its lock. BullMQ counts failures and lost workers apart; here they
 * add up to attempts. A job whose worker was lost is handed out alone (see embedded-queue.ts).
 */
import { randomUUID } from 'node:crypto';
import { type Job, UnrecoverableError, Worker } from 'bullmq';
import type { AnalysisOutcome } from '../study/types.ts';
import { type BullmqQueueOptions, DEFAULT_PREFIX, QUEUE_NAME } from './bullmq-options.ts';
import type { AnalysisJob, ClaimedJob, JobSource, QueueLimits } from './job-queue.ts';
import { JOB_ERROR_CHARACTERS_MAX, QUEUE_LIMITS, WORKER_LOST, backoffOf } from './queue-limits.ts';
import { REDIS_LINK_LIMITS, openRedisLink } from './redis-link.ts';

type AnalysisBullJob = Job<AnalysisJob, AnalysisOutcome>;

interface Held {
  readonly job: AnalysisBullJob;
  readonly token: string;
  leaseUntilMs: number;
}

/** A blocked fetch comes back this often; a claim that waits less leaves it running for the next claim. */
const BLOCK_SECONDS = 1;
/** Fetches in flight at once while a batch is gathered. */
const FETCHES_AT_ONCE = 8;
const PAUSE_MS = 20;

const attemptsOf = (job: AnalysisBullJob): number => job.attemptsMade + job.stalledCounter;

export function openBullmqSource(redisUrl: string, limits: QueueLimits = QUEUE_LIMITS, options: BullmqQueueOptions = {}): JobSource {
  const linkLimits = options.linkLimits ?? REDIS_LINK_LIMITS;
  const link = openRedisLink(redisUrl, linkLimits);
  const worker = new Worker<AnalysisJob, AnalysisOutcome>(QUEUE_NAME, null, {
    connection: link.redis,
    prefix: options.prefix ?? DEFAULT_PREFIX,
    autorun: false,
    lockDuration: limits.leaseMs,
    // A lost lease is noticed within two checks: 5 s + 1 s is what may pass until a killed worker's image runs again.
    stalledInterval: Math.max(50, limits.leaseMs / 10),
    // We count ourselves.
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    drainDelay: BLOCK_SECONDS,
    runRetryDelay: 1_000,
    settings: { backoffStrategy: (_attemptsMade, _type, _error, job) => backoffOf(limits, job === undefined ? 1 : attemptsOf(job as AnalysisBullJob) + 1) },
  });
  worker.on('error', () => {});
  void worker.startStalledCheckTimer().catch(() => {});

  /** By token: a late answer for a lost claim must not end the job's next one. */
  const held = new Map<string, Held>();
  /** Suspects that wait until this worker holds nothing else. */
  const setAside: Held[] = [];
  /** Jobs that a blocked fetch has brought and no claim has taken yet. */
  const landed: Held[] = [];
  let blockedFetch: Promise<void> | undefined;
  let claimCount = 0;
  let closed = false;

  const keeper = setInterval(() => {
    for (const each of setAside) void each.job.extendLock(each.token, limits.leaseMs).catch(() => {});
  }, limits.leaseMs / 3);
  keeper.unref();

  const isStale = (error: unknown): boolean => {
    // finished-errors of BullMQ: job gone (-1), lock gone (-2), not active (-3), another's lock (-6).
    const code = (error as { code?: number }).code;
    return code === -1 || code === -2 || code === -3 || code === -6;
  };

  async function fetch(block: boolean): Promise<Held | undefined> {
    const token = randomUUID();
    const job = await worker.getNextJob(token, { block });
    return job === undefined ? undefined : { job: job as AnalysisBullJob, token, leaseUntilMs: Date.now() + limits.leaseMs };
  }

  /** A blocking fetch that outlives its claim belongs to the next one. */
  function fetchBlocking(): Promise<void> {
    blockedFetch ??= fetch(true)
      .catch(() => undefined)
      .then((fetched) => {
        blockedFetch = undefined;
        if (fetched !== undefined) landed.push(fetched);
        if (claimCount === 0) handBackLanded();
      });
    return blockedFetch;
  }

  /** Nobody is asking: another worker may take them. */
  function handBackLanded(): void {
    for (const each of landed.splice(0)) void each.job.moveToWait(each.token).catch(() => {});
  }

  function holdsAny(): boolean {
    for (const [token, each] of held) if (each.leaseUntilMs < Date.now()) held.delete(token);
    return held.size > 0;
  }

  function handOut(each: Held): ClaimedJob {
    held.set(each.token, each);
    return { job: each.job.data, token: each.token, attempt: attemptsOf(each.job) + 1 };
  }

  /** False where the job may not go into this batch: worn out and quarantined, or a suspect, set aside. */
  async function mayGoNow(each: Held, batch: readonly ClaimedJob[]): Promise<boolean> {
    if (attemptsOf(each.job) >= limits.maxAttempts) {
      await each.job.moveToFailed(new UnrecoverableError(WORKER_LOST), each.token, false).catch(() => {});
      return false;
    }
    if (each.job.stalledCounter === 0 || (batch.length === 0 && setAside.length === 0 && !holdsAny())) return true;
    setAside.push(each);
    return false;
  }

  async function gather(first: Held, max: number): Promise<ClaimedJob[]> {
    const batch: ClaimedJob[] = [];
    if (await mayGoNow(first, batch)) {
      batch.push(handOut(first));
      if (first.job.stalledCounter > 0) return batch;
    }
    while (batch.length < max && setAside.length === 0) {
      const more = await Promise.all(Array.from({ length: Math.min(FETCHES_AT_ONCE, max - batch.length) }, () => fetch(false).catch(() => undefined)));
      for (const each of more) if (each !== undefined && (await mayGoNow(each, batch))) batch.push(handOut(each));
      if (more.includes(undefined)) break;
    }
    return batch;
  }

  async function claimWithin(max: number, untilMs: number): Promise<readonly ClaimedJob[]> {
    for (;;) {
      if (closed) return [];
      const leftMs = untilMs - performance.now();
      if (setAside.length > 0 && !holdsAny()) return [handOut(setAside.shift()!)];
      if (setAside.length === 0 && link.healthy()) {
        if (landed.length === 0) await Promise.race([fetchBlocking(), pause(Math.max(leftMs, PAUSE_MS))]);
        const first = landed.shift();
        if (first !== undefined) {
          const batch = await gather(first, max);
          if (batch.length > 0) return batch;
          continue;
        }
      } else if (leftMs > 0) await pause(Math.min(leftMs, PAUSE_MS));
      if (performance.now() >= untilMs) return [];
    }
  }

  /** A worker's last word on a job; undefined where the lease is lost. While Redis is away it rejects, and may be said again. */
  async function lastWord<T>(claim: ClaimedJob, step: (job: AnalysisBullJob) => Promise<T>): Promise<T | undefined> {
    const each = held.get(claim.token);
    if (each === undefined) return undefined;
    try {
      const answer = await link.within(() => step(each.job));
      held.delete(claim.token);
      return answer;
    } catch (error) {
      if (!isStale(error)) throw error;
      held.delete(claim.token);
      return undefined;
    }
  }

  return {
    async claim(max, waitMs) {
      claimCount++;
      try {
        return await claimWithin(max, performance.now() + waitMs);
      } finally {
        claimCount--;
        if (claimCount === 0) handBackLanded();
      }
    },

    async extend(claim) {
      const each = held.get(claim.token);
      if (each === undefined) return false;
      const kept = await link.within(() => each.job.extendLock(claim.token, limits.leaseMs));
      if (kept === 1) each.leaseUntilMs = Date.now() + limits.leaseMs;
      else held.delete(claim.token);
      return kept === 1;
    },

    async complete(claim, outcome) {
      const done = await lastWord(claim, async (job) => {
        await job.moveToCompleted(outcome, claim.token, false);
        return true;
      });
      return done === undefined ? 'stale' : 'accepted';
    },

    async fail(claim, error) {
      const text = error.slice(0, JOB_ERROR_CHARACTERS_MAX);
      const last = claim.attempt >= limits.maxAttempts;
      const done = await lastWord(claim, async (job) => {
        await job.moveToFailed(last ? new UnrecoverableError(text) : new Error(text), claim.token, false);
        return true;
      });
      return done === undefined ? 'stale' : last ? 'quarantined' : 'retry';
    },

    async release(claim) {
      await lastWord(claim, (job) => job.moveToWait(claim.token));
    },

    async close() {
      if (closed) return;
      closed = true;
      clearInterval(keeper);
      const handBack = Promise.allSettled(setAside.map((each) => each.job.moveToWait(each.token)));
      await Promise.race([handBack.then(() => worker.close(true)), pause(linkLimits.commandMsMax)]);
      link.close();
    },
  };
}

function pause(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms));
}
