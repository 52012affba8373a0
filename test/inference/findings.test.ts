import { describe, expect, test } from 'vitest';
import { composeFindings } from '../../src/inference/findings.ts';
import type { FindingsInput } from '../../src/inference/findings.ts';
import type { LungField } from '../../src/inference/lung-field.ts';
import type { ModelManifest } from '../../src/inference/manifest-types.ts';
import type { JudgingThreshold } from '../../src/study/site-threshold.ts';
import { heatmapDraft, yoloDraft } from '../models/tiny-models.ts';

const picture = { width: 1000, height: 1000, maxValue: 255 };
/** The network saw the whole film, 320 input pixels for 1000. */
const placement = { originX: 0, originY: 0, scaleX: 1000 / 320, scaleY: 1000 / 320 };
const reference = { name: 'm', version: '1', sha256: 'f'.repeat(64) };
const yolo = (change: object = {}): ModelManifest => ({ ...yoloDraft, sha256: 'e'.repeat(64), outputs: [{ ...yoloDraft.outputs[0], index: 0, ...change }] }) as ModelManifest;

/** Boxes of 32 × 32 input pixels (100 × 100 on the film) at these centres, as [N, 5, A]. */
function detections(boxes: readonly { readonly x: number; readonly y: number; readonly p: number }[]) {
  const rows = [boxes.map((b) => b.x), boxes.map((b) => b.y), boxes.map(() => 32), boxes.map(() => 32), boxes.map((b) => b.p)];
  return { outputs: { output0: { data: Float32Array.from(rows.flat()), dims: [1, 5, boxes.length] } }, at: 0 };
}
const compose = (manifest: ModelManifest, prediction: FindingsInput['prediction'], more: Partial<FindingsInput> = {}) => composeFindings({ manifest, reference, prediction, placement, picture, lungField: undefined, ...more });

/** Left half is lung, on a 10 × 10 grid over the film. */
const leftHalf: LungField = {
  mask: Uint8Array.from({ length: 100 }, (_, i) => (i % 10 < 5 ? 1 : 0)),
  width: 10, height: 10, placement: { originX: 0, originY: 0, scaleX: 100, scaleY: 100 },
  maskBoxes: [], region: { x: 0, y: 0, width: 500, height: 1000 }, areaFraction: 0.5,
};

describe('composeFindings', () => {
  test('only boxes in or near the lungs count where the manifest says so', () => {
    const boxes = detections([{ x: 288, y: 160, p: 0.9 }, { x: 64, y: 160, p: 0.6 }]);
    const [gated] = compose(yolo({ insideLungs: true }), boxes, { lungField: leftHalf });
    expect(gated?.boxes.map((b) => b.score)).toEqual([60]);
    expect(gated?.score).toBe(60);
    const [free] = compose(yolo(), boxes, { lungField: leftHalf });
    expect(free?.boxes.map((b) => b.score)).toEqual([90, 60]);
    // Lungs that were not found hide nothing.
    const [without] = compose(yolo({ insideLungs: true }), boxes, { lungField: { ...leftHalf, region: undefined } });
    expect(without?.boxes).toHaveLength(2);
  });

  test('a flagged box has its outline as region; below the threshold boxes stay, without a region', () => {
    const [flagged] = compose(yolo(), detections([{ x: 160, y: 160, p: 0.8 }, { x: 64, y: 64, p: 0.2 }]));
    expect(flagged).toMatchObject({ flagged: true, score: 80, boxes: [{ x: 450, y: 450, width: 100, height: 100, score: 80 }, { score: 20 }], region: [[[450, 450], [550, 450], [550, 550], [450, 550]]] });
    const [quiet] = compose(yolo(), detections([{ x: 160, y: 160, p: 0.3 }]));
    expect(quiet).toMatchObject({ flagged: false, score: 30, region: [] });
    expect(quiet?.boxes).toHaveLength(1);
  });

  test('several doubtful boxes together flag a picture; the best of them is its place', () => {
    const [together] = compose(yolo({ imageScoreBoxes: 2 }), detections([{ x: 160, y: 160, p: 0.4 }, { x: 64, y: 64, p: 0.3 }, { x: 288, y: 64, p: 0.2 }]));
    expect(together).toMatchObject({ flagged: true, score: 58, boxes: [{ score: 40 }, { score: 30 }, { score: 20 }], region: [[[450, 450], [550, 450], [550, 550], [450, 550]]] });
  });

  test('nothing detected is a score of zero; the threshold itself flags', () => {
    expect(compose(yolo(), detections([{ x: 1, y: 1, p: 0 }]))[0]).toMatchObject({ score: 0, flagged: false, boxes: [] });
    expect(compose(yolo(), detections([{ x: 160, y: 160, p: 0.5 }]))[0]).toMatchObject({ score: 50, flagged: true });
  });

  test('a box that hangs over the film\'s edge is cut there', () => {
    expect(compose(yolo(), detections([{ x: 0, y: 320, p: 0.9 }]))[0]?.boxes[0]).toMatchObject({ x: 0, y: 950, width: 50, height: 50 });
  });

  test('a site\'s own threshold stands in for the manifest\'s', () => {
    const own = { id: 'site-1', family: 'lung nodule', modelSha256: yolo().sha256, threshold: 20, origin: 'our films', group: 'F' } as const;
    const judgedBy = (...thresholds: JudgingThreshold[]) => compose(yolo(), detections([{ x: 160, y: 160, p: 0.3 }]), { thresholds })[0];
    expect(judgedBy(own)).toMatchObject({ threshold: 20, flagged: true, siteThreshold: { id: 'site-1', origin: 'our films', group: 'F' } });
    // Chosen for another file, or for another family: not for this.
    for (const other of [{ ...own, modelSha256: 'd'.repeat(64) }, { ...own, family: 'tuberculosis' as const }]) {
      expect(judgedBy(other)).toMatchObject({ flagged: false });
      expect(judgedBy(other)?.siteThreshold).toBeUndefined();
    }
  });

  test('a score that is no number is a failure, not a low score', () => {
    const prediction = { outputs: { score: { data: Float32Array.of(Number.NaN), dims: [1, 1] }, heat: { data: new Float32Array(4), dims: [1, 1, 2, 2] } }, at: 0 };
    expect(() => compose(heatmapDraft as ModelManifest, prediction)).toThrow(expect.objectContaining({ code: 'model-output-invalid' }));
  });

  test('a detector whose numbers are none has no score either, and no zero', () => {
    const good = { x: 160, y: 160, p: 0.3 };
    for (const bad of [{ ...good, p: Number.NaN }, { ...good, x: Number.NaN }, { ...good, p: -3 }, { ...good, p: 3 }]) {
      expect(() => compose(yolo(), detections([good, bad]))).toThrow(expect.objectContaining({ code: 'model-output-invalid' }));
    }
    // Nobody needs the place of what is no candidate.
    expect(compose(yolo(), detections([good, { x: Number.NaN, y: 1, p: 0 }]))[0]?.score).toBe(30);
    const center = yolo({ format: 'center-heatmap', name: 'heat', sizeName: 'size' });
    const size = { data: new Float32Array(8).fill(9), dims: [1, 2, 2, 2] };
    const heat = (...cells: number[]) => ({ outputs: { heat: { data: Float32Array.of(...cells), dims: [1, 1, 2, 2] }, size }, at: 0 });
    expect(compose(center, heat(0.1, 0.2, 0.4, 0.1))[0]?.score).toBe(40);
    expect(() => compose(center, heat(0.1, 0.2, 0.4, Number.NaN))).toThrow(expect.objectContaining({ code: 'model-output-invalid' }));
    const corners = yolo({ format: 'xyxy-score', name: 'boxes', scoresName: 'scores', index: 1 });
    const scored = (...values: number[]) => ({ outputs: { boxes: { data: Float32Array.of(1, 1, 9, 9, 1, 1, 9, 9), dims: [1, 2, 4] }, scores: { data: Float32Array.of(...values), dims: [1, 2, 2] } }, at: 0 });
    expect(compose(corners, scored(Number.NaN, 0.2, Number.NaN, 0.6))[0]?.score).toBe(60);
    expect(() => compose(corners, scored(0, 0.2, 0, Number.NaN))).toThrow(/gave a score that is no number/);
  });

  test('a logit that nobody activated is no low score', () => {
    const prediction = (score: number) => ({ outputs: { score: { data: Float32Array.of(score), dims: [1, 1] }, heat: { data: new Float32Array(4), dims: [1, 1, 2, 2] } }, at: 0 });
    expect(() => compose(heatmapDraft as ModelManifest, prediction(-2.5))).toThrow(/no probability \(-2\.50\): see "activation"/);
    expect(() => compose(heatmapDraft as ModelManifest, prediction(1.5))).toThrow(expect.objectContaining({ code: 'model-output-invalid' }));
    expect(compose(heatmapDraft as ModelManifest, prediction(1.001))[0]?.score).toBe(100);
  });

  test('with a heatmap alone the hottest cell is the score', () => {
    const manifest = { ...heatmapDraft, calibration: undefined, outputs: [heatmapDraft.outputs[1]] } as unknown as ModelManifest;
    const prediction = { outputs: { heat: { data: Float32Array.of(-9, -9, 1.3863, -9), dims: [1, 1, 2, 2] } }, at: 0 };
    expect(compose(manifest, prediction)[0]?.score).toBe(80);
  });
});
