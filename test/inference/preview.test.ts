import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { encodePreview, PREVIEW_BYTES_MAX } from '../../src/inference/preview.ts';
import { isBlank, renderPreview } from '../../src/inference/preview-pixels.ts';
import { drawChest } from './drawn-pictures.ts';

describe('preview', () => {
  test('at most 1024 pixels long, a grey JPEG, and a 16-bit film keeps its greys', async () => {
    const film = drawChest({ width: 2500, height: 3056, maxValue: 4095 });
    const jpeg = await encodePreview(renderPreview(film));
    expect((await sharp(jpeg).metadata()).channels).toBe(1);
    const { data, info } = await sharp(jpeg).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
    expect(Math.max(info.width, info.height)).toBeLessThanOrEqual(1024);
    expect(Math.max(info.width, info.height)).toBeGreaterThan(500);
    expect(new Set(data).size).toBeGreaterThan(100);
    expect(info.width / info.height).toBeCloseTo(2500 / 3056, 2);
  });

  test('eight bits and twelve bits of one film look the same', () => {
    const a = renderPreview(drawChest({ width: 900, height: 700 })).grey;
    const b = renderPreview(drawChest({ width: 900, height: 700, maxValue: 4095 })).grey;
    const worst = a.reduce((most, v, i) => Math.max(most, Math.abs(v - (b[i] ?? 0))), 0);
    expect(worst).toBeLessThanOrEqual(3);
  });

  test('pixels that are not square are made square', () => {
    const film = drawChest({ width: 400, height: 400 });
    expect(renderPreview({ ...film, spacingMm: [0.4, 0.2] })).toMatchObject({ width: 400, height: 800 });
    expect(renderPreview({ ...film, spacingMm: [0.2, 0.4] })).toMatchObject({ width: 800, height: 400 });
    expect(renderPreview({ ...film, spacingMm: [0, 0] })).toMatchObject({ width: 400, height: 400 });
    expect(renderPreview({ ...film, pixelAspect: 0.5 })).toMatchObject({ width: 800, height: 400 });
  });

  test('never more bytes than a slow line carries in a second, not of noise either', async () => {
    let seed = 7;
    const noise = Uint8Array.from({ length: 1024 * 1024 }, () => (seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff) >> 16);
    const jpeg = await encodePreview({ width: 1024, height: 1024, grey: noise });
    expect(jpeg.length).toBeLessThanOrEqual(PREVIEW_BYTES_MAX);
    const { width = 0, height = 0 } = await sharp(jpeg).metadata();
    expect(Math.abs(width - height)).toBeLessThanOrEqual(1);
    expect(width).toBeGreaterThan(300);
  });

  test('a tiny picture does not break it', () => {
    expect(renderPreview({ width: 1, height: 3, pixels: Uint8Array.of(1, 2, 3), maxValue: 255 })).toMatchObject({ width: 1, height: 3 });
  });

  test('blank is one value nearly everywhere, not a dim film', () => {
    const film = drawChest();
    expect(isBlank(film)).toBe(false);
    expect(isBlank(drawChest({ maxValue: 65535 }))).toBe(false);
    const flat = { ...film, pixels: new Uint8Array(film.pixels.length).fill(9) };
    expect(isBlank(flat)).toBe(true);
    flat.pixels.fill(255, 0, 100);
    expect(isBlank(flat)).toBe(true);
    // A few hundred values of sixteen bits are a picture.
    const dim = { ...film, maxValue: 65535, pixels: Uint16Array.from(film.pixels, (v) => 30_000 + v) };
    expect(isBlank(dim)).toBe(false);
  });
});
