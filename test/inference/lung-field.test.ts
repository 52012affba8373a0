/** From a mask to lungs, crop and verdict: drawn masks, known boxes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLungs } from '../../src/inference/analyse-image.ts';
import { cropRegion, insideLungs, judgeFrontal, lungRegion } from '../../src/inference/lung-field.ts';
import type { ManifestInput, ModelManifest } from '../../src/inference/manifest-types.ts';
import { lungFieldDraft } from '../models/tiny-models.ts';

const INPUT: ManifestInput = { name: 'image', dtype: 'uint8', layout: 'NCHW', height: 64, width: 64, channels: 1, range: [0, 255], crop: 'lung', fit: 'stretch' };
/** A 40 × 40 mask over a film of 400 × 800 pixels. */
const FILM = { width: 400, height: 800 };
const PLACEMENT = { originX: 0, originY: 0, scaleX: 10, scaleY: 20 };

function maskOf(...boxes: readonly (readonly [left: number, top: number, right: number, bottom: number])[]): Float32Array {
  const mask = new Float32Array(1600).fill(0.1);
  for (const [left, top, right, bottom] of boxes) for (let y = top; y < bottom; y++) mask.fill(0.9, y * 40 + left, y * 40 + right);
  return mask;
}

const find = (mask: Float32Array) => lungRegion(mask, 40, 40, PLACEMENT);

describe('lungRegion', () => {
  it('keeps the two largest components and maps them to the film', () => {
    const field = find(maskOf([5, 8, 16, 30], [22, 8, 34, 30], [36, 36, 39, 39], [0, 0, 2, 2]));
    expect(field.maskBoxes).toEqual([
      { x: 220, y: 160, width: 120, height: 440 },
      { x: 50, y: 160, width: 110, height: 440 },
    ]);
    // Rectangles hold more of their area at their edges than lungs do: their box comes out wider, by two cells at most.
    const { x, y, width, height } = field.region!;
    for (const beyond of [50 - x, x + width - 340]) expect(beyond > 0 && beyond < 10).toBe(true);
    for (const beyond of [160 - y, y + height - 600]) expect(beyond > 0 && beyond < 40).toBe(true);
    expect(field.mask[37 * 40 + 37]).toBe(0);
    expect(field.areaFraction).toBeCloseTo((11 * 22 + 12 * 22) / 1600);
  });

  it('moves by less than half a cell for a row of outermost cells, and not at all for what is no lung', () => {
    const lungs = [[5, 8, 16, 30], [22, 8, 34, 30]] as const;
    const before = find(maskOf(...lungs)).region!;
    const spur = find(maskOf(...lungs, [4, 15, 5, 18])).region!;
    expect(Math.abs(spur.x - before.x)).toBeLessThan(5);
    expect(Math.abs(spur.width - before.width)).toBeLessThan(5);
    expect(find(maskOf(...lungs, [36, 0, 39, 3])).region).toEqual(before);
  });

  it('stays on the grid and around the lungs, whatever the mask', () => {
    fc.assert(
      fc.property(fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: 1600, maxLength: 1600 }), (cells) => {
        const { region } = find(Float32Array.from(cells));
        if (region === undefined) return;
        expect(Math.min(region.x, region.y, 400 - region.x - region.width, 800 - region.y - region.height)).toBeGreaterThanOrEqual(-1e-9);
        expect(Math.min(region.width, region.height)).toBeGreaterThan(0);
      }),
      { numRuns: 30 },
    );
  });

  it('takes no gas bubble for the second lung', () => {
    expect(find(maskOf([5, 8, 20, 30], [28, 32, 31, 35])).maskBoxes).toHaveLength(1);
  });

  it('believes no speck and no sliver', () => {
    expect(find(new Float32Array(1600)).region).toBeUndefined();
    expect(find(maskOf([10, 10, 15, 15])).region).toBeUndefined();
    expect(find(maskOf([2, 10, 38, 13])).region).toBeUndefined();
    expect(find(new Float32Array(1600).fill(Number.NaN)).region).toBeUndefined();
  });

  it('separates diagonal neighbours and fills what touches', () => {
    expect(find(maskOf([5, 5, 20, 20], [20, 20, 35, 35])).maskBoxes).toHaveLength(2);
    expect(find(maskOf([5, 5, 20, 20], [19, 19, 35, 35])).maskBoxes).toHaveLength(1);
  });
});

describe('cropRegion', () => {
  const field = find(maskOf([5, 8, 16, 30], [22, 8, 34, 30]));

  it('adds the margin and stays on the film', () => {
    const crop = cropRegion(field, FILM, { ...INPUT, cropMargin: 0.1 });
    const lungs = field.region!;
    expect(crop.x).toBeCloseTo(lungs.x - 0.1 * lungs.width);
    expect(crop.y).toBeCloseTo(lungs.y - 0.1 * lungs.height);
    expect(crop.width).toBeCloseTo(1.2 * lungs.width);
    expect(crop.height).toBeCloseTo(1.2 * lungs.height);
    const wide = cropRegion(field, FILM, { ...INPUT, cropMargin: 2 });
    expect(wide).toEqual({ x: 0, y: 0, width: 400, height: 800 });
  });

  it('shows the whole film when it is asked to, or when no lungs were found', () => {
    const whole = { x: 0, y: 0, width: 400, height: 800 };
    expect(cropRegion(field, FILM, { ...INPUT, crop: 'whole' })).toEqual(whole);
    expect(cropRegion(find(maskOf()), FILM, INPUT)).toEqual(whole);
    expect(cropRegion(undefined, FILM, INPUT)).toEqual(whole);
  });
});

describe('judgeFrontal', () => {
  const field = find(maskOf([5, 8, 16, 30], [22, 8, 34, 30]));

  it('needs the network and the lungs', () => {
    expect(judgeFrontal(0.6, 0.5, field)).toEqual({ frontal: true, probability: 0.6 });
    expect(judgeFrontal(0.4, 0.5, field)).toMatchObject({ frontal: false, reason: 'not-a-frontal-chest' });
    expect(judgeFrontal(0.9, 0.5, find(maskOf()))).toMatchObject({ frontal: false, reason: 'no-lungs-found' });
    expect(judgeFrontal(Number.NaN, 0.5, field).frontal).toBe(false);
  });
});

it('fails where the lung-field network gives no number: the film is not called "no chest" and forgotten', () => {
  const read = (cell: number, frontal: number) => readLungs(lungFieldDraft as ModelManifest, { outputs: { mask: { data: new Float32Array(1600).fill(cell), dims: [1, 1, 40, 40] }, frontal: { data: Float32Array.of(frontal), dims: [1, 1] } }, at: 0 }, PLACEMENT);
  expect(read(-9, 0.1).verdict).toBe('other');
  expect(() => read(-9, Number.NaN)).toThrow(expect.objectContaining({ code: 'model-output-invalid' }));
  expect(() => read(Number.NaN, 0.9)).toThrow(/gave a "mask" that is no number/);
});

describe('insideLungs', () => {
  const field = find(maskOf([5, 8, 16, 30], [22, 8, 34, 30]));

  it('asks the mask in pixels of the film, with reach', () => {
    expect(insideLungs(field, 100, 400)).toBe(true);
    expect(insideLungs(field, 190, 400)).toBe(false);
    expect(insideLungs(field, 175, 400, 2)).toBe(true);
    expect(insideLungs(field, -50, -50, 1)).toBe(false);
  });
});
