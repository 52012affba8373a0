import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rm } from 'node:fs/promises';
import { analyseImage } from '../../src/inference/analyse-image.ts';
import { createBatchRunner } from '../../src/inference/batch-runner.ts';
import type { BatchRunner } from '../../src/inference/batch-runner.ts';
import type { GrayImage } from '../../src/inference/gray-image.ts';
import { openEngineHere } from '../../src/inference/model-engine.ts';
import { loadModelSet } from '../../src/inference/model-set.ts';
import { pictureHere } from '../../src/inference/picture-work.ts';
import { DEFAULT_ELIGIBILITY } from '../../src/study/eligibility.ts';
import type { AnalysisOutcome, InstanceHeader } from '../../src/study/types.ts';
import { temporaryFolder, writeTinySite } from '../models/tiny-models.ts';
import { chestHeader, drawChest } from './drawn-pictures.ts';

let folder: string;
let runner: BatchRunner;

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeTinySite(folder);
  const engine = await openEngineHere(await loadModelSet([folder]), { provider: { name: 'cpu', deviceId: 0 }, intraOpThreads: 1, batchMax: 4 });
  runner = createBatchRunner(engine);
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

const analyse = async (image: GrayImage, header: InstanceHeader = chestHeader): Promise<AnalysisOutcome> =>
  analyseImage({ picture: pictureHere(image), header, decodePath: 'test' }, runner, { eligibility: DEFAULT_ELIGIBILITY });

function scored(outcome: AnalysisOutcome) {
  if (outcome.kind !== 'scored') throw new Error(`expected scores, got ${JSON.stringify(outcome)}`);
  return outcome;
}

describe('analyseImage', () => {
  test('a bright spot is found, and region and boxes point at it in pixels of the picture', async () => {
    const spot = { x: 585, y: 355, radius: 70, grey: 250 };
    const outcome = scored(await analyse(drawChest({ width: 900, height: 800, spots: [spot] })));
    const tb = outcome.findings.find((f) => f.family === 'tuberculosis');
    const nodule = outcome.findings.find((f) => f.family === 'lung nodule');
    expect(tb?.flagged).toBe(true);
    expect(nodule?.flagged).toBe(true);
    const best = nodule?.boxes[0];
    expect(Math.abs((best?.x ?? 0) + (best?.width ?? 0) / 2 - spot.x)).toBeLessThan(60);
    expect(Math.abs((best?.y ?? 0) + (best?.height ?? 0) / 2 - spot.y)).toBeLessThan(60);
    const holds = (polygon: readonly (readonly [number, number])[]): boolean => {
      const xs = polygon.map(([x]) => x);
      const ys = polygon.map(([, y]) => y);
      return Math.min(...xs) < spot.x && Math.max(...xs) > spot.x && Math.min(...ys) < spot.y && Math.max(...ys) > spot.y;
    };
    expect(tb?.region.some(holds)).toBe(true);
    expect(outcome.image).toEqual({ rows: 800, columns: 900 });
    expect(outcome.models.map((m) => m.name)).toEqual(['tiny-lung-field', 'tiny-heatmap', 'tiny-yolo']);
    expect(outcome.timings.totalMs).toBeGreaterThan(0);
  });

  test('many at once give the same as one by one', async () => {
    const pictures = Array.from({ length: 7 }, (_, i) => drawChest({ width: 400 + 10 * i, spots: [{ x: 130, y: 200 + 20 * i, radius: 10 + 3 * i, grey: 200 }] }));
    const alone = [];
    for (const picture of pictures) alone.push(scored(await analyse(picture)).findings);
    const together = await Promise.all(pictures.map(async (p) => scored(await analyse(p)).findings));
    expect(together).toEqual(alone);
  });

  test('a tensor that several models ask for is made once, and each gets all of it', async () => {
    const spots = [{ x: 150, y: 250, radius: 30, grey: 220 }];
    const picture = pictureHere(drawChest({ spots }));
    const asked: string[] = [];
    const counted = { ...picture, prepare: async (...[input, region]: Parameters<typeof picture.prepare>) => (asked.push(JSON.stringify([input, region])), picture.prepare(input, region)) };
    // The same models twice, the second time under another name for the tensor.
    const named = runner.models.map((m) => ({ ...m, manifest: { ...m.manifest, input: { ...m.manifest.input, name: 'other' } } }));
    const twice: BatchRunner = { ...runner, models: [...runner.models, ...named], predict: (model, tensor) => runner.predict(model % runner.models.length, tensor) };
    const outcome = scored(await analyseImage({ picture: counted, header: chestHeader, decodePath: 'test' }, twice, { eligibility: DEFAULT_ELIGIBILITY }));
    const findings = runner.models.length - 1;
    expect(outcome.findings).toHaveLength(2 * findings);
    expect(outcome.findings.slice(findings)).toEqual(outcome.findings.slice(0, findings));
    expect(asked).toHaveLength(runner.models.length); // the lungs', and one for each of the two sizes
    expect(new Set(asked).size).toBe(asked.length);
  });

  test('12 bits give the same scores as 8 bits of the same film', async () => {
    const spots = [{ x: 150, y: 250, radius: 30, grey: 220 }];
    const eight = scored(await analyse(drawChest({ spots })));
    const twelve = scored(await analyse(drawChest({ spots, maxValue: 4095 })));
    for (const [i, finding] of eight.findings.entries()) expect(Math.abs(finding.score - (twelve.findings[i]?.score ?? -1))).toBeLessThan(2);
  });

  test('a child is not asked about by the model that is for adults, and the other model still is', async () => {
    const outcome = scored(await analyse(drawChest(), { ...chestHeader, patientAgeYears: 9 }));
    expect(outcome.findings.map((f) => f.family)).toEqual(['lung nodule']);
    expect(outcome.notAssessed).toEqual([{ family: 'tuberculosis', reason: { code: 'age-below-minimum', text: 'patient is under 15' } }]);
  });

  test('what no model may read gets its reason: wrong modality, wrong pixels, blank', async () => {
    expect(await analyse(drawChest(), { ...chestHeader, modality: 'CT', sopClassUid: '1.2.840.10008.5.1.4.1.1.2' })).toMatchObject({ kind: 'ineligible', reason: { code: 'modality' } });
    const square = drawChest();
    for (let i = 0; i < square.pixels.length; i += 1) square.pixels[i] = Math.abs((i % 512) - 256) < 30 && Math.abs(i / 512 - 256) < 30 ? 255 : 0;
    expect(await analyse(square)).toMatchObject({ kind: 'ineligible', reason: { code: 'pixels-not-frontal-chest' } });
    const blank = drawChest();
    blank.pixels.fill(77);
    expect(await analyse(blank)).toMatchObject({ kind: 'unreadable', reason: { code: 'pixels-blank' } });
  });

  test('millimetres only where spacing is known, and said to be at the detector where they are', async () => {
    const image = drawChest({ spots: [{ x: 350, y: 250, radius: 30, grey: 250 }] });
    const nodule = async (extra: Partial<GrayImage>) => scored(await analyse({ ...image, ...extra })).findings.find((f) => f.family === 'lung nodule');
    expect(await nodule({})).not.toHaveProperty('longAxisMm');
    expect(await nodule({ spacingMm: [0, 0.2] })).not.toHaveProperty('longAxisMm');
    const known = await nodule({ spacingMm: [0.2, 0.2] });
    expect(known?.longAxisMm).toBeCloseTo(Math.max(known?.boxes[0]?.width ?? 0, known?.boxes[0]?.height ?? 0) * 0.2, 0);
    expect(known).not.toHaveProperty('longAxisAtDetector');
    expect(await nodule({ spacingMm: [0.2, 0.2], spacingAtDetector: true })).toMatchObject({ longAxisAtDetector: true });
  });
});
