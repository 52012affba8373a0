/**
 * The thread that owns the sessions of a worker: opens all models, answers with their references and costs, then runs
 * one batch after the other. Stopped by message only: ending a thread during `session.run` aborts the process.
 */
import assert from 'node:assert';
import { parentPort, workerData } from 'node:worker_threads';
import { FirstreadError } from '../errors.ts';
import { openEngineHere } from './model-engine.ts';
import type { EngineModel, ModelEngine } from './model-engine.ts';
import type { ModelSet } from './model-set.ts';
import type { SessionOptions } from './session.ts';
import type { InputArray, Outputs } from './tensors.ts';

export interface ModelThreadData {
  readonly set: ModelSet;
  readonly options: SessionOptions;
}

export type ModelThreadTask = { readonly kind: 'run'; readonly id: number; readonly model: number; readonly values: InputArray; readonly bucket: number } | { readonly kind: 'stop' };

export type ModelThreadAnswer =
  | { readonly kind: 'ready'; readonly models: readonly EngineModel[] }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string; readonly details: FirstreadError['details'] }
  | { readonly kind: 'outputs'; readonly id: number; readonly outputs: Outputs }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };

assert(parentPort !== null, 'this file runs as a worker thread');
const port = parentPort;
const say = (answer: ModelThreadAnswer): void => port.postMessage(answer);

const engine = await open();
if (engine === undefined) port.close();
else serve(engine);

async function open(): Promise<ModelEngine | undefined> {
  const { set, options } = workerData as ModelThreadData;
  try {
    return await openEngineHere(set, options);
  } catch (error) {
    const known = error instanceof FirstreadError ? error : new FirstreadError('model-invalid', error instanceof Error ? error.message : 'unknown');
    say({ kind: 'refused', code: known.code, message: known.message, details: known.details });
    return undefined;
  }
}

function serve(open: ModelEngine): void {
  let last: Promise<void> = Promise.resolve();
  port.on('message', (task: ModelThreadTask) => {
    last = last.then(async () => {
      if (task.kind === 'stop') {
        await open.close();
        port.close();
        return;
      }
      try {
        say({ kind: 'outputs', id: task.id, outputs: await open.run(task.model, task.values, task.bucket) });
      } catch (error) {
        say({ kind: 'failed', id: task.id, message: error instanceof Error ? error.message.slice(0, 500) : 'unknown' });
      }
    });
  });
  say({ kind: 'ready', models: open.models.map(({ manifest, reference, costs }) => ({ manifest, reference, costs })) });
}
