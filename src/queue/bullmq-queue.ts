/**
 * JobQueue on BullMQ (the hub's side): for sites with several workers or machines. The worker's side is
 * bullmq-source.ts. Ended jobs stay in Redis until they are acknowledged; nothing that happens to Redis loses more
 * than time, for reconcile compares the registry with `known()`.
 */
import { Queue, QueueEvents, type Job } from 'bullmq';
import type { Redis } from 'ioredis';
import type { AnalysisOutcome } from '../study/types.ts';
import { type BullmqQueueOptions, DEFAULT_PREFIX, QUEUE_NAME } from './bullmq-options.ts';
import type { AnalysisJob, JobEnd, JobQueue, QueueLimits } from './job-queue.ts';
import { QUEUE_LIMITS } from './queue-limits.ts';
import { REDIS_LINK_LIMITS, openRedisLink } from './redis-link.ts';

export { openBullmqSource } from './bullmq-source.ts';

/** BullMQ's events, for waking the hub only: it polls besides. */
const EVENT_COUNT_MAX = 1_000;
/** BullMQ serves jobs without a priority first: ours all have one, 1 and up. */
const priorityOf = (rank: number): number => rank + 1;

export interface BullmqQueue extends JobQueue {
  /** Redis answers again after it had not: a good moment to reconcile. */
  onRecovered(listener: () => void): void;
}

export function openBullmqQueue(redisUrl: string, limits: QueueLimits = QUEUE_LIMITS, options: BullmqQueueOptions = {}): BullmqQueue {
  const prefix = options.prefix ?? DEFAULT_PREFIX;
  const link = openRedisLink(redisUrl, options.linkLimits ?? REDIS_LINK_LIMITS);
  const queue = new Queue<AnalysisJob, AnalysisOutcome>(QUEUE_NAME, {
    connection: link.redis,
    prefix,
    streams: { events: { maxLen: EVENT_COUNT_MAX } },
  });
  queue.on('error', () => {});
  let events: QueueEvents | undefined;
  /** QueueEvents blocks on a connection of its own, and leaves closing it to whoever made it. */
  let eventsConnection: Redis | undefined;

  return {
    async add(jobs) {
      if (jobs.length === 0) return;
      const oldestFirst = [...jobs].sort((a, b) => a.rank - b.rank || a.enqueuedAtMs - b.enqueuedAtMs);
      await link.within(async () => {
        await moveForward(oldestFirst);
        await queue.addBulk(
          oldestFirst.map((job) => ({
            name: QUEUE_NAME,
            data: job,
            opts: { jobId: job.jobId, priority: priorityOf(job.rank), timestamp: job.enqueuedAtMs, attempts: limits.maxAttempts, backoff: { type: 'custom' } },
          })),
        );
      });
    },

    ended: (limit) =>
      link.within(async () => {
        // Each list is oldest first; merged by when they ended.
        const [completed, failed] = await Promise.all([queue.getJobs('completed', 0, limit - 1, true), queue.getJobs('failed', 0, limit - 1, true)]);
        return [...completed, ...failed]
          .filter((job) => job?.data?.jobId !== undefined)
          .sort((a, b) => (a.finishedOn ?? 0) - (b.finishedOn ?? 0))
          .slice(0, limit)
          .map((job) => endOf(job, limits.maxAttempts));
      }),

    async acknowledge(jobIds) {
      await link.within(() =>
        Promise.all(
          jobIds.map(async (jobId) => {
            // Only what has ended: the same image may have been added again since.
            const state = await queue.getJobState(jobId);
            if (state === 'completed' || state === 'failed') await queue.remove(jobId);
          }),
        ),
      );
    },

    onEnded(listener) {
      if (events === undefined) {
        eventsConnection = link.redis.duplicate();
        eventsConnection.on('error', () => {});
        events = new QueueEvents(QUEUE_NAME, { connection: eventsConnection, prefix });
        events.on('error', () => {});
      }
      events.on('completed', () => listener());
      events.on('failed', () => listener());
    },

    known: (jobIds) =>
      link.within(async () => {
        const answers = await Promise.all(jobIds.map((jobId) => link.redis.exists(queue.toKey(jobId))));
        return new Set(jobIds.filter((_, index) => answers[index] === 1));
      }),

    counts: () =>
      link.within(async () => {
        const counts = await queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed', 'completed', 'failed');
        const of = (state: string): number => counts[state] ?? 0;
        return { waiting: of('waiting') + of('prioritized'), active: of('active'), delayed: of('delayed'), ended: of('completed') + of('failed') };
      }),

    healthy: () => link.healthy(),
    onRecovered: (listener) => link.onRecovered(listener),

    async close() {
      const closing = Promise.allSettled([events?.close(), queue.close()]);
      await Promise.race([closing, new Promise((resolve) => setTimeout(resolve, (options.linkLimits ?? REDIS_LINK_LIMITS).commandMsMax).unref())]);
      eventsConnection?.disconnect();
      link.close();
    },
  };

  /** A job that is there already and now comes with a better rank (STAT came later) moves forward. */
  async function moveForward(jobs: readonly AnalysisJob[]): Promise<void> {
    const priorities = await Promise.all(jobs.map((job) => link.redis.hget(queue.toKey(job.jobId), 'priority')));
    await Promise.all(
      jobs.map(async (job, index) => {
        const priority = priorities[index];
        if (priority === null || priority === undefined || Number(priority) <= priorityOf(job.rank)) return;
        const waiting = await queue.getJob(job.jobId);
        // It may have gone to a worker meanwhile: then there is nothing left to move.
        await waiting?.changePriority({ priority: priorityOf(job.rank) }).catch(() => {});
      }),
    );
  }
}

function endOf(job: Job<AnalysisJob, AnalysisOutcome>, attemptsMax: number): JobEnd {
  if (job.failedReason !== undefined && !job.returnvalue) {
    return { kind: 'quarantined', job: job.data, error: job.failedReason, attempts: Math.min(attemptsMax, job.attemptsMade + job.stalledCounter) };
  }
  return { kind: 'completed', job: job.data, outcome: job.returnvalue };
}
