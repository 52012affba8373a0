/** What lies in models/: the files are the ones that the manifests mean, they reproduce, and a batch changes nothing. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import type { ModelManifest } from '../../src/inference/manifest-types.ts';
import { selfTestImage } from '../../src/inference/self-test-image.ts';

const MODELS = fileURLToPath(new URL('../../models', import.meta.url));
const BYTES_MAX = 20_000_000;
const names = readdirSync(MODELS).filter((name) => existsSync(join(MODELS, name, 'model.json')));
const read = (name: string) => JSON.parse(readFileSync(join(MODELS, name, 'model.json'), 'utf8')) as ModelManifest;
/** Numbers with a decimal, and how many films they are of; a card in another language has the same. */
const figuresOf = (card: string): string[] => [...card.matchAll(/\d+(?:\.\d+)+|n = \d+/g)].map(([figure]) => figure).sort();

it('there are a lung-field, a tuberculosis and a lung-nodule model', () => {
  expect(names.map((name) => read(name).task).sort()).toEqual(['lung nodule', 'lung-field', 'tuberculosis']);
  expect(existsSync(join(MODELS, 'LICENSE-WEIGHTS.md'))).toBe(true);
});

describe.each(names)('%s', (name) => {
  const manifest = read(name);
  const bytes = readFileSync(join(MODELS, name, manifest.file));
  const { width, height } = manifest.input;
  const run = async (session: InferenceSession, seeds: readonly number[]) => {
    const pixels = new Uint8Array(seeds.length * width * height);
    seeds.forEach((seed, i) => pixels.set(selfTestImage(seed, width, height), i * width * height));
    return session.run({ [manifest.input.name]: new Tensor('uint8', pixels, [seeds.length, 1, height, width]) });
  };

  it('is the file that the manifest means, and small', () => {
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(manifest.sha256);
    expect(statSync(join(MODELS, name, manifest.file)).size).toBeLessThanOrEqual(BYTES_MAX);
  });

  it('reproduces its self-test, and a batch of eight scores like one', async () => {
    const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1 });
    const selfTest = manifest.selfTest!;
    const one = await run(session, [selfTest.seed]);
    for (const [output, wanted] of Object.entries(selfTest.outputs)) {
      const found = one[output]!.data as Float32Array;
      wanted.forEach((value, i) => expect(Math.abs(found[i]! - value)).toBeLessThanOrEqual(selfTest.tolerance));
    }
    const eight = await run(session, [selfTest.seed, 2, 3, 4, 5, 6, 7, 8]);
    for (const output of session.outputNames) {
      const alone = one[output]!.data as Float32Array;
      const together = eight[output]!.data as Float32Array;
      let worst = 0;
      for (let i = 0; i < alone.length; i++) worst = Math.max(worst, Math.abs(alone[i]! - together[i]!));
      expect(worst).toBeLessThanOrEqual(1e-3);
      // Different pictures, different answers: no constant passes for a model.
      expect(together.subarray(alone.length, 2 * alone.length)).not.toEqual(alone);
    }
  });

  it('has a half-precision twin for GPUs that says the same', async () => {
    const twin = manifest.fp16!;
    const twinBytes = readFileSync(join(MODELS, name, twin.file));
    expect(createHash('sha256').update(twinBytes).digest('hex')).toBe(twin.sha256);
    expect(twinBytes.length).toBeLessThan(bytes.length * 0.7);
    const [full, half] = await Promise.all([bytes, twinBytes].map((each) => InferenceSession.create(each, { intraOpNumThreads: 1 })));
    const seeds = [2, 3, 4, 5];
    const output = full!.outputNames[0]!;
    const [a, b] = [(await run(full!, seeds))[output]!.data as Float32Array, (await run(half!, seeds))[output]!.data as Float32Array];
    // The score is the first output, or its maximum over the picture: one point of a hundred.
    const best = (data: Float32Array, k: number): number => data.subarray((k * data.length) / seeds.length, ((k + 1) * data.length) / seeds.length).reduce((most, value) => Math.max(most, value), 0);
    for (const k of seeds.keys()) expect(Math.abs(best(a, k) - best(b, k))).toBeLessThan(0.01);
  });

  it('has a card that names this version, and thresholds with an origin', () => {
    const [card, vietnamese] = ['card.md', 'card.vi.md'].map((file) => readFileSync(join(MODELS, name, file), 'utf8')) as [string, string];
    for (const text of [card, vietnamese]) expect(text).toContain(manifest.sha256);
    expect(card).toContain('Not a medical device');
    expect(vietnamese).toContain('Không phải thiết bị y tế');
    expect(figuresOf(vietnamese.replace(/(\d),(\d)/g, '$1.$2'))).toEqual(figuresOf(card));
    expect(figuresOf(card).length).toBeGreaterThan(50);
    const pictures = [...`${card}${vietnamese}`.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(([, file]) => file!);
    expect(pictures.filter((file) => !existsSync(join(MODELS, name, file)))).toEqual([]);
    for (const threshold of manifest.thresholds) {
      expect(threshold.origin).toEqual({ en: expect.stringMatching(/\d{4}-\d{2}-\d{2}/), vi: expect.stringMatching(/\d{2}\/\d{2}\/\d{4}/) });
      expect(threshold.threshold).toBeGreaterThan(0);
      expect(threshold.threshold).toBeLessThan(100);
    }
    const points = manifest.calibration ?? [];
    points.slice(1).forEach(([p, y], i) => {
      expect(p).toBeGreaterThan(points[i]![0]);
      expect(y).toBeGreaterThan(points[i]![1]);
    });
  });
});
