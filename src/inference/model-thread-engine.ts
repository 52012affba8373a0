/**
 * A ModelEngine whose sessions live in a thread of their own: the worker's main thread stays free to renew leases,
 * fetch and take decoded pictures while a batch runs. Batches lie in shared memory (see batch-runner.ts).
 */
import { Worker } from 'node:worker_threads';
import { FirstreadError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import type { ModelEngine } from './model-engine.ts';
import type { ModelSet } from './model-set.ts';
import type { ModelThreadAnswer, ModelThreadData, ModelThreadTask } from './model-thread.ts';
import type { SessionOptions } from './session.ts';
import type { Outputs } from './tensors.ts';

/** Rejects as openModel does, when a model or the provider is refused. */
export async function openEngineInThread(set: ModelSet, options: SessionOptions): Promise<ModelEngine> {
  const worker = new Worker(new URL('./model-thread.ts', import.meta.url), { workerData: { set, options } satisfies ModelThreadData });
  const pending = new Map<number, { resolve: (outputs: Outputs) => void; reject: (error: Error) => void }>();
  const say = (task: ModelThreadTask): void => worker.postMessage(task);
  let lastId = 0;
  let ended: Error | undefined;
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));

  const models = await new Promise<ModelEngine['models']>((resolve, reject) => {
    const end = (error: Error): void => {
      ended ??= error;
      reject(error);
      for (const waiting of pending.values()) waiting.reject(error);
      pending.clear();
    };
    worker.on('error', (error) => end(new FirstreadError('model-run-failed', error instanceof Error ? error.message.slice(0, 500) : 'unknown', {}, error)));
    worker.once('exit', () => end(new FirstreadError('model-run-failed', 'the thread of the models has ended')));
    worker.on('message', (answer: ModelThreadAnswer) => {
      if (answer.kind === 'ready') return resolve(answer.models);
      if (answer.kind === 'refused') return reject(new FirstreadError(answer.code as ErrorCode, answer.message, answer.details));
      const waiting = pending.get(answer.id);
      pending.delete(answer.id);
      if (answer.kind === 'outputs') waiting?.resolve(answer.outputs);
      else waiting?.reject(new FirstreadError('model-run-failed', answer.message));
    });
  });

  return {
    models,
    run: async (model, values, bucket) =>
      new Promise<Outputs>((resolve, reject) => {
        if (ended !== undefined) return reject(ended);
        lastId += 1;
        pending.set(lastId, { resolve, reject });
        say({ kind: 'run', id: lastId, model, values, bucket });
      }),
    close: async () => {
      say({ kind: 'stop' });
      await exited;
    },
  };
}
