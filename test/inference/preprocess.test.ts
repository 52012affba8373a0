/** The one preprocessing: area resize against sums by hand, window, layouts, placement, and what must not change it. */
import { describe, expect, it } from 'vitest';
import { resizeRegion } from '../../src/inference/area-resize.ts';
import type { GrayImage } from '../../src/inference/gray-image.ts';
import type { ManifestInput } from '../../src/inference/manifest-types.ts';
import { preprocess, wholeFrame } from '../../src/inference/preprocess.ts';

const INPUT: ManifestInput = { name: 'image', dtype: 'uint8', layout: 'NCHW', height: 8, width: 8, channels: 1, range: [0, 255], crop: 'whole', fit: 'stretch' };

function picture(width: number, height: number, at: (x: number, y: number) => number, maxValue = 255): GrayImage {
  const pixels = maxValue > 255 ? new Uint16Array(width * height) : new Uint8Array(width * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) pixels[y * width + x] = at(x, y);
  return { width, height, pixels, maxValue };
}

/** Smooth, no two rows alike, 0–255. */
const hills = (u: number, v: number): number => 127 + 60 * Math.sin(6 * u + 2 * v) + 60 * Math.cos(7 * v);

/** The mean over a box by brute force: 16 sub-samples per source pixel. */
function boxMean(image: GrayImage, left: number, top: number, width: number, height: number): number {
  let sum = 0;
  let count = 0;
  for (let y = top + 1 / 32; y < top + height; y += 1 / 16) {
    for (let x = left + 1 / 32; x < left + width; x += 1 / 16) {
      sum += image.pixels[Math.floor(y) * image.width + Math.floor(x)]!;
      count++;
    }
  }
  return sum / count;
}

describe('resizeRegion', () => {
  it('averages areas, fractions of pixels included', () => {
    const image = picture(13, 11, (x, y) => (x * 37 + y * 91) % 256);
    const region = { x: 1.25, y: 0.5, width: 10, height: 9.75 };
    const grid = resizeRegion(image, region, 4, 3);
    for (let y = 0; y < 3; y++) {
      for (let x = 0; x < 4; x++) {
        const expected = boxMean(image, region.x + x * 2.5, region.y + y * 3.25, 2.5, 3.25);
        expect(grid.values[y * 4 + x]).toBeCloseTo(expected, 1);
      }
    }
  });

  it('leaves the same size as it is and interpolates linearly when enlarging', () => {
    const image = picture(4, 1, (x) => x * 10);
    expect([...resizeRegion(image, wholeFrame(image), 4, 1).values]).toEqual([0, 10, 20, 30]);
    // Centres of the doubled grid lie a quarter of a pixel beside the source's.
    expect([...resizeRegion(image, wholeFrame(image), 8, 1).values]).toEqual([0, 2.5, 7.5, 12.5, 17.5, 22.5, 27.5, 30]);
  });

  it('marks cells outside the frame as uncovered', () => {
    const image = picture(4, 4, () => 200);
    const grid = resizeRegion(image, { x: -4, y: 0, width: 8, height: 4 }, 8, 4);
    expect(grid.columns).toEqual([4, 8]);
    expect([...grid.values.subarray(0, 8)]).toEqual([0, 0, 0, 0, 200, 200, 200, 200]);
    expect(resizeRegion(image, { x: 9, y: 9, width: 3, height: 3 }, 2, 2).columns[0]).toBe(resizeRegion(image, { x: 9, y: 9, width: 3, height: 3 }, 2, 2).columns[1]);
  });
});

describe('preprocess', () => {
  it('stretches the central percentiles to the whole range', () => {
    const { tensor, dims } = preprocess(picture(80, 80, (x) => 100 + x / 2), INPUT, wholeFrame({ width: 80, height: 80 }));
    expect(dims).toEqual([1, 1, 8, 8]);
    // Borders lie beyond the central 80 % and clip.
    expect(tensor[0]).toBe(0);
    expect(tensor[7]).toBe(255);
    for (let x = 1; x < 8; x++) expect(tensor[x]!).toBeGreaterThanOrEqual(tensor[x - 1]!);
  });

  it.each([0, 77, 255])('makes a constant picture black, not noise (%i)', (value) => {
    const { tensor } = preprocess(picture(33, 21, () => value), INPUT, wholeFrame({ width: 33, height: 21 }));
    expect(new Set(tensor)).toEqual(new Set([0]));
  });

  it('survives a picture of one pixel and a region that misses the frame', () => {
    expect(preprocess(picture(1, 1, () => 9), INPUT, { x: 0, y: 0, width: 1, height: 1 }).tensor.length).toBe(64);
    expect(new Set(preprocess(picture(4, 4, (x) => x), INPUT, { x: 50, y: 50, width: 3, height: 3 }).tensor)).toEqual(new Set([0]));
  });

  it('gives the same tensor for 8, 12 and 16 bits and for half the resolution', () => {
    const input = { ...INPUT, width: 32, height: 32 };
    const at = (size: number, scale: number, maxValue: number) => {
      const image = picture(size, size, (x, y) => Math.round(hills((x + 0.5) / size, (y + 0.5) / size) * scale), maxValue);
      return preprocess(image, input, wholeFrame(image)).tensor;
    };
    const reference = at(256, 1, 255);
    for (const other of [at(256, 16, 4095), at(256, 257, 65_535), at(128, 1, 255)]) {
      const worst = [...other].reduce((max: number, value: number, i: number) => Math.max(max, Math.abs(value - reference[i]!)), 0);
      expect(worst).toBeLessThanOrEqual(2);
    }
  });

  it('does not change with brightness, contrast or a bright label at the edge', () => {
    const film = (gain: number, offset: number, label: boolean) => picture(200, 200, (x, y) => (label && x < 18 && y < 18 ? 255 : hills(x / 200, y / 200) * gain + offset));
    const input = { ...INPUT, width: 64, height: 64 };
    const reference = preprocess(film(0.5, 20, false), input, wholeFrame({ width: 200, height: 200 })).tensor;
    const brighter = preprocess(film(0.7, 50, true), input, wholeFrame({ width: 200, height: 200 })).tensor;
    let worst = 0;
    for (let i = 0; i < reference.length; i++) if (i % 64 > 8 || i > 64 * 8) worst = Math.max(worst, Math.abs(reference[i]! - brighter[i]!));
    expect(worst).toBeLessThanOrEqual(4);
  });

  it('pads a letterbox with black and places it', () => {
    const image = picture(40, 20, (x, y) => 50 + x + y);
    const { tensor, placement } = preprocess(image, { ...INPUT, fit: 'letterbox' }, wholeFrame(image));
    expect([...tensor.subarray(0, 16)]).toEqual(Array(16).fill(0));
    expect([...tensor.subarray(48, 64)]).toEqual(Array(16).fill(0));
    expect(Math.max(...tensor.subarray(16, 48))).toBe(255);
    expect(placement).toEqual({ originX: 0, originY: -10, scaleX: 5, scaleY: 5 });
  });

  it('orders float tensors as the manifest says', () => {
    const image = picture(16, 16, (x, y) => x * 8 + y * 4);
    const input: ManifestInput = { ...INPUT, dtype: 'float32', channels: 3, range: [0, 1], mean: [0.5, 0.4, 0.3], std: [0.25, 0.5, 1] };
    const planar = preprocess(image, input, wholeFrame(image)).tensor;
    const interleaved = preprocess(image, { ...input, layout: 'NHWC' }, wholeFrame(image));
    expect(interleaved.dims).toEqual([1, 8, 8, 3]);
    for (let i = 0; i < 64; i++) {
      const grey = planar[i]! * 0.25 + 0.5;
      expect(planar[64 + i]).toBeCloseTo((grey - 0.4) / 0.5, 5);
      for (let c = 0; c < 3; c++) expect(interleaved.tensor[i * 3 + c]).toBeCloseTo(planar[c * 64 + i]!, 5);
    }
    expect(Math.min(...planar.subarray(0, 64))).toBeCloseTo(-2, 5);
    expect(Math.max(...planar.subarray(0, 64))).toBeCloseTo(2, 5);
    const signed = preprocess(image, { ...INPUT, dtype: 'float32', range: [-1024, 1024] }, wholeFrame(image)).tensor;
    expect([Math.min(...signed), Math.max(...signed)]).toEqual([-1024, 1024]);
  });

  it('keeps the finer steps of uint16', () => {
    const image = picture(64, 64, (x, y) => x * 500 + y * 3, 65_535);
    const { tensor } = preprocess(image, { ...INPUT, dtype: 'uint16', range: [0, 65_535], width: 64, height: 64 }, wholeFrame(image));
    expect(new Set(tensor).size).toBeGreaterThan(1000);
  });
});
