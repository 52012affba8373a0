/**
 * The grey picture that the page shows, as pixels: long side at most 1024, square pixels, window from the picture's own
 * percentiles (the same for every vendor). For orientation beside the finding, not for reading. PURE; the JPEG is made
 * in preview.ts. And whether a picture is blank.
 */
import { resizeRegion } from './area-resize.ts';
import type { GrayImage } from './gray-image.ts';

export const PREVIEW_SIDE_MAX = 1024;
/** Wider than the networks' window: skin line and bone stay visible. */
const PREVIEW_PERCENTILES: readonly [number, number] = [0.2, 99.8];
/** Enough for percentiles of a picture, and sorted in a millisecond. */
const WINDOW_SAMPLE_COUNT = 20_000;
/** A picture is blank when so many of its samples … */
const BLANK_FRACTION = 0.997;
/** … lie within this fraction of the value range of each other. */
const BLANK_RANGE_FRACTION = 1 / 256;
const BLANK_BIN_COUNT = 256;
/** Samples looked at; every pixel of 9 million would take longer and say the same. */
const BLANK_SAMPLE_COUNT = 200_000;

export interface PreviewPixels {
  readonly width: number;
  readonly height: number;
  readonly grey: Uint8Array;
}

/** Non-square pixels are made square: what is round on the film is round on the page. */
export function renderPreview(image: GrayImage): PreviewPixels {
  const [rowMm, columnMm] = image.spacingMm ?? [image.pixelAspect ?? 1, 1];
  const aspect = rowMm > 0 && columnMm > 0 ? rowMm / columnMm : 1;
  if (Math.abs(aspect - 1) < 0.01) return toGrey(shrinkByWhole(image, Math.ceil(Math.max(image.width, image.height) / PREVIEW_SIDE_MAX)));
  const tall = image.height * (aspect > 1 ? aspect : 1);
  const wide = image.width * (aspect < 1 ? 1 / aspect : 1);
  const scale = Math.min(1, PREVIEW_SIDE_MAX / Math.max(tall, wide));
  const width = Math.max(1, Math.round(wide * scale));
  const height = Math.max(1, Math.round(tall * scale));
  return toGrey(resizeRegion(image, { x: 0, y: 0, width: image.width, height: image.height }, width, height));
}

interface Plane {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}

/** The mean of `factor` × `factor` pixels each: a fifth of the time of an exact area resize. */
function shrinkByWhole(image: GrayImage, factor: number): Plane {
  const width = Math.max(1, Math.floor(image.width / factor));
  const height = Math.max(1, Math.floor(image.height / factor));
  const values = new Float32Array(width * height);
  for (let y = 0; y < height * factor && y < image.height; y += 1) addRow(values, Math.floor(y / factor) * width, width, image.pixels, y * image.width, factor);
  const scale = 1 / (factor * factor);
  for (let i = 0; i < values.length; i += 1) values[i]! *= scale;
  return { width, height, values };
}

/** Kept apart so that the engine compiles one tight loop per sample type. */
function addRow(sums: Float32Array, to: number, width: number, pixels: GrayImage['pixels'], from: number, factor: number): void {
  for (let x = 0, at = from; x < width; x += 1) {
    let sum = 0;
    for (let k = 0; k < factor; k += 1, at += 1) sum += pixels[at]!;
    sums[to + x]! += sum;
  }
}

function toGrey({ width, height, values }: Plane): PreviewPixels {
  const [low, high] = windowOf(values);
  const factor = high > low ? 255 / (high - low) : 0;
  const grey = new Uint8ClampedArray(values.length);
  for (let i = 0; i < values.length; i += 1) grey[i] = (values[i]! - low) * factor;
  return { width, height, grey: new Uint8Array(grey.buffer) };
}

function windowOf(values: Float32Array): readonly [number, number] {
  const step = Math.max(1, Math.floor(values.length / WINDOW_SAMPLE_COUNT)) | 1;
  const samples = new Float32Array(Math.ceil(values.length / step));
  for (let i = 0, at = 0; at < values.length; i += 1, at += step) samples[i] = values[at]!;
  samples.sort();
  const at = (percent: number): number => samples[Math.round((percent / 100) * (samples.length - 1))] ?? 0;
  return [at(PREVIEW_PERCENTILES[0]), at(PREVIEW_PERCENTILES[1])];
}

/** One grey value nearly everywhere: shutter closed, detector not read. */
export function isBlank({ pixels, maxValue }: GrayImage): boolean {
  const step = Math.max(1, Math.floor(pixels.length / BLANK_SAMPLE_COUNT)) | 1;
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < pixels.length; i += step) {
    const value = pixels[i] ?? 0;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  // Against the encoding's range: 12 bits stored in 16 with a real picture in a few hundred values is no blank.
  if (high - low <= Math.max(1, maxValue * BLANK_RANGE_FRACTION * BLANK_RANGE_FRACTION)) return true;
  const bins = new Uint32Array(BLANK_BIN_COUNT + 1);
  let count = 0;
  for (let i = 0; i < pixels.length; i += step, count += 1) {
    const bin = Math.floor((((pixels[i] ?? 0) - low) / (high - low)) * BLANK_BIN_COUNT);
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  for (let i = 0; i < BLANK_BIN_COUNT; i += 1) {
    if ((bins[i] ?? 0) + (bins[i + 1] ?? 0) >= BLANK_FRACTION * count) return true;
  }
  return false;
}
