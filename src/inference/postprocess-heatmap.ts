/**
 * A network's heatmap → a small byte picture for the page, and the contour of the hot area for page and report. PURE.
 * Coordinates leave in pixels of the picture (through the placement that preprocess.ts gave).
 */
import assert from 'node:assert';
import type { Heatmap, Polygon } from '../study/types.ts';
import { contourPolygons, holdsPoint, simplifyPolygon } from './contour.ts';
import type { Field } from './contour.ts';
import { sigmoid } from './postprocess-scores.ts';
import type { Placement } from './preprocess.ts';
import type { OutputArray } from './tensors.ts';

/** A heatmap's longer side in cells: 64 × 64 bytes are 5.5 kB of base64 in a row of the registry. */
export const HEATMAP_SIDE_MAX = 64;
/** The hot area is what reaches this fraction of the hottest cell … */
export const HOT_FRACTION_OF_MAXIMUM = 0.5;
/** … when that is hot at all: a film without a finding gets no region. */
export const HOT_PROBABILITY_MIN = 0.2;
/** Contours of one finding, and points of each: what a report and a page can take. */
export const POLYGON_COUNT_MAX = 8;
export const POLYGON_POINT_COUNT_MAX = 64;
/** A contour may deviate from the true one by so many cells: well under what a cell says. */
const SIMPLIFY_CELLS = 0.1;

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** Picture i of a batch, plane `index` of [N, C, h, w], activated, no longer side than HEATMAP_SIDE_MAX (max-pooled). */
export function heatField(output: OutputArray, i: number, index: number, activation: 'none' | 'sigmoid'): Field {
  const [, planes = 1, rows = 0, columns = 0] = output.dims;
  assert(index < planes && output.data.length >= (i + 1) * planes * rows * columns, 'a heatmap of another shape passed the check');
  const from = (i * planes + index) * rows * columns;
  const plane = output.data.subarray(from, from + rows * columns);
  return shrink({ columns, rows, values: activation === 'sigmoid' ? plane.map(sigmoid) : plane });
}

function shrink(field: Field): Field {
  const factor = Math.ceil(Math.max(field.columns, field.rows) / HEATMAP_SIDE_MAX);
  if (factor <= 1) return field;
  const columns = Math.ceil(field.columns / factor);
  const rows = Math.ceil(field.rows / factor);
  const values = new Float32Array(columns * rows).fill(-Infinity);
  for (let r = 0; r < field.rows; r += 1) {
    for (let c = 0; c < field.columns; c += 1) {
      const at = Math.floor(r / factor) * columns + Math.floor(c / factor);
      values[at] = Math.max(values[at] ?? 0, field.values[r * field.columns + c] ?? 0);
    }
  }
  return { columns, rows, values };
}

export const hottest = (field: Field): number => field.values.reduce((a, b) => Math.max(a, b), -Infinity);

/** `input`: width and height of the network's input. */
export function toHeatmap(field: Field, input: PictureSize, placement: Placement): Heatmap {
  const cells = Buffer.alloc(field.values.length);
  for (const [i, value] of field.values.entries()) cells[i] = Math.round(Math.min(1, Math.max(0, value)) * 255);
  return {
    columns: field.columns,
    rows: field.rows,
    area: { x: round(placement.originX), y: round(placement.originY), width: round(placement.scaleX * input.width), height: round(placement.scaleY * input.height) },
    cellsBase64: cells.toString('base64'),
  };
}

/** The hot area in pixels of the picture, cut at its edge, the part with the hottest cell first. Empty when nothing is hot. */
export function hotRegion(field: Field, input: PictureSize, placement: Placement, picture: PictureSize): readonly Polygon[] {
  const peak = hottest(field);
  if (!(peak >= HOT_PROBABILITY_MIN)) return [];
  const scaleX = (placement.scaleX * input.width) / field.columns;
  const scaleY = (placement.scaleY * input.height) / field.rows;
  const clamp = (value: number, most: number): number => round(Math.min(most, Math.max(0, value)));
  const at = field.values.indexOf(peak);
  const [peakX, peakY] = [(at % field.columns) + 0.5, Math.floor(at / field.columns) + 0.5];
  const polygons = contourPolygons(field, peak * HOT_FRACTION_OF_MAXIMUM);
  const first = polygons.findIndex((polygon) => holdsPoint(polygon, peakX, peakY));
  return [...polygons.slice(first, first + 1), ...polygons.filter((_, i) => i !== first)]
    .slice(0, POLYGON_COUNT_MAX)
    .map((polygon) => simplifyPolygon(polygon, SIMPLIFY_CELLS, POLYGON_POINT_COUNT_MAX))
    .map((polygon) => polygon.map(([x, y]) => [clamp(placement.originX + x * scaleX, picture.width), clamp(placement.originY + y * scaleY, picture.height)] as const));
}

/** A tenth of a pixel is more than any of this knows. */
export const round = (value: number): number => Math.round(value * 10) / 10;
