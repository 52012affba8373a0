/** Training reads what `firstread prepare` wrote; the worker runs its own path. On 20 films both must be the same. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, describe, expect, it } from 'vitest';
import { prepareCommand, readFilm } from '../../src/commands/prepare.ts';
import { readLungs } from '../../src/inference/analyse-image.ts';
import { cropRegion } from '../../src/inference/lung-field.ts';
import type { ModelManifest } from '../../src/inference/manifest-types.ts';
import { pictureHere } from '../../src/inference/picture-work.ts';
import { wholeFrame } from '../../src/inference/preprocess.ts';
import { selfTestImage } from '../../src/inference/self-test-image.ts';
import { needPython, PYTHON } from '../peers/need-python.ts';
import { sharedData } from '../shared-data.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DATA = sharedData();
const out = mkdtempSync(join(tmpdir(), 'firstread-prepare-'));
afterAll(() => rmSync(out, { recursive: true, force: true }));

const manifestOf = (name: string) => JSON.parse(readFileSync(join(ROOT, 'models', name, 'model.json'), 'utf8')) as ModelManifest;
const open = (name: string) => InferenceSession.create(readFileSync(join(ROOT, 'models', name, 'model.onnx')), { intraOpNumThreads: 1 });
const outputsOf = (results: InferenceSession.OnnxValueMapType) =>
  Object.fromEntries(Object.entries(results).map(([name, t]) => [name, { data: (t as Tensor).data as Float32Array, dims: (t as Tensor).dims }]));

describe.skipIf(DATA === undefined)('training equals serving (films in the shared data folder)', () => {
  it('on 20 films: the same tensors, the same scores', async () => {
    const films = ['tb/shenzhen', 'tb/tbx11k', 'nodule/nih', 'other/pneumonia_mixed'].flatMap((source) => {
      const folder = join(DATA!, source, 'images');
      return readdirSync(folder).sort().filter((_, i) => i % 97 === 0).slice(0, 5).map((file) => join(folder, file));
    });
    expect(films).toHaveLength(20);
    const tb = manifestOf('tuberculosis');
    const size = tb.input.width;
    await prepareCommand(['--out', out, '--size', String(size), '--base', DATA!, '--models', join(ROOT, 'models/lung-field'), ...films], () => undefined);
    const index = JSON.parse(readFileSync(join(out, 'index.json'), 'utf8')) as { count: number; films: { file: string; index: number }[] };
    const prepared = new Uint8Array(readFileSync(join(out, 'pixels.u8')));
    expect(index.count).toBe(20);

    const lungField = manifestOf('lung-field');
    const lungSession = await open('lung-field');
    const session = await open('tuberculosis');
    const trained = (await session.run({ [tb.input.name]: new Tensor('uint8', prepared, [20, 1, size, size]) }))['score']!.data as Float32Array;
    for (const [i, film] of films.entries()) {
      const picture = pictureHere(await readFilm(film));
      const whole = await picture.prepare(lungField.input, wholeFrame(picture.size));
      const masks = outputsOf(await lungSession.run({ [lungField.input.name]: new Tensor('uint8', whole.tensor as Uint8Array, whole.dims) }));
      const { field } = readLungs(lungField, { outputs: masks, at: 0 } as Parameters<typeof readLungs>[1], whole.placement);
      const { tensor, dims } = await picture.prepare(tb.input, cropRegion(field, picture.size, tb.input));
      expect(Buffer.compare(tensor as Uint8Array, prepared.subarray(i * size * size, (i + 1) * size * size))).toBe(0);
      const served = (await session.run({ [tb.input.name]: new Tensor('uint8', tensor as Uint8Array, dims) }))['score']!.data as Float32Array;
      expect(Math.abs(served[0]! - trained[i]!)).toBeLessThanOrEqual(1e-4);
    }
  });
});

it('names a file that is no film and goes on', async () => {
  const folder = join(out, 'bad');
  const lines: string[] = [];
  const code = await prepareCommand(['--out', folder, '--size', '32', '--crop', 'whole', join(ROOT, 'package.json')], (line) => lines.push(line));
  expect(code).toBe(0);
  expect(lines.join('\n')).toMatch(/not read: .*package\.json/);
  expect(JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'))).toMatchObject({ count: 0 });
});

it.skipIf(!needPython('numpy'))('the self-test picture is the same in Python', () => {
  const code = 'import sys; from firstread_training.self_test import self_test_image; sys.stdout.buffer.write(self_test_image(20261121, 50, 37).tobytes())';
  const python = spawnSync(PYTHON, ['-c', code], { env: { ...process.env, PYTHONPATH: join(ROOT, 'models/training') } });
  expect(python.status, python.stderr.toString()).toBe(0);
  expect(new Uint8Array(python.stdout)).toEqual(selfTestImage(20261121, 50, 37));
});
