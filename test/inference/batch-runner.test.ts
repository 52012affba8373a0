import { describe, expect, test } from 'vitest';
import { createBatchRunner } from '../../src/inference/batch-runner.ts';
import type { ModelEngine } from '../../src/inference/model-engine.ts';
import type { ModelManifest } from '../../src/inference/manifest-types.ts';
import type { InputArray, Outputs } from '../../src/inference/tensors.ts';
import { heatmapDraft } from '../models/tiny-models.ts';

const manifest = { ...heatmapDraft, input: { ...heatmapDraft.input, width: 2, height: 2 } } as ModelManifest;

/** Two models whose runs a test lets go one by one; a GPU's costs: batches cost nothing extra. */
function heldEngine(modelCount = 2) {
  const runs: { model: number; bucket: number; values: number[]; finish: (error?: Error) => void }[] = [];
  const engine: ModelEngine = {
    models: Array.from({ length: modelCount }, (_, i) => ({ manifest, reference: { name: `m${i}`, version: '1', sha256: '' }, costs: [1, 2, 4, 8].map((bucket) => ({ bucket, runMs: 10 })) })),
    run: (model, values: InputArray, bucket) =>
      new Promise<Outputs>((resolve, reject) => {
        const seen = [...values];
        runs.push({ model, bucket, values: seen, finish: (error) => (error === undefined ? resolve({ out: { data: Float32Array.from(seen), dims: [bucket, 4] } }) : reject(error)) });
      }),
    close: async () => undefined,
  };
  return { engine, runs };
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 5; i += 1) await new Promise((resolve) => setImmediate(resolve));
};
const picture = (value: number): Uint8Array => new Uint8Array(4).fill(value);

describe('createBatchRunner', () => {
  test('what waits while a batch runs goes together, padded to the bucket, and everybody gets his own answer', async () => {
    const { engine, runs } = heldEngine();
    const runner = createBatchRunner(engine);
    const first = runner.predict(0, picture(1));
    await settle();
    const later = [2, 3, 4].map(async (v) => runner.predict(0, picture(v)));
    await settle();
    expect(runs.map((r) => r.bucket)).toEqual([1]);
    runs[0]?.finish();
    await first;
    await settle();
    expect(runs.map((r) => r.bucket)).toEqual([1, 4]);
    runs[1]?.finish();
    const answers = await Promise.all(later);
    expect(answers.map(({ outputs, at }) => outputs['out']?.data[at * 4])).toEqual([2, 3, 4]);
    expect(runner.statistics()[0]).toMatchObject({ runs: 2, pictures: 4, places: 5 });
  });

  test('saturated, batches are full', async () => {
    const { engine, runs } = heldEngine(1);
    const runner = createBatchRunner(engine);
    const all = Array.from({ length: 41 }, async (_, i) => runner.predict(0, picture(i)));
    for (let i = 0; i < 6; i += 1) {
      await settle();
      runs[i]?.finish();
    }
    await Promise.all(all);
    expect(runs.map((r) => r.bucket)).toEqual([8, 8, 8, 8, 8, 1]);
  });

  test('the fuller line goes first, but nobody is passed over for ever', async () => {
    const { engine, runs } = heldEngine(2);
    const runner = createBatchRunner(engine);
    const lonely = runner.predict(1, picture(99));
    await settle();
    runs[0]?.finish();
    await lonely;
    let waiting = 0;
    const feed = (): void => {
      for (; waiting < 16; waiting += 1) void runner.predict(0, picture(1));
    };
    feed();
    const patient = runner.predict(1, picture(7));
    for (let i = 1; runs.slice(1).every((r) => r.model === 0); i += 1) {
      expect(i).toBeLessThan(8);
      feed();
      await settle();
      waiting -= runs[i]?.bucket ?? 0;
      runs[i]?.finish();
      await settle();
    }
    runs.at(-1)?.finish();
    expect((await patient).outputs['out']?.data[0]).toBe(7);
    expect(runs[1]?.model).toBe(0);
  });

  test('a run that fails fails its own batch; the next one runs', async () => {
    const { engine, runs } = heldEngine(1);
    const runner = createBatchRunner(engine);
    const broken = runner.predict(0, picture(1));
    await settle();
    const next = runner.predict(0, picture(2));
    runs[0]?.finish(new Error('CUDA error'));
    await expect(broken).rejects.toThrow('CUDA error');
    await settle();
    runs[1]?.finish();
    expect((await next).outputs['out']?.data[0]).toBe(2);
  });

  test('a tensor of another size is a fault of ours', () => {
    const { engine } = heldEngine(1);
    return expect(createBatchRunner(engine).predict(0, new Uint8Array(5))).rejects.toThrow(/another size/);
  });
});
