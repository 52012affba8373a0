/**
 * Detectors of every form by manifest alone: the forms of docs/models.md, each as its table has it, find the same boxes as
 * the plain one; and what `models check` says where the manifest means another form than the network has.
 */
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { analyseImage } from '../../src/inference/analyse-image.ts';
import { createBatchRunner } from '../../src/inference/batch-runner.ts';
import { checkModelFolder } from '../../src/inference/check-model.ts';
import type { ModelManifest } from '../../src/inference/manifest-types.ts';
import { openEngineHere } from '../../src/inference/model-engine.ts';
import { describeProblem } from '../../src/inference/model-manifest.ts';
import { loadModelSet } from '../../src/inference/model-set.ts';
import { pictureHere } from '../../src/inference/picture-work.ts';
import { DEFAULT_ELIGIBILITY } from '../../src/study/eligibility.ts';
import type { Finding } from '../../src/study/types.ts';
import { chestHeader, drawChest } from '../inference/drawn-pictures.ts';
import { asFractions, inOrder, tinyDetector } from './tiny-detectors.ts';
import { temporaryFolder, tinyYolo, writeModelFolder, yoloDraft } from './tiny-models.ts';

const options = { provider: { name: 'cpu', deviceId: 0 }, intraOpThreads: 1, batchMax: 1 } as const;
/** Not square, so that a fraction of the width is none of the height, and x is not y. */
const film = drawChest({ width: 900, height: 800, spots: [{ x: 585, y: 355, radius: 70, grey: 250 }, { x: 180, y: 600, radius: 50, grey: 200 }] });
let models: string;

beforeEach(async () => {
  models = await temporaryFolder();
});
afterEach(async () => rm(models, { recursive: true, force: true }));

const write = async (onnx: Buffer, output: object): Promise<string> => writeModelFolder(models, onnx, { ...yoloDraft, outputs: [{ ...yoloDraft.outputs[0], ...output }] as ModelManifest['outputs'] });

async function findingOf(onnx: Buffer, output: object): Promise<Finding | undefined> {
  await write(onnx, output);
  const engine = await openEngineHere(await loadModelSet([models]), options);
  try {
    const outcome = await analyseImage({ picture: pictureHere(film), header: chestHeader, decodePath: 'test' }, createBatchRunner(engine), { eligibility: DEFAULT_ELIGIBILITY });
    if (outcome.kind !== 'scored') throw new Error(JSON.stringify(outcome));
    return outcome.findings[0];
  } finally {
    await engine.close();
  }
}

const plain = { format: 'yolo', name: 'output0' };
const others = { columns: ['four', 0.9, 0] } as const;
/** The networks that docs/models.md names, in its order. Rows of label 0 are as good and must not be seen. */
const documented: readonly Buffer[] = [
  tinyDetector(inOrder.cxcywh, { output0: { columns: ['four', 0, 'score'] } }),
  tinyDetector(inOrder.cxcywh, { output0: { columns: ['four', 'root', 0, 'root'] } }),
  tinyDetector(inOrder.xyxy, { output0: { columns: ['four', 'score', 1], more: others.columns, padding: -1 } }),
  tinyDetector(asFractions(inOrder.cxcywh), { pred_boxes: { columns: ['four'] }, logits: { columns: [-9, 'logit'] } }),
  tinyDetector(asFractions(inOrder.yxyx), {
    detection_boxes: { columns: ['four'], more: ['four'], padding: 0 },
    detection_scores: { columns: ['score'], more: [0.9], padding: 0, shape: 'list' },
    detection_classes: { columns: [1], more: [2], padding: 1, shape: 'list' },
  }),
];
const text = readFileSync(new URL('../../docs/models.md', import.meta.url), 'utf8');
const written = [...text.matchAll(/^\| (.+?) \| `(\{.+\})` \|$/gm)].map(([, network, output]) => [network ?? '', JSON.parse(output ?? '') as object] as const);

describe('the same boxes, whatever the form', () => {
  test('docs/models.md has the forms that are tested here', () => {
    expect(written).toHaveLength(documented.length);
  });

  const onnxOf = (i: number): Buffer => documented[i] ?? Buffer.alloc(0);
  test.each([
    ...written.map(([network, output], i) => [network, onnxOf(i), output] as const),
    ['boxes last, with objectness', tinyDetector(inOrder.cxcywh, { output0: { columns: ['four', 'root', 0, 'root'], shape: 'boxes-last' } }), { ...plain, objectness: true }],
    ['corners in a yolo', tinyDetector(inOrder.xyxy, { output0: { columns: ['four', 0, 'score'], shape: 'boxes-last' } }), { ...plain, boxOrder: 'xyxy' }],
    ['rows without label', tinyDetector(inOrder.xywh, { output0: { columns: ['four', 'score'], padding: 0 } }), { format: 'xyxy-score-label', name: 'output0', boxOrder: 'xywh', index: 0 }],
    ['labels as whole numbers', tinyDetector(inOrder.xyxy, { b: { columns: ['four'], more: ['four'] }, s: { columns: ['score'], more: [0.9], shape: 'list' }, l: { columns: [1], more: [0], shape: 'whole' } }), { format: 'xyxy-score', name: 'b', scoresName: 's', labelsName: 'l' }],
  ] as const)('%s', async (_, onnx, output) => {
    const { problems, remarks } = await checkModelFolder(await write(onnx, output), options);
    expect([problems, remarks]).toEqual([[], []]);
    const found = await findingOf(onnx, output);
    const wanted = await findingOf(tinyYolo(), plain);
    expect(wanted?.boxes.length).toBeGreaterThan(3);
    expect(wanted?.boxes[0]).toMatchObject({ width: 180, height: 180 });
    expect([found?.score, found?.boxes]).toEqual([wanted?.score, wanted?.boxes]);
  });
});

describe('models check', () => {
  const first = { format: 'yolo', name: 'output0', layout: 'boxes-first' };
  const table = (order: keyof typeof inOrder, columns: Parameters<typeof tinyDetector>[1][string]['columns']): Buffer => tinyDetector(inOrder[order], { output0: { columns } });
  const apart = (labels: 'list' | undefined): Buffer => tinyDetector(inOrder.xyxy, { b: { columns: ['four'] }, s: { columns: ['score'], shape: 'list' }, l: { columns: labels === undefined ? [1, 1] : [1], ...(labels === undefined ? {} : { shape: labels }) } });

  test.each([
    ['boxes first, not said', table('cxcywh', ['four', 0, 'score']), plain, /outputs\[0\]\.name: "output0" came out as \[1, 100, 6\]; boxes needs \[N, 4 \+ L, A\] with A boxes of at least 6 numbers \(the other way round\? \[N, A, 4 \+ L\] is "layout": "boxes-first"\)/],
    ['boxes last, said to be first', tinyYolo(), first, /\[1, 6, 100\]; boxes needs \[N, A, 4 \+ L\] .*"layout": "boxes-last"/],
    ['an objectness with no label left', table('cxcywh', ['four', 0, 'score']), { ...first, objectness: true }, /\[N, A, 5 \+ L\] with A boxes of at least 7 numbers/],
    ['a label that rows without one cannot have', table('xyxy', ['four', 'score']), { format: 'xyxy-score-label', name: 'output0' }, /\[N, K, 6\]: four numbers, score, label, of which 1 is used/],
    ['labels that are no output', apart('list'), { format: 'xyxy-score', name: 'b', scoresName: 's', labelsName: 'classes' }, /outputs\[0\]\.labelsName: the network has no float32 output "classes"/],
    ['labels that are no list', apart(undefined), { format: 'xyxy-score', name: 'b', scoresName: 's', labelsName: 'l' }, /outputs\[0\]\.labelsName: "l" came out as \[1, 100, 2\]; boxes needs labels \[N, A\]/],
    ['scores in a list, and a label', apart('list'), { format: 'xyxy-score', name: 'b', scoresName: 's' }, /with \[N, A\] the label of each box is an output of its own: "labelsName"/],
    ['label before score', table('xyxy', ['four', 1, 'score']), { format: 'xyxy-score-label', name: 'output0' }, /^outputs\[0\]: gives 0\.\d+ as a label; the order is four numbers, score, label/],
  ])('refuses %s', async (_, onnx, output, wanted) => {
    const { problems } = await checkModelFolder(await write(onnx, output), options);
    expect(problems.map(describeProblem)).toEqual([expect.stringMatching(wanted)]);
  });

  test.each([
    ['pixels read as fractions', table('cxcywh', ['four', 0, 'score']), { ...first, boxUnit: 'fractions' }, /^outputs\[0\]\.boxUnit: is "fractions", but the largest coordinate is 304: pixels\?/],
    ['centre and size read as corners', table('cxcywh', ['four', 'score', 1]), { format: 'xyxy-score-label', name: 'output0' }, /^outputs\[0\]\.boxOrder: \d+ of \d+ boxes have no width or no height/],
    ['labels that begin with 1', table('xyxy', ['four', 'score', 1]), { format: 'xyxy-score-label', name: 'output0', index: 0 }, /^outputs\[0\]\.index: is 0, but no box .* \(they have 1\)/],
  ])('remarks on %s', async (_, onnx, output, wanted) => {
    const { problems, remarks = [] } = await checkModelFolder(await write(onnx, output), options);
    expect(problems).toEqual([]);
    expect(remarks.map(describeProblem)).toEqual([expect.stringMatching(wanted)]);
  });
});
