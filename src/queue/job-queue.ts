/**
 * PORT: a hurry-up list of images to analyse. Two adapters (embedded-queue, bullmq-queue), one conformance suite.
 *
 * What it is NOT: it is not the truth (the registry is; `reconcile` re-derives every job, so losing the whole queue
 * loses nothing), it holds no pixels (jobs carry references), it does not order the worklist, it does not promise
 * exactly-once (consumers are idempotent by jobId).
 */
import type { JudgingThreshold } from '../study/site-threshold.ts';
import type { AnalysisOutcome, InstanceHeader } from '../study/types.ts';

/** One image to analyse. `jobId` = hash(sopInstanceUid, contentSha256): adding it twice is adding it once. */
export interface AnalysisJob {
  readonly jobId: string;
  readonly studyInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly contentSha256: string;
  /** File key in the spool (see intake/spool.ts): what an instance source fetches by. */
  readonly fileKey: string;
  /** Set where the question is not "analyse" but "are these two the same picture": the first-kept instance's file. */
  readonly compareWithFileKey?: string;
  /** What the header says: eligibility and spacing need it, so that a worker need not trust its own parse alone. */
  readonly header: InstanceHeader;
  /** The site's own thresholds as they hold for this patient. Absent: those of the manifests. */
  readonly thresholds?: readonly JudgingThreshold[];
  /** 0 is served first (STAT), 10 is ordinary, 20 is a re-analysis in the background. */
  readonly rank: number;
  readonly enqueuedAtMs: number;
}

/** A job in a worker's hands until `leaseUntilMs`; `token` fences: after the lease is lost its answer is stale. */
export interface ClaimedJob {
  readonly job: AnalysisJob;
  readonly token: string;
  /** 1 for the first try. */
  readonly attempt: number;
}

/** What became of a job: an answer, or quarantine after too many failures (the study asks for a human). */
export type JobEnd =
  | { readonly kind: 'completed'; readonly job: AnalysisJob; readonly outcome: AnalysisOutcome }
  | { readonly kind: 'quarantined'; readonly job: AnalysisJob; readonly error: string; readonly attempts: number };

export interface QueueCounts {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly ended: number;
}

/** The hub's side. */
export interface JobQueue {
  /** Idempotent. Never awaited before a C-STORE response: it may hang while Redis is away. */
  add(jobs: readonly AnalysisJob[]): Promise<void>;
  /** Ended jobs that nobody has acknowledged yet, oldest first. At-least-once: repeated until acknowledged. */
  ended(limit: number): Promise<readonly JobEnd[]>;
  acknowledge(jobIds: readonly string[]): Promise<void>;
  /** Called (best effort) soon after a job ends, so that the hub need not poll fast. */
  onEnded(listener: () => void): void;
  /** Which of these the queue still knows (waiting, delayed, active or ended): what reconcile need not add again. */
  known(jobIds: readonly string[]): Promise<ReadonlySet<string>>;
  counts(): Promise<QueueCounts>;
  /** True while the backend answers. */
  healthy(): boolean;
  close(): Promise<void>;
}

/** The worker's side. */
export interface JobSource {
  /** Up to `max` jobs, lowest rank first, then oldest; resolves empty after at most `waitMs`. */
  claim(max: number, waitMs: number): Promise<readonly ClaimedJob[]>;
  /** Renews the lease; false when it was lost (drop the job, its answer would be discarded). */
  extend(claim: ClaimedJob): Promise<boolean>;
  /** 'stale' when the lease was lost: the answer was discarded. */
  complete(claim: ClaimedJob, outcome: AnalysisOutcome): Promise<'accepted' | 'stale'>;
  /** Back with backoff, or quarantined after `maxAttempts`. */
  fail(claim: ClaimedJob, error: string): Promise<'retry' | 'quarantined' | 'stale'>;
  /** Hands unfinished jobs back at once (shutdown), without counting an attempt. */
  release(claim: ClaimedJob): Promise<void>;
  close(): Promise<void>;
}

export interface QueueLimits {
  /** A worker silent for this long loses its jobs. */
  readonly leaseMs: number;
  readonly maxAttempts: number;
  readonly backoffMs: readonly number[];
}
