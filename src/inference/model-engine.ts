/**
 * PORT: where models run. Two adapters: in this thread (here: commands, tests), and in a thread of its own
 * (model-thread.ts: the worker, whose main thread must stay free to renew leases while a batch runs).
 */
import type { ModelReference } from '../study/types.ts';
import type { BucketCost } from './batcher.ts';
import type { ModelManifest } from './manifest-types.ts';
import type { ModelSet } from './model-set.ts';
import { openModel } from './session.ts';
import type { OpenModel, SessionOptions } from './session.ts';
import type { InputArray, Outputs } from './tensors.ts';

export interface EngineModel {
  readonly manifest: ModelManifest;
  readonly reference: ModelReference;
  readonly costs: readonly BucketCost[];
}

export interface ModelEngine {
  /** The lung field first where there is one, then the models that find something, in the set's order. */
  readonly models: readonly EngineModel[];
  /**
   * `values`: bucket × one picture's tensor; not to be changed until the promise settles. Rejects with `model-run-failed`, or,
   * in a thread, with `model-run-stuck`: see isBehindStuckRun for runs that only waited behind the one that hangs.
   */
  run(model: number, values: InputArray, bucket: number): Promise<Outputs>;
  close(): Promise<void>;
}

export async function openEngineHere(set: ModelSet, options: SessionOptions): Promise<ModelEngine> {
  const models: OpenModel[] = [];
  for (const folder of set.lungField === undefined ? set.findings : [set.lungField, ...set.findings]) models.push(await openModel(folder, options));
  return {
    models,
    run: (model, values, bucket) => {
      const open = models[model];
      if (open === undefined) throw new RangeError(`there is no model ${model}`);
      return open.run(values, bucket);
    },
    close: async () => {
      for (const model of models) await model.release();
    },
  };
}
