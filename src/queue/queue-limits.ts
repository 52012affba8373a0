/** What both adapters of the queue are set to unless told otherwise. */
import type { QueueLimits } from './job-queue.ts';

export const QUEUE_LIMITS: QueueLimits = {
  /** 5 s: a killed worker's images run again within 6 s (with the checks below); workers renew every second or two. */
  leaseMs: 5_000,
  /** Three: a failure that is chance does not happen three times; a poison image must not circle for ever. */
  maxAttempts: 3,
  /** Before the second and the third try: long enough for a GPU hiccup to pass, short enough for a waiting reader. */
  backoffMs: [1_000, 5_000],
};

/** Longest error text kept with a job: it goes into a log line and onto a page. */
export const JOB_ERROR_CHARACTERS_MAX = 500;

export function backoffOf(limits: QueueLimits, attempt: number): number {
  return limits.backoffMs[Math.min(attempt, limits.backoffMs.length) - 1] ?? 0;
}

/** What a job that lost its worker too often is set aside with. */
export const WORKER_LOST = 'the worker was lost while it had this image';
