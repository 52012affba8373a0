/**
 * A ModelEngine whose sessions live in a thread of their own: the worker's main thread stays free to renew leases,
 * fetch and take decoded pictures while a batch runs. Batches lie in shared memory (see batch-runner.ts).
 *
 * A driver can hang in the middle of a run, and the thread with it: then nothing fails, nothing is answered, and a worker
 * that went on renewing its leases would keep its images from everybody for ever. So runs have a deadline; after it the
 * engine is of no use any more, and neither is the process: a thread in native code can be neither ended nor left behind.
 */
import { Worker } from 'node:worker_threads';
import { FirstreadError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import type { ModelEngine } from './model-engine.ts';
import type { ModelSet } from './model-set.ts';
import type { ModelThreadAnswer, ModelThreadData, ModelThreadTask } from './model-thread.ts';
import type { SessionOptions } from './session.ts';
import type { Outputs } from './tensors.ts';

/**
 * A film takes 0.15 to 2 s on a CPU, a batch of eight of the slowest 16 s: five minutes is a hang, also on a machine that
 * swaps. It is not much longer for those who wait.
 */
export const RUN_DEADLINE_MS = 300_000;
/** A model that is slow by nature has so many times what its batch took at warm-up, if that is more: the machine was idle then. */
const WARM_UP_COSTS_MAX = 20;
/** Waiting is counted in ticks, not read off the clock: in a machine that was suspended no run has hung. */
const TICK_MS = 1_000;
/** Ending the thread takes as long as its last run and releasing the sessions. */
const CLOSE_MS_MAX = 10_000;

export interface ThreadEngineLimits {
  readonly runDeadlineMs: number;
  readonly closeMsMax: number;
  /** What runs in the thread. */
  readonly thread: URL;
}

const DEFAULT_LIMITS: ThreadEngineLimits = { runDeadlineMs: RUN_DEADLINE_MS, closeMsMax: CLOSE_MS_MAX, thread: new URL('./model-thread.ts', import.meta.url) };

interface Pending {
  readonly model: number;
  readonly bucket: number;
  readonly resolve: (outputs: Outputs) => void;
  readonly reject: (error: Error) => void;
}

/** Rejects as openModel does, when a model or the provider is refused. `close` rejects with `model-run-stuck` where the thread does not end. */
export async function openEngineInThread(set: ModelSet, options: SessionOptions, limits: Partial<ThreadEngineLimits> = {}): Promise<ModelEngine> {
  const { runDeadlineMs, closeMsMax, thread } = { ...DEFAULT_LIMITS, ...limits };
  const worker = new Worker(thread, { workerData: { set, options } satisfies ModelThreadData });
  const pending = new Map<number, Pending>();
  const say = (task: ModelThreadTask): void => worker.postMessage(task);
  let lastId = 0;
  let ended: Error | undefined;
  /** Since the oldest run began: they run one after the other. */
  let waitedTicks = 0;
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const end = (error: Error): void => {
    ended ??= error;
    for (const waiting of pending.values()) waiting.reject(error);
    pending.clear();
  };

  const models = await new Promise<ModelEngine['models']>((resolve, reject) => {
    const endBefore = (error: Error): void => {
      end(error);
      reject(error);
    };
    worker.on('error', (error) => endBefore(new FirstreadError('model-run-failed', error instanceof Error ? error.message.slice(0, 500) : 'unknown', {}, error)));
    worker.once('exit', () => endBefore(new FirstreadError('model-run-failed', 'the thread of the models has ended')));
    worker.on('message', (answer: ModelThreadAnswer) => {
      if (answer.kind === 'ready') return resolve(answer.models);
      if (answer.kind === 'refused') return reject(new FirstreadError(answer.code as ErrorCode, answer.message, answer.details));
      const waiting = pending.get(answer.id);
      pending.delete(answer.id);
      waitedTicks = 0;
      if (answer.kind === 'outputs') waiting?.resolve(answer.outputs);
      else waiting?.reject(new FirstreadError('model-run-failed', answer.message));
    });
  });

  const watch = setInterval(() => {
    const [oldest] = pending;
    if (oldest === undefined) return;
    waitedTicks += 1;
    const [id, run] = oldest;
    const model = models[run.model];
    const warmUpMs = model?.costs.find(({ bucket }) => bucket === run.bucket)?.runMs ?? 0;
    // The first tick may come at once.
    if ((waitedTicks - 1) * TICK_MS < Math.max(runDeadlineMs, WARM_UP_COSTS_MAX * warmUpMs)) return;
    const message = `${model?.reference.name}: a batch of ${run.bucket} has run for ${waitedTicks - 1} s and is not done (${Math.ceil(warmUpMs)} ms at warm-up): the driver or the device hangs, or the picture makes the model run for ever`;
    pending.delete(id);
    run.reject(new FirstreadError('model-run-stuck', message));
    end(new FirstreadError('model-run-stuck', message, { behind: true }));
  }, TICK_MS);
  void exited.then(() => clearInterval(watch));

  return {
    models,
    run: async (model, values, bucket) =>
      new Promise<Outputs>((resolve, reject) => {
        if (ended !== undefined) return reject(ended);
        lastId += 1;
        if (pending.size === 0) waitedTicks = 0;
        pending.set(lastId, { model, bucket, resolve, reject });
        say({ kind: 'run', id: lastId, model, values, bucket });
      }),
    close: async () => {
      say({ kind: 'stop' });
      clearInterval(watch);
      if (isStuck(ended)) throw ended;
      const late = Promise.withResolvers<never>();
      const timer = setTimeout(() => late.reject(new FirstreadError('model-run-stuck', `the thread of the models has not ended in ${closeMsMax} ms`)), closeMsMax);
      await Promise.race([exited, late.promise]).finally(() => clearTimeout(timer));
    },
  };
}

/** What a process cannot go on with, and cannot end from in order: a thread of it hangs in native code. */
export const isStuck = (error: unknown): error is FirstreadError => error instanceof FirstreadError && error.code === 'model-run-stuck';

/** Its pictures never reached the model: another run hung before them. */
export const isBehindStuckRun = (error: unknown): boolean => isStuck(error) && error.details['behind'] === true;
