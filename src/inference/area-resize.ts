/**
 * Area-averaging resize of a region of a picture onto a float grid. PURE.
 *
 * Each cell is the mean of the source samples under a box of width max(1, scale) source pixels: a plain area mean when
 * shrinking and, being the same box, exactly bilinear interpolation when enlarging, so nothing jumps at scale 1. Cells
 * whose box lies outside the frame are marked uncovered; boxes that straddle the edge average what is inside.
 * Leaves out: gamma, lanczos and other kernels (training uses this very code, so one kernel is enough).
 */
import assert from 'node:assert';
import type { GrayImage } from './gray-image.ts';

/** In pixels of the picture; x, y is the upper left corner (pixel edges, not centres). May exceed the frame. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Grid {
  readonly width: number;
  readonly height: number;
  /** Row by row, in the picture's own units; 0 where uncovered. */
  readonly values: Float32Array;
  /** Half-open ranges of the columns and rows whose boxes touch the frame. */
  readonly columns: readonly [number, number];
  readonly rows: readonly [number, number];
}

/** For each cell of an axis: first source index and the weights of the samples from there on (sum 1). */
interface Axis {
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly weights: Float32Array;
  readonly stride: number;
  readonly covered: readonly [number, number];
}

function axisWeights(start: number, length: number, cells: number, sourceLength: number): Axis {
  const scale = length / cells;
  const box = Math.max(1, scale);
  const stride = Math.ceil(box) + 1;
  const first = new Int32Array(cells);
  const count = new Int32Array(cells);
  const weights = new Float32Array(cells * stride);
  let coveredFrom = cells;
  let coveredTo = 0;
  for (let cell = 0; cell < cells; cell++) {
    const centre = start + (cell + 0.5) * scale;
    if (centre <= 0 || centre >= sourceLength) continue;
    const from = Math.max(0, centre - box / 2);
    const to = Math.min(sourceLength, centre + box / 2);
    const begin = Math.floor(from);
    const end = Math.min(sourceLength, Math.ceil(to));
    first[cell] = begin;
    count[cell] = end - begin;
    for (let i = begin; i < end; i++) {
      weights[cell * stride + i - begin] = (Math.min(to, i + 1) - Math.max(from, i)) / (to - from);
    }
    coveredFrom = Math.min(coveredFrom, cell);
    coveredTo = cell + 1;
  }
  return { first, count, weights, stride, covered: [Math.min(coveredFrom, coveredTo), coveredTo] };
}

export function resizeRegion(image: GrayImage, region: Rect, width: number, height: number): Grid {
  assert(width > 0 && height > 0 && region.width > 0 && region.height > 0, 'empty region or grid');
  assert(image.pixels.length === image.width * image.height, 'picture and its size differ');
  const across = axisWeights(region.x, region.width, width, image.width);
  const down = axisWeights(region.y, region.height, height, image.height);
  const values = new Float32Array(width * height);
  const [cellFrom, cellTo] = across.covered;
  if (cellTo > cellFrom) {
    // Down first: whole source rows are added in memory order, then each sum row is reduced across.
    const from = across.first[cellFrom]!;
    const to = across.first[cellTo - 1]! + across.count[cellTo - 1]!;
    const sums = new Float32Array(to - from);
    for (let y = down.covered[0]; y < down.covered[1]; y++) {
      sums.fill(0);
      const rows = down.count[y]!;
      const weight = y * down.stride;
      let at = down.first[y]! * image.width + from;
      let row = 0;
      for (; row + 4 <= rows; row += 4, at += 4 * image.width) addFourRows(sums, image.pixels, at, image.width, down.weights, weight + row);
      for (; row < rows; row++, at += image.width) addRow(sums, image.pixels, at, down.weights[weight + row]!);
      for (let x = cellFrom; x < cellTo; x++) {
        const base = across.first[x]! - from;
        const own = x * across.stride;
        let sum = 0;
        for (let k = 0; k < across.count[x]!; k++) sum += sums[base + k]! * across.weights[own + k]!;
        values[y * width + x] = sum;
      }
    }
  }
  return { width, height, values, columns: across.covered, rows: down.covered };
}

/** Twice as fast as one row after the other: the sums are read and written a quarter as often. */
function addFourRows(sums: Float32Array, pixels: Uint8Array | Uint16Array, offset: number, width: number, weights: Float32Array, weight: number): void {
  const [a, b, c, d] = [weights[weight]!, weights[weight + 1]!, weights[weight + 2]!, weights[weight + 3]!];
  const second = offset + width;
  const third = second + width;
  const fourth = third + width;
  for (let i = 0; i < sums.length; i++) sums[i]! += pixels[offset + i]! * a + pixels[second + i]! * b + pixels[third + i]! * c + pixels[fourth + i]! * d;
}

/** Kept apart so that the engine compiles one tight loop per sample type. */
function addRow(sums: Float32Array, pixels: Uint8Array | Uint16Array, offset: number, weight: number): void {
  for (let i = 0; i < sums.length; i++) sums[i]! += pixels[offset + i]! * weight;
}
