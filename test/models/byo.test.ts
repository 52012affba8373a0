/** Bring your own: foreign networks by manifest alone, and what is said when manifest and network do not fit. */
import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { analyseImage } from '../../src/inference/analyse-image.ts';
import { createBatchRunner } from '../../src/inference/batch-runner.ts';
import { checkModelFolder } from '../../src/inference/check-model.ts';
import type { GrayImage } from '../../src/inference/gray-image.ts';
import type { ModelManifest } from '../../src/inference/manifest-types.ts';
import { openEngineHere } from '../../src/inference/model-engine.ts';
import { describeProblem } from '../../src/inference/model-manifest.ts';
import { loadModelSet } from '../../src/inference/model-set.ts';
import { pictureHere } from '../../src/inference/picture-work.ts';
import { DEFAULT_ELIGIBILITY } from '../../src/study/eligibility.ts';
import type { Finding } from '../../src/study/types.ts';
import { chestHeader, drawChest } from '../inference/drawn-pictures.ts';
import { classifierDraft, heatmapDraft, lungFieldDraft, temporaryFolder, tinyClassifier, tinyHeatmap, tinyLungField, tinyYolo, writeModelFolder, writeTinySite, yoloDraft } from './tiny-models.ts';
import { writeTinyOnnx } from './tiny-onnx.ts';

const options = { provider: { name: 'cpu', deviceId: 0 }, intraOpThreads: 1, batchMax: 4 } as const;
let models: string;

beforeEach(async () => {
  models = await temporaryFolder();
});
afterEach(async () => rm(models, { recursive: true, force: true }));

/** Whatever lies in the folder, on one picture. */
async function findingsOf(image: GrayImage): Promise<readonly Finding[]> {
  const engine = await openEngineHere(await loadModelSet([models]), options);
  try {
    const outcome = await analyseImage({ picture: pictureHere(image), header: chestHeader, decodePath: 'test' }, createBatchRunner(engine), { eligibility: DEFAULT_ELIGIBILITY });
    if (outcome.kind !== 'scored') throw new Error(JSON.stringify(outcome));
    return outcome.findings;
  } finally {
    await engine.close();
  }
}

describe('a foreign network runs by its manifest alone', () => {
  test('a 224² classifier with fourteen labels, of which two are used, mean and deviation applied, letterboxed', async () => {
    await writeModelFolder(models, tinyClassifier({ gain: 1, bias: 5.5 }), classifierDraft);
    const [tb, nodule] = await findingsOf(drawChest({ width: 600, height: 300 }));
    // Label 8 is label 5 plus 3 before the sigmoid.
    const logit = (points: number): number => Math.log(points / (100 - points));
    expect(tb?.family).toBe('tuberculosis');
    expect(logit(tb?.score ?? 0) - logit(nodule?.score ?? 0)).toBeCloseTo(3, 0);
    expect(tb?.boxes).toEqual([]);
    expect(tb?.region).toEqual([]);
  });

  test.each([
    ['[N]', ['N'], [1, 2, 3], 0],
    ['[N, 3, 1, 1]', ['N', 3, 1, 1], [2, 3], 1],
  ] as const)('scores as they leave a pooling: %s', async (_, shape, axes, keepdims) => {
    const onnx = writeTinyOnnx({
      inputs: [{ name: 'image', type: 'float32', shape: ['N', 3, 64, 64] }],
      outputs: [{ name: 'score', type: 'float32', shape: [...shape] }],
      constants: {},
      nodes: [{ op: 'ReduceMean', inputs: ['image'], outputs: ['score'], attributes: { axes: [...axes], keepdims } }],
    });
    const input = { ...classifierDraft.input, width: 64, height: 64, mean: [0], std: [1] };
    const labels = [{ family: 'tuberculosis', index: keepdims === 0 ? 0 : 2 }] as const;
    const folder = await writeModelFolder(models, onnx, { ...classifierDraft, task: 'tuberculosis', input, outputs: [{ kind: 'scores', name: 'score', activation: 'none', labels }], thresholds: classifierDraft.thresholds.slice(0, 1) });
    expect((await checkModelFolder(folder, options)).problems).toEqual([]);
    const [tb] = await findingsOf(drawChest({ width: 300, height: 300 }));
    await writeModelFolder(models, tinyClassifier({ side: 64, gain: 1, bias: 0, labels: 1 }), { ...classifierDraft, name: 'plain', task: 'tuberculosis', input, outputs: [{ kind: 'scores', name: 'logits', activation: 'none', labels: [{ family: 'tuberculosis', index: 0 }] }], thresholds: classifierDraft.thresholds.slice(0, 1), shadow: true });
    const both = await findingsOf(drawChest({ width: 300, height: 300 }));
    expect(both.map(({ score }) => score)).toEqual([tb?.score, tb?.score]);
    expect(tb?.score).toBeGreaterThan(5);
  });

  test('a yolo-like detector: boxes in pixels of a film that is not square', async () => {
    await writeModelFolder(models, tinyYolo(), yoloDraft);
    const [nodule] = await findingsOf(drawChest({ width: 900, height: 800, spots: [{ x: 585, y: 355, radius: 70, grey: 250 }] }));
    const best = nodule?.boxes[0];
    // 320 input pixels are 900: the network's 64 × 64 box is 180 × 180.
    expect(best).toMatchObject({ width: 180, height: 180 });
    expect((best?.x ?? 0) + 90).toBeCloseTo(585, 0);
    expect((best?.y ?? 0) + 90).toBeCloseTo(355, 0);
    expect(nodule?.score).toBe(best?.score);
    expect(nodule?.boxes.length).toBeGreaterThan(1);
    expect(nodule?.boxes.length).toBeLessThanOrEqual(20);
  });

  test('ours: a heatmap on the lung crop with calibration', async () => {
    await writeTinySite(models);
    const findings = await findingsOf(drawChest({ spots: [{ x: 256, y: 256, radius: 60, grey: 250 }] }));
    const tb = findings.find((f) => f.family === 'tuberculosis');
    expect(tb?.flagged).toBe(true);
    expect(tb?.heatmap).toMatchObject({ columns: 32, rows: 32 });
    // Cropped to the lungs: the heatmap does not cover the whole film.
    expect(tb?.heatmap?.area.width).toBeLessThan(480);
  });

  test('a network exported for one picture at a time still serves many', async () => {
    const onnx = writeTinyOnnx({
      inputs: [{ name: 'image', type: 'float32', shape: [1, 1, 64, 64] }],
      outputs: [{ name: 'p', type: 'float32', shape: [1, 1] }],
      constants: { shape: { dims: [2], type: 'int64', values: [1, 1] } },
      nodes: [{ op: 'ReduceMean', inputs: ['image'], outputs: ['m'], attributes: { axes: [1, 2, 3], keepdims: 0 } }, { op: 'Reshape', inputs: ['m', 'shape'], outputs: ['p'] }],
    });
    await writeModelFolder(models, onnx, {
      ...classifierDraft, name: 'single', task: 'tuberculosis',
      input: { name: 'image', dtype: 'float32', layout: 'NCHW', height: 64, width: 64, channels: 1, range: [0, 1], crop: 'whole', fit: 'stretch' },
      outputs: [{ kind: 'scores', name: 'p', activation: 'none', labels: [{ family: 'tuberculosis', index: 0 }] }],
      thresholds: [{ family: 'tuberculosis', threshold: 50, origin: 'test' }],
    });
    const engine = await openEngineHere(await loadModelSet([models]), options);
    expect(engine.models[0]?.costs.map((c) => c.bucket)).toEqual([1]);
    const runner = createBatchRunner(engine);
    const outcomes = await Promise.all([60, 120, 180].map(async (grey) => analyseImage({ picture: pictureHere(drawChest({ spots: [{ x: 100, y: 100, radius: 90, grey }] })), header: chestHeader, decodePath: '' }, runner, { eligibility: DEFAULT_ELIGIBILITY })));
    const scores = outcomes.map((o) => (o.kind === 'scored' ? o.findings[0]?.score : undefined));
    expect(new Set(scores).size).toBe(3);
    await engine.close();
  });

  test('NHWC with three channels', async () => {
    const onnx = writeTinyOnnx({
      inputs: [{ name: 'x', type: 'float32', shape: ['N', 64, 48, 3] }],
      outputs: [{ name: 'p', type: 'float32', shape: ['N', 3] }],
      nodes: [{ op: 'ReduceMean', inputs: ['x'], outputs: ['p'], attributes: { axes: [1, 2], keepdims: 0 } }],
    });
    await writeModelFolder(models, onnx, {
      ...classifierDraft, name: 'nhwc', task: 'tuberculosis',
      input: { name: 'x', dtype: 'float32', layout: 'NHWC', height: 64, width: 48, channels: 3, range: [0, 1], mean: [0, 0.1, 0.2], std: [1, 1, 1], crop: 'whole', fit: 'stretch' },
      outputs: [{ kind: 'scores', name: 'p', activation: 'none', labels: [{ family: 'tuberculosis', index: 0 }] }],
      thresholds: [{ family: 'tuberculosis', threshold: 50, origin: 'test' }],
    });
    const [first] = await findingsOf(drawChest());
    const path = join(models, 'nhwc', 'model.json');
    const manifest = JSON.parse(await readFile(path, 'utf8')) as ModelManifest;
    await writeFile(path, JSON.stringify({ ...manifest, outputs: [{ kind: 'scores', name: 'p', activation: 'none', labels: [{ family: 'tuberculosis', index: 2 }] }] }));
    const [third] = await findingsOf(drawChest());
    expect((first?.score ?? 0) - (third?.score ?? 0)).toBeCloseTo(20, 0);
  });
});

describe('which models get along', () => {
  test('two for one family are refused, unless one is in shadow', async () => {
    await writeModelFolder(models, tinyHeatmap(), { ...heatmapDraft, name: 'a' });
    const b = await writeModelFolder(models, tinyHeatmap({ gain: 0.05 }), { ...heatmapDraft, name: 'b' });
    await expect(loadModelSet([models])).rejects.toThrow(/2 models for tuberculosis: "a".*and "b".*"shadow": true/);
    const manifest = JSON.parse(await readFile(join(b, 'model.json'), 'utf8')) as ModelManifest;
    await writeFile(join(b, 'model.json'), JSON.stringify({ ...manifest, shadow: true }));
    const findings = await findingsOf(drawChest({ spots: [{ x: 256, y: 256, radius: 60, grey: 250 }] }));
    expect(findings.map((f) => [f.model.name, f.shadow])).toEqual([['a', undefined], ['b', true]]);
  });

  test('a later folder replaces a model of the same name; two lung fields, or none that finds, are refused', async () => {
    await writeModelFolder(models, tinyHeatmap(), heatmapDraft);
    const other = await temporaryFolder();
    const mine = await writeModelFolder(other, tinyHeatmap({ gain: 0.2 }), heatmapDraft);
    expect((await loadModelSet([models, other])).findings.map((f) => f.path)).toEqual([mine]);
    await rm(other, { recursive: true });
    await writeModelFolder(models, tinyLungField(), lungFieldDraft);
    await writeModelFolder(models, tinyLungField({ side: 128 }), { ...lungFieldDraft, name: 'another' });
    await expect(loadModelSet([models])).rejects.toThrow(/two lung-field models/);
    await expect(loadModelSet([await temporaryFolder()])).rejects.toThrow(/no model that finds anything/);
  });
});

describe('models check', () => {
  const check = async (folder: string) => (await checkModelFolder(folder, options)).problems.map(describeProblem);

  test('a good folder is good, and a self-test is suggested that then holds and can fail', async () => {
    const folder = await writeModelFolder(models, tinyHeatmap(), heatmapDraft);
    const first = await checkModelFolder(folder, options);
    expect(first.problems).toEqual([]);
    const path = join(folder, 'model.json');
    const manifest = JSON.parse(await readFile(path, 'utf8')) as ModelManifest;
    await writeFile(path, JSON.stringify({ ...manifest, selfTest: first.suggestedSelfTest }));
    expect(await check(folder)).toEqual([]);
    // Another network with the right hash, as after a mix-up at release: the self-test finds it.
    const swapped = await writeModelFolder(models, tinyHeatmap({ centre: 100 }), { ...heatmapDraft, selfTest: first.suggestedSelfTest! });
    expect((await check(swapped)).join()).toMatch(/self-test: output "heat"\[0\] is .* the manifest says/);
    await expect(openEngineHere(await loadModelSet([models]), options)).rejects.toMatchObject({ code: 'model-self-test-failed' });
  });

  test('a changed file is refused', async () => {
    const folder = await writeModelFolder(models, tinyHeatmap(), heatmapDraft);
    await writeFile(join(folder, 'model.onnx'), tinyHeatmap({ gain: 0.09 }));
    expect((await check(folder)).join()).toMatch(/^sha256: says .* but model\.onnx has/);
    await expect(loadModelSet([models])).rejects.toMatchObject({ code: 'model-hash-mismatch' });
  });

  test.each([
    ['a wrong input name', { input: { ...yoloDraft.input, name: 'image' } }, /input\.name: .*the network's input is called "images"; write "images"/],
    ['a wrong dtype', { input: { ...yoloDraft.input, dtype: 'uint8' as const, range: [0, 255] as const } }, /input\.dtype: is "uint8", the network takes float32; write "float32"/],
    ['a wrong size', { input: { ...yoloDraft.input, width: 640, height: 640 } }, /input: NCHW says \[N, 3, 640, 640\], the network takes \[N, 3, 320, 320\]/],
    ['a wrong layout', { input: { ...yoloDraft.input, layout: 'NHWC' as const } }, /input: NHWC says/],
    ['a wrong output name', { outputs: [{ ...yoloDraft.outputs[0]!, name: 'output1' }] as ModelManifest['outputs'] }, /outputs\[0\]\.name: the network has no float32 output "output1"; its float32 outputs are "output0"/],
    ['an index that is not there', { outputs: [{ ...yoloDraft.outputs[0]!, index: 2 }] as ModelManifest['outputs'] }, /came out as \[1, 6, 100\]; boxes needs/],
  ])('%s is explained', async (_, change, wanted) => {
    const folder = await writeModelFolder(models, tinyYolo(), { ...yoloDraft, ...change });
    expect((await check(folder)).join('\n')).toMatch(wanted);
  });

  test('a hash that is not written yet is said', async () => {
    const onnx = tinyClassifier();
    const folder = await writeModelFolder(models, onnx, { ...classifierDraft, sha256: 'write here what `sha256sum model.onnx` says' });
    expect(await check(folder)).toEqual([expect.stringContaining(`if model.onnx is the network that is meant, write "${createHash('sha256').update(onnx).digest('hex')}"`)]);
  });

  test('a network that answers with no number is refused, and so is one whose scores are no probabilities', async () => {
    const nan = await writeModelFolder(models, tinyClassifier({ bias: Number.NaN }), { ...classifierDraft, name: 'nan' });
    expect(await check(nan)).toEqual([expect.stringMatching(/^outputs\[0\]: came out as "not a number"/)]);
    const bare = await writeModelFolder(models, tinyClassifier({ gain: 1, bias: 5.5 }), { ...classifierDraft, name: 'bare', outputs: [{ ...classifierDraft.outputs[0], activation: 'none' }] as ModelManifest['outputs'] });
    expect(await check(bare)).toEqual([expect.stringMatching(/^outputs\[0\]\.activation: is "none", but the network gives values from -\d.* to \d.*; write "sigmoid", or "softmax"/)]);
  });

  test.each([
    ['a second sigmoid', tinyHeatmap(), { ...heatmapDraft, outputs: [{ ...heatmapDraft.outputs[0], activation: 'sigmoid' }, heatmapDraft.outputs[1]] as ModelManifest['outputs'] }, /^outputs\[0\]\.activation: .*probabilities already\?.*write "none"/],
    ['a mean for 0 to 255 on 0 to 1', tinyClassifier(), { ...classifierDraft, input: { ...classifierDraft.input, mean: [123.7, 116.3, 103.5] } }, /^input\.mean: .*0\.485 belongs to \[0, 1\]/],
    ['a mean for 0 to 1 on 0 to 255', tinyClassifier(), { ...classifierDraft, input: { ...classifierDraft.input, range: [0, 255] as const } }, /^input\.mean: .*belongs to the range \[0, 1\]/],
    ['the same answer to everything', tinyClassifier({ gain: 0 }), classifierDraft, /^outputs\[0\]: is the same for 4 quite different pictures/],
  ])('%s is served, with a word of warning', async (_, onnx, draft, wanted) => {
    const { problems, remarks = [] } = await checkModelFolder(await writeModelFolder(models, onnx, draft), options);
    expect(problems).toEqual([]);
    expect(remarks.map(describeProblem)).toEqual([expect.stringMatching(wanted)]);
  });

  test.each([['classifier', tinyClassifier(), classifierDraft], ['heatmap', tinyHeatmap(), heatmapDraft], ['yolo', tinyYolo(), yoloDraft], ['lung field', tinyLungField(), lungFieldDraft]])('there is nothing to remark on a good %s', async (_, onnx, draft) => {
    expect((await checkModelFolder(await writeModelFolder(models, onnx, draft), options)).remarks).toEqual([]);
  });

  test('a softmax over one label would make every film a case: refused; one on top of another is remarked on', async () => {
    const soft = (index: number): Partial<ModelManifest> => ({ task: 'tuberculosis', outputs: [{ kind: 'scores', name: 'logits', activation: 'softmax', labels: [{ family: 'tuberculosis', index }] }], thresholds: classifierDraft.thresholds.slice(0, 1) });
    const one = await writeModelFolder(models, tinyClassifier({ labels: 1 }), { ...classifierDraft, ...soft(0) });
    expect((await check(one)).join()).toMatch(/came out as \[1, 1\]; scores needs \[N, L\] with at least two labels for a softmax/);
    // gain 0, labels at 0 and 1: 0 + 1 add up to one whatever the picture.
    const twice = await checkModelFolder(await writeModelFolder(models, tinyClassifier({ labels: 2, gain: 0, bias: 0 }), { ...classifierDraft, ...soft(1) }), options);
    expect(twice.remarks?.map(describeProblem).join()).toMatch(/^outputs\[0\]\.activation: is "softmax", .* write "none"/);
    const once = await checkModelFolder(await writeModelFolder(models, tinyClassifier({ labels: 2 }), { ...classifierDraft, ...soft(1) }), options);
    expect(once.remarks?.map(describeProblem).join()).not.toContain('softmax');
  });

  test('boxes in fractions of the picture are remarked on', async () => {
    const place = [0.2, 0.2, 0.5, 0.5];
    const onnx = (scale: number) => writeTinyOnnx({
      inputs: [{ name: 'images', type: 'float32', shape: ['N', 3, 64, 64] }],
      outputs: [{ name: 'boxes', type: 'float32', shape: ['N', 1, 4] }, { name: 'scores', type: 'float32', shape: ['N', 1] }],
      constants: {
        w: { dims: [3, 1], type: 'float32', values: [1 / 3, 1 / 3, 1 / 3] },
        none: { dims: [1, 4], type: 'float32', values: [0, 0, 0, 0] },
        place: { dims: [1, 4], type: 'float32', values: place.map((v) => v * scale) },
        shape: { dims: [3], type: 'int64', values: [0, 1, 4] },
      },
      nodes: [
        { op: 'ReduceMean', inputs: ['images'], outputs: ['mean'], attributes: { axes: [2, 3], keepdims: 0 } },
        { op: 'MatMul', inputs: ['mean', 'w'], outputs: ['scores'] },
        { op: 'MatMul', inputs: ['scores', 'none'], outputs: ['nothing'] },
        { op: 'Add', inputs: ['nothing', 'place'], outputs: ['flat'] },
        { op: 'Reshape', inputs: ['flat', 'shape'], outputs: ['boxes'] },
      ],
    });
    const draft = { ...yoloDraft, input: { ...yoloDraft.input, width: 64, height: 64 }, outputs: [{ kind: 'boxes', format: 'xyxy-score', name: 'boxes', scoresName: 'scores', activation: 'none', family: 'lung nodule', nmsIou: 0.3, maxBoxes: 5, insideLungs: false }] as ModelManifest['outputs'] };
    const remarks = async (scale: number) => (await checkModelFolder(await writeModelFolder(models, onnx(scale), draft), options)).remarks?.map(describeProblem);
    expect(await remarks(1)).toEqual([expect.stringMatching(/^outputs\[0\]\.boxUnit: is pixels, but the largest coordinate is 0\.5: fractions of the picture\?; write "boxUnit": "fractions"$/)]);
    expect(await remarks(64)).toEqual([]);
  });

  test('what is not there, is no JSON or is no network is said so', async () => {
    expect(await check(join(models, 'nowhere'))).toEqual([expect.stringMatching(/^model\.json: is not there/)]);
    const folder = await writeModelFolder(models, Buffer.from('not a network'), heatmapDraft);
    expect((await check(folder)).join()).toMatch(/the network cannot be loaded/);
    await writeFile(join(folder, 'model.json'), '{"schema": ');
    expect((await check(folder)).join()).toMatch(/model\.json: is not JSON/);
    await rm(join(folder, 'model.onnx'));
    await writeModelFolder(models, tinyHeatmap(), { ...heatmapDraft, file: 'elsewhere.onnx' });
    expect((await check(folder)).join()).toMatch(/^elsewhere\.onnx: is not there/);
  });

  test('cuda that is not here is an error of its own, not the model\'s', async () => {
    const folder = await writeModelFolder(models, tinyHeatmap(), heatmapDraft);
    await expect(checkModelFolder(folder, { ...options, provider: { name: 'cuda', deviceId: 0 } })).rejects.toMatchObject({ code: 'provider-unavailable' });
  });
});
