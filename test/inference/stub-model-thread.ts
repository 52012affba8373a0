/** Stands for model-thread.ts: one model; the first value of a batch says after how many hundredths of a second it is done, 255 that it never is. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ModelThreadAnswer, ModelThreadTask } from '../../src/inference/model-thread.ts';

export const NEVER = 255;
/** In place of the set of models. */
export interface StubModel {
  /** What a batch of one took at warm-up. */
  readonly warmUpMs: number;
  /** Does not end when told. */
  readonly deaf: boolean;
}

const { warmUpMs, deaf } = (workerData as { set: StubModel }).set;
const say = (answer: ModelThreadAnswer): void => parentPort?.postMessage(answer);
parentPort?.on('message', (task: ModelThreadTask) => {
  if (task.kind === 'stop') {
    if (!deaf) parentPort?.close();
    return;
  }
  const hundredths = Number(task.values[0]);
  if (hundredths !== NEVER) setTimeout(() => say({ kind: 'outputs', id: task.id, outputs: {} }), hundredths * 10);
});
say({ kind: 'ready', models: [{ manifest: {} as never, reference: { name: 'stub', version: '1', sha256: '' }, costs: [{ bucket: 1, runMs: warmUpMs }] }] });
