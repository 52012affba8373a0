/**
 * From a decoded picture to a network's input tensor, as the manifest asks. PURE; training data are made by this very
 * code (`firstread prepare`), so training and serving cannot differ.
 *
 * Order: area resize of the region, then grey window from percentiles of the resized grid's central 80 % (taken after
 * the resize so that half resolution or 12 instead of 8 bits give the same window), then range, mean, std and layout.
 * Leaves out: polarity (the decoder delivers bone bright) and finding the lungs (lung-field.ts).
 */
import assert from 'node:assert';
import { resizeRegion, type Grid, type Rect } from './area-resize.ts';
import type { GrayImage } from './gray-image.ts';
import type { ManifestInput } from './manifest-types.ts';

export type { Rect } from './area-resize.ts';

/** Default grey window in percent of the samples of the region's central 80 %. */
export const WINDOW_PERCENTILES: readonly [number, number] = [1, 99];
/** Each side loses this fraction before the percentiles are taken: collimation borders and labels lie there. */
export const WINDOW_BORDER_FRACTION = 0.1;
const HISTOGRAM_BIN_COUNT = 8192;

/** Where the region landed: picture coordinate = origin + scale × tensor coordinate (pixel edges). */
export interface Placement {
  readonly originX: number;
  readonly originY: number;
  readonly scaleX: number;
  readonly scaleY: number;
}

export interface PreparedInput {
  /** One picture in the manifest's layout: channels × height × width values. */
  readonly tensor: Uint8Array | Uint16Array | Float32Array;
  /** With the batch axis: [1, C, H, W] or [1, H, W, C]. */
  readonly dims: readonly [number, number, number, number];
  readonly placement: Placement;
}

export function wholeFrame(image: { readonly width: number; readonly height: number }): Rect {
  return { x: 0, y: 0, width: image.width, height: image.height };
}

export function preprocess(image: GrayImage, input: ManifestInput, region: Rect): PreparedInput {
  const window = fitRegion(region, input);
  const grid = resizeRegion(image, window, input.width, input.height);
  const grey = windowGrid(grid, region, window, input.percentiles ?? WINDOW_PERCENTILES);
  const { width, height, channels } = input;
  return {
    tensor: assembleTensor(grey, input),
    dims: input.layout === 'NCHW' ? [1, channels, height, width] : [1, height, width, channels],
    placement: {
      originX: window.x,
      originY: window.y,
      scaleX: window.width / width,
      scaleY: window.height / height,
    },
  };
}

/** `letterbox` widens the region to the tensor's aspect ratio; what lies outside the region becomes black. */
function fitRegion(region: Rect, input: ManifestInput): Rect {
  if (input.fit === 'stretch') return region;
  const scale = Math.max(region.width / input.width, region.height / input.height);
  const width = scale * input.width;
  const height = scale * input.height;
  return { x: region.x + (region.width - width) / 2, y: region.y + (region.height - height) / 2, width, height };
}

/** Grey 0–255 per cell (not rounded); 0 outside the frame and outside the region. */
function windowGrid(grid: Grid, region: Rect, window: Rect, percentiles: readonly [number, number]): Float32Array {
  const toCells = (offset: number, length: number, cells: number, covered: readonly [number, number], windowLength: number) => {
    const from = (offset / windowLength) * cells;
    const to = ((offset + length) / windowLength) * cells;
    // A cell belongs to the region when its centre does.
    return [Math.max(covered[0], Math.ceil(from - 0.5 - 1e-6)), Math.min(covered[1], Math.floor(to - 0.5 + 1e-6) + 1)] as const;
  };
  const columns = toCells(region.x - window.x, region.width, grid.width, grid.columns, window.width);
  const rows = toCells(region.y - window.y, region.height, grid.height, grid.rows, window.height);
  const grey = new Float32Array(grid.width * grid.height);
  if (columns[1] <= columns[0] || rows[1] <= rows[0]) return grey;
  const [low, high] = percentileValues(grid, columns, rows, percentiles);
  const factor = high > low ? 255 / (high - low) : 0;
  for (let y = rows[0]; y < rows[1]; y++) {
    for (let x = columns[0]; x < columns[1]; x++) {
      const at = y * grid.width + x;
      grey[at] = Math.min(255, Math.max(0, (grid.values[at]! - low) * factor));
    }
  }
  return grey;
}

/**
 * The two percentiles over the central 80 % of the given cells, interpolated inside histogram bins. A picture that is
 * constant in its middle (blank film, a page of white) gets low === high and so an all-black tensor.
 */
function percentileValues(
  grid: Grid,
  columns: readonly [number, number],
  rows: readonly [number, number],
  percentiles: readonly [number, number],
): readonly [number, number] {
  const inset = ([from, to]: readonly [number, number]) => {
    const border = Math.floor((to - from) * WINDOW_BORDER_FRACTION);
    return [from + border, to - border] as const;
  };
  const [left, right] = inset(columns);
  const [top, bottom] = inset(rows);
  let min = Infinity;
  let max = -Infinity;
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const value = grid.values[y * grid.width + x]!;
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  // Rounding noise of the area mean must not be stretched to full contrast.
  if (!(max - min > 1e-3)) return [min, min];
  const bins = new Uint32Array(HISTOGRAM_BIN_COUNT);
  const perUnit = HISTOGRAM_BIN_COUNT / (max - min);
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const bin = Math.floor((grid.values[y * grid.width + x]! - min) * perUnit);
      bins[Math.min(HISTOGRAM_BIN_COUNT - 1, bin)]!++;
    }
  }
  const total = (right - left) * (bottom - top);
  const valueAt = (percent: number): number => {
    const wanted = (percent / 100) * total;
    let below = 0;
    for (let bin = 0; bin < HISTOGRAM_BIN_COUNT; bin++) {
      const inBin = bins[bin]!;
      if (inBin > 0 && below + inBin >= wanted) return min + (bin + Math.min(1, Math.max(0, (wanted - below) / inBin))) / perUnit;
      below += inBin;
    }
    return max;
  };
  return [valueAt(percentiles[0]), valueAt(percentiles[1])];
}

export function assembleTensor(grey: Float32Array, input: ManifestInput): Uint8Array | Uint16Array | Float32Array {
  const { channels, dtype, range } = input;
  const area = grey.length;
  const perGrey = (range[1] - range[0]) / 255;
  const tensor = dtype === 'uint8' ? new Uint8Array(channels * area) : dtype === 'uint16' ? new Uint16Array(channels * area) : new Float32Array(channels * area);
  for (let channel = 0; channel < channels; channel++) {
    const mean = dtype === 'float32' ? channelValue(input.mean, channel, 0) : 0;
    const std = dtype === 'float32' ? channelValue(input.std, channel, 1) : 1;
    assert(std !== 0, 'std of zero in a manifest');
    const step = input.layout === 'NCHW' ? 1 : channels;
    let at = input.layout === 'NCHW' ? channel * area : channel;
    for (let i = 0; i < area; i++, at += step) {
      const value = range[0] + grey[i]! * perGrey;
      // Integer tensors round half up, as numpy's floor(x + 0.5) does in the training package.
      tensor[at] = dtype === 'float32' ? (value - mean) / std : Math.floor(value + 0.5);
    }
  }
  return tensor;
}

/** One value stands for all channels. */
function channelValue(values: readonly number[] | undefined, channel: number, otherwise: number): number {
  return values === undefined ? otherwise : (values[channel] ?? values[0] ?? otherwise);
}
