/**
 * The worker: claims jobs, answers many at once so that decoding, preparing and inference overlap and batches form
 * across studies, renews leases while it works, and hands answers back. Which failure means what:
 *   the image is at fault, surely   → an answer, `unreadable` (answer-job.ts)
 *   maybe (deadline, trap, storage, a file that does not come whole) → fail: tried again, set aside after the
 *                                     queue's maximum
 *   the hub or the provider is      → release: the image is not to blame, its attempts are not counted
 * The worker's own end: finish what is at the models, release the rest. Never during `session.run`, unless that hangs: then
 * the images of that batch have failed (one of them may be what it hangs on), the rest is released, and the process must end.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { FirstreadError } from '../errors.ts';
import type { ClaimedJob, JobSource } from '../queue/job-queue.ts';
import type { AnalysisOutcome, ModelReference } from '../study/types.ts';
import type { AnalysisSettings } from './analyse-image.ts';
import { answerJob } from './answer-job.ts';
import type { AnswerRoom } from './answer-job.ts';
import { createBatchRunner } from './batch-runner.ts';
import type { BatchStatistics } from './batch-runner.ts';
import { DECODE_DEADLINE_MS, createDecodePool } from './decode-pool.ts';
import type { InstanceSource } from './instance-source.ts';
import type { ModelEngine } from './model-engine.ts';
import type { ModelSet } from './model-set.ts';
import { RUN_DEADLINE_MS, isBehindStuckRun, isStuck, openEngineInThread } from './model-thread-engine.ts';
import { startPictureThreads } from './picture-threads.ts';
import { describeProvider } from './provider.ts';
import type { Provider } from './provider.ts';

/** After an empty claim that came back early. */
const EMPTY_CLAIM_PAUSE_MS = 5;
/**
 * Jobs in hand whose file is not here yet, for each fetch that the source runs at once: one that comes, one that waits.
 * Held in greater number they would wait here for hours on a slow line, while another worker is idle and a STAT study is
 * behind them.
 */
const UNFETCHED_FOR_EACH_FETCH = 2;
/** A worker whose models hang hands back what it can in this time; the other leases lapse. */
const HAND_BACK_MS = 10_000;
/** With the pause between them about as long as a lease. */
const COMPLETE_TRIES_MAX = 10;

export interface WorkerLimits {
  /** The queue's lease: renewed at a third of it. */
  readonly leaseMs: number;
  /** A decoder that takes longer is ended. */
  readonly decodeDeadlineMs: number;
  /** A model that runs longer hangs, unless it was slow at warm-up too: the worker ends. */
  readonly runDeadlineMs: number;
  readonly decodeThreads: number;
  /** How long a claim may wait for a job: a stop is noticed after at most this. */
  readonly claimWaitMs: number;
  /** Pause after a failure that has nothing to do with an image (queue or hub away). */
  readonly troublePauseMs: number;
}

export const workerLimits = (decodeThreads: number, leaseMs = 5_000): WorkerLimits => ({
  leaseMs,
  decodeThreads,
  decodeDeadlineMs: DECODE_DEADLINE_MS,
  runDeadlineMs: RUN_DEADLINE_MS,
  claimWaitMs: 250,
  troublePauseMs: 500,
});

/**
 * Images in hand at once: three of the largest batches that the models were warmed for (one running, one ready, one
 * being decoded), and work for every decoding thread. Bounded, because each holds its file and its pixels.
 */
export function inHandMax(engine: ModelEngine, decodeThreads: number): number {
  const largest = Math.max(1, ...engine.models.flatMap((m) => m.costs.map((c) => c.bucket)));
  return Math.max(3 * largest, 2 * decodeThreads + 2);
}

export type WorkerEvent =
  | { readonly type: 'ready'; readonly models: readonly ModelReference[]; readonly provider: string }
  | { readonly type: 'answered'; readonly jobId: string; readonly sopInstanceUid: string; readonly kind: AnalysisOutcome['kind']; readonly timings: AnalysisOutcome['timings']; readonly attempt: number; readonly accepted: boolean }
  | { readonly type: 'failed'; readonly jobId: string; readonly code: string; readonly message: string; readonly attempt: number; readonly next: 'retry' | 'quarantined' | 'stale' | 'released' }
  | { readonly type: 'preview-failed'; readonly fileKey: string; readonly code: string }
  | { readonly type: 'trouble'; readonly code: string; readonly message: string }
  | { readonly type: 'stopped'; readonly statistics: readonly BatchStatistics[] };

export interface WorkerOptions {
  readonly source: JobSource;
  readonly instances: InstanceSource;
  readonly modelSet: ModelSet;
  readonly provider: Provider;
  readonly inferenceThreads: number;
  readonly decodeThreads: number;
  /** Largest batch; on a CPU the costs measured at warm-up decide below it. */
  readonly batchMax: number;
  readonly settings: AnalysisSettings;
  readonly limits: WorkerLimits;
  readonly onEvent: (event: WorkerEvent) => void;
  /** Aborting it stops the worker gently. */
  readonly signal: AbortSignal;
}

/**
 * Resolves when stopped by its signal; rejects when models, provider or token are refused, or the provider is lost. With
 * `model-run-stuck` a thread hangs in native code, and the process cannot end in order.
 */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const { provider, inferenceThreads, batchMax, decodeThreads, limits } = options;
  const engine = await openEngineInThread(options.modelSet, { provider, intraOpThreads: inferenceThreads, batchMax }, { runDeadlineMs: limits.runDeadlineMs });
  const pool = createDecodePool({ threads: decodeThreads, deadlineMs: limits.decodeDeadlineMs, takesBytes: true });
  const pictures = startPictureThreads(Math.max(1, decodeThreads));
  try {
    await serveJobs({ ...options, engine, decode: (bytes, signal) => pool.decode(bytes, signal), openPicture: (image) => pictures.open(image) });
  } catch (error) {
    // A provider that has failed may hang when it is closed: the first trouble is the one to tell.
    await engine.close().catch((stuck: unknown) => {
      throw isStuck(error) ? error : new FirstreadError('model-run-stuck', `${messageOf(error)}; then ${messageOf(stuck)}`, {}, error);
    });
    throw error;
  } finally {
    await pool.close();
    await pictures.close();
  }
  await engine.close();
}

export type ServeOptions = Pick<WorkerOptions, 'source' | 'instances' | 'provider' | 'settings' | 'limits' | 'onEvent' | 'signal'> &
  Pick<AnswerRoom, 'decode' | 'openPicture'> & { readonly engine: ModelEngine };

/** The worker's loop over parts that are already open. */
export async function serveJobs(options: ServeOptions): Promise<void> {
  const { source, limits, onEvent, signal, engine } = options;
  const runner = createBatchRunner(engine, { sharedBuffers: true });
  const room: AnswerRoom = { ...options, runner, onPreviewFailed: (fileKey, error) => onEvent({ type: 'preview-failed', fileKey, code: codeOf(error) }) };
  const inHand = new Map<string, InHand>();
  const most = inHandMax(engine, limits.decodeThreads);
  const unfetchedMax = UNFETCHED_FOR_EACH_FETCH * (options.instances.fetchesAtOnce ?? Infinity);
  const unfetched = new Set<InHand>();
  let roomMade = Promise.withResolvers<void>();
  let fatal: unknown;
  // One listener for all: a signal that lives as long as the worker must not gather one for every image.
  const stopAll = (): void => inHand.forEach((one) => one.ended.abort());
  signal.addEventListener('abort', stopAll, { once: true });
  const leases = setInterval(() => void renewLeases(source, inHand, onEvent), limits.leaseMs / 3);
  onEvent({ type: 'ready', models: engine.models.map((m) => m.reference), provider: describeProvider(options.provider) });

  const handedBack = Promise.withResolvers<void>();
  let handBackTimer: NodeJS.Timeout | undefined;
  /** What ends the worker ends what is in hand as a stop does. */
  const endWith = (error: unknown): void => {
    fatal ??= error;
    stopAll();
    if (isStuck(error)) handBackTimer ??= setTimeout(handedBack.resolve, HAND_BACK_MS);
  };
  const makeRoom = (): void => {
    roomMade.resolve();
    roomMade = Promise.withResolvers();
  };
  const fetched = (mine: InHand): void => {
    if (unfetched.delete(mine)) makeRoom();
  };

  const take = (claim: ClaimedJob): Promise<void> => {
    const mine: InHand = { claim, ended: new AbortController(), lost: false };
    inHand.set(claim.token, mine);
    unfetched.add(mine);
    if (signal.aborted || fatal !== undefined) mine.ended.abort();
    return handle(mine, tellingWhenFetched(room, () => fetched(mine)), options)
      .catch(endWith)
      .finally(() => {
        inHand.delete(claim.token);
        fetched(mine);
      });
  };

  const working = new Set<Promise<void>>();
  const allDone = async (): Promise<unknown> => Promise.race([Promise.all(working), handedBack.promise]);
  try {
    while (!signal.aborted && fatal === undefined) {
      const free = Math.min(most - working.size, unfetchedMax - unfetched.size);
      if (free <= 0) {
        await roomMade.promise;
        continue;
      }
      const claims = await claimSome(source, free, limits, onEvent);
      const [suspect, ...others] = claims.filter((c) => c.attempt > 1);
      for (const claim of claims) if (claim.attempt === 1) track(working, take(claim), makeRoom);
      if (suspect === undefined) continue;
      // It failed before, and may have taken a worker with it: alone, so that it can take nobody else's image along.
      for (const claim of others) await source.release(claim).catch(() => undefined);
      inHand.set(suspect.token, { claim: suspect, ended: new AbortController(), lost: false });
      await allDone();
      track(working, take(suspect), makeRoom);
      await allDone();
    }
    await allDone();
  } finally {
    clearInterval(leases);
    clearTimeout(handBackTimer);
    signal.removeEventListener('abort', stopAll);
  }
  onEvent({ type: 'stopped', statistics: runner.statistics() });
  if (fatal !== undefined) throw fatal;
}

interface InHand {
  readonly claim: ClaimedJob;
  /** Aborted when the worker stops or the lease was lost. */
  readonly ended: AbortController;
  /** Whatever comes out is stale. */
  lost: boolean;
}

function track(working: Set<Promise<void>>, one: Promise<void>, onEnd: () => void): void {
  const tracked: Promise<void> = one.finally(() => {
    working.delete(tracked);
    onEnd();
  });
  working.add(tracked);
}

/** The same room, that says when this job's file is here, or will not come. */
function tellingWhenFetched(room: AnswerRoom, onFetched: () => void): AnswerRoom {
  const { instances } = room;
  return { ...room, instances: { ...instances, fetch: async (fileKey, signal) => instances.fetch(fileKey, signal).finally(onFetched) } };
}

async function claimSome(source: JobSource, max: number, limits: WorkerLimits, onEvent: WorkerOptions['onEvent']): Promise<readonly ClaimedJob[]> {
  const from = performance.now();
  try {
    const claims = await source.claim(max, limits.claimWaitMs);
    // A source that has nothing and does not wait (it is closing) must not turn this into a loop without a breath.
    if (claims.length === 0 && performance.now() - from < limits.claimWaitMs / 2) await pause(EMPTY_CLAIM_PAUSE_MS);
    return claims;
  } catch (error) {
    onEvent({ type: 'trouble', code: 'queue', message: messageOf(error) });
    await pause(limits.troublePauseMs);
    return [];
  }
}

/** All at once: one after the other, on a line where an answer takes a while, the last would be lost before its turn. */
async function renewLeases(source: JobSource, inHand: Map<string, InHand>, onEvent: WorkerOptions['onEvent']): Promise<void> {
  const renewals = await Promise.allSettled(
    [...inHand.values()].map(async (one) => {
      if ((await source.extend(one.claim)) || !inHand.has(one.claim.token)) return;
      one.lost = true;
      one.ended.abort();
    }),
  );
  const failed = renewals.find((one) => one.status === 'rejected');
  if (failed !== undefined) onEvent({ type: 'trouble', code: 'queue', message: messageOf(failed.reason) });
}

/** Rejects only with what ends the worker. */
async function handle(mine: InHand, room: AnswerRoom, { source, signal, onEvent, provider, limits }: ServeOptions): Promise<void> {
  const { claim } = mine;
  const { job, attempt } = claim;
  const before = { jobId: job.jobId, attempt };
  let outcome: AnalysisOutcome;
  try {
    outcome = await answerJob(job, room, mine.ended.signal);
  } catch (error) {
    if (mine.lost) {
      onEvent({ type: 'failed', ...before, code: 'lease-lost', message: 'the lease was lost', next: 'stale' });
      if (isStuck(error)) throw error;
      return;
    }
    const hungOnIt = isStuck(error) && !isBehindStuckRun(error);
    const blame = mine.ended.signal.aborted && !hungOnIt ? 'nobody' : whoIsToBlame(error, provider);
    const next = blame === 'image' ? await settle(() => source.fail(claim, `${codeOf(error)}: ${messageOf(error)}`), 'stale' as const) : await settle(async () => (await source.release(claim), 'released' as const), 'stale' as const);
    onEvent({ type: 'failed', ...before, code: codeOf(error), message: messageOf(error), next });
    if (isStuck(error) || (!signal.aborted && isFatal(error))) throw error;
    if (blame === 'hub') await pause(limits.troublePauseMs, undefined, { signal }).catch(() => undefined);
    return;
  }
  const accepted = await complete(source, mine, outcome, limits.troublePauseMs);
  onEvent({ type: 'answered', ...before, sopInstanceUid: job.sopInstanceUid, kind: outcome.kind, timings: outcome.timings, accepted: accepted === 'accepted' });
}

/** Tried again while the lease may last: a queue that restarts must not cost an answer. */
async function complete(source: JobSource, mine: InHand, outcome: AnalysisOutcome, pauseMs: number): Promise<'accepted' | 'stale'> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await source.complete(mine.claim, outcome);
    } catch {
      if (mine.lost || tries >= COMPLETE_TRIES_MAX) return 'stale';
      await pause(pauseMs);
    }
  }
}

function whoIsToBlame(error: unknown, provider: Provider): 'image' | 'hub' | 'provider' {
  if (!(error instanceof FirstreadError)) return 'image';
  if (error.code === 'hub-unreachable' || error.code === 'config-invalid') return 'hub';
  if (isBehindStuckRun(error)) return 'provider';
  // On a GPU it is the device; on a CPU nothing but the picture is left.
  return error.code === 'model-run-failed' && provider.name === 'cuda' ? 'provider' : 'image';
}

const isFatal = (error: unknown): boolean => error instanceof FirstreadError && (error.code === 'model-run-failed' || error.code === 'config-invalid');

/** While the queue is away nothing can be handed back: the lease runs out, and the job goes to another worker. */
async function settle<T, F>(step: () => Promise<T>, otherwise: F): Promise<T | F> {
  try {
    return await step();
  } catch {
    return otherwise;
  }
}

const codeOf = (error: unknown): string => (error instanceof FirstreadError ? error.code : 'unexpected');
/** Messages of our own carry no patient data; those of others may carry paths, which are hashes. */
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 300);
