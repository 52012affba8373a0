/**
 * Detector outputs in three formats → candidate boxes in pixels of the network's input, with probabilities, best first,
 * overlapping ones suppressed. PURE. The formats are described in manifest-types.ts.
 */
import assert from 'node:assert';
import type { ManifestOutput } from './manifest-types.ts';
import { PROBABILITY_TOLERANCE, sigmoid } from './postprocess-scores.ts';
import type { OutputArray, Outputs } from './tensors.ts';

export type BoxesOutput = Extract<ManifestOutput, { kind: 'boxes' }>;

/** Upper left corner, size and probability. */
export interface Candidate {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly probability: number;
}

/** Suppression compares pairs: only so many best candidates enter it. */
const CANDIDATE_COUNT_MAX = 500;
/** Below this nothing is a candidate: half a point of 100. */
const PROBABILITY_MIN = 0.005;

/** Candidates of picture `i` of a batch, before suppression, best first. */
export function decodeCandidates(output: BoxesOutput, outputs: Outputs, i: number, input: { readonly width: number; readonly height: number }): readonly Candidate[] {
  const candidates = output.format === 'center-heatmap' ? decodeCenters(output, outputs, i, input) : output.format === 'yolo' ? decodeYolo(output, outputs, i) : decodeCorners(output, outputs, i);
  return candidates
    .filter((c) => c.probability >= PROBABILITY_MIN && c.width > 0 && c.height > 0 && Number.isFinite(c.x + c.y + c.width + c.height))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, CANDIDATE_COUNT_MAX);
}

/**
 * Are picture `i`'s boxes numbers at all? A score that is none (or is said to be a probability and lies below 0), or a
 * candidate without a place, would only be missing from the list: where the list is the picture's score, that is no zero.
 */
export function candidatesAreNumbers(output: BoxesOutput, outputs: Outputs, i: number): boolean {
  const scores = scoresOf(output, outputs, i);
  const places = output.format === 'center-heatmap' ? [] : output.format === 'yolo' ? decodeYolo(output, outputs, i) : decodeCorners(output, outputs, i);
  return scores.every((score) => !Number.isNaN(score) && (output.activation !== 'none' || score >= -PROBABILITY_TOLERANCE))
    && places.every(({ x, y, width, height, probability }) => !(probability >= PROBABILITY_MIN) || Number.isFinite(x + y + width + height));
}

/** Of the label that is used, as the network gives them. */
function scoresOf(output: BoxesOutput, outputs: Outputs, i: number): Float32Array {
  const index = output.index ?? 0;
  if (output.format === 'xyxy-score') {
    const scores = need(outputs, output.scoresName);
    const labels = scores.dims[2] ?? 1;
    return picture(scores, i).filter((_, at) => at % labels === index);
  }
  const planes = need(outputs, output.name);
  const [, , ...shape] = planes.dims;
  const length = shape.reduce((a, b) => a * b, 1);
  const row = output.format === 'yolo' ? 4 + index : index;
  return picture(planes, i).subarray(row * length, (row + 1) * length);
}

/** Greedy non-maximum suppression of a list that is sorted best first. */
export function suppressOverlaps<T extends Omit<Candidate, 'probability'>>(candidates: readonly T[], iouMax: number, countMax: number): readonly T[] {
  const kept: T[] = [];
  for (const candidate of candidates) {
    if (kept.length >= countMax) break;
    if (kept.every((k) => overlap(k, candidate) <= iouMax)) kept.push(candidate);
  }
  return kept;
}

/**
 * The picture's probability: that at least one of its `count` best boxes is right, as if they were independent. Several
 * doubtful places say more than one; many more only add up what every film has. 0 without a box.
 */
export function imageProbability(candidates: readonly Pick<Candidate, 'probability'>[], count: number): number {
  return 1 - candidates.slice(0, count).reduce((none, { probability }) => none * (1 - probability), 1);
}

type Extent = Omit<Candidate, 'probability'>;

/** Intersection over union. */
export function overlap(a: Extent, b: Extent): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  return (width * height) / (a.width * a.height + b.width * b.height - width * height);
}

function need(outputs: Outputs, name: string | undefined): OutputArray {
  const output = outputs[name ?? ''];
  assert(output !== undefined, 'a missing output passed the check');
  return output;
}

/** Picture i of a batch. */
function picture(output: OutputArray, i: number): Float32Array {
  const length = output.data.length / (output.dims[0] ?? 1);
  return output.data.subarray(i * length, (i + 1) * length);
}

/** Peaks are cells that no neighbour of the eight exceeds; of equal neighbours the first in reading order counts. */
function decodeCenters(output: BoxesOutput, outputs: Outputs, i: number, input: { readonly width: number; readonly height: number }): Candidate[] {
  const heat = need(outputs, output.name);
  const [, , rows = 0, columns = 0] = heat.dims;
  const cells = rows * columns;
  const plane = picture(heat, i).subarray((output.index ?? 0) * cells, ((output.index ?? 0) + 1) * cells);
  const size = picture(need(outputs, output.sizeName), i);
  const offset = output.offsetName === undefined ? undefined : picture(need(outputs, output.offsetName), i);
  const candidates: Candidate[] = [];
  for (let at = 0; at < cells; at += 1) {
    if (!isPeak(plane, columns, rows, at)) continue;
    const [width, height] = [size[at] ?? 0, size[cells + at] ?? 0];
    const centreX = ((at % columns) + (offset === undefined ? 0.5 : (offset[at] ?? 0))) * (input.width / columns);
    const centreY = (Math.floor(at / columns) + (offset === undefined ? 0.5 : (offset[cells + at] ?? 0))) * (input.height / rows);
    candidates.push({
      x: centreX - width / 2,
      y: centreY - height / 2,
      width,
      height,
      probability: activate(plane[at] ?? Number.NaN, output),
    });
  }
  return candidates;
}

function isPeak(plane: Float32Array, columns: number, rows: number, at: number): boolean {
  const column = at % columns;
  const row = Math.floor(at / columns);
  const value = plane[at] ?? Number.NaN;
  for (let r = Math.max(0, row - 1); r <= Math.min(rows - 1, row + 1); r += 1) {
    for (let c = Math.max(0, column - 1); c <= Math.min(columns - 1, column + 1); c += 1) {
      const other = r * columns + c;
      const neighbour = plane[other] ?? 0;
      if (other !== at && (neighbour > value || (neighbour === value && other < at))) return false;
    }
  }
  return Number.isFinite(value);
}

function decodeYolo(output: BoxesOutput, outputs: Outputs, i: number): Candidate[] {
  const planes = need(outputs, output.name);
  const anchors = planes.dims[2] ?? 0;
  const values = picture(planes, i);
  const row = (r: number, a: number): number => values[r * anchors + a] ?? Number.NaN;
  return Array.from({ length: anchors }, (_, a) => {
    const [width, height] = [row(2, a), row(3, a)];
    return { x: row(0, a) - width / 2, y: row(1, a) - height / 2, width, height, probability: activate(row(4 + (output.index ?? 0), a), output) };
  });
}

function decodeCorners(output: BoxesOutput, outputs: Outputs, i: number): Candidate[] {
  const corners = picture(need(outputs, output.name), i);
  const scoresOutput = need(outputs, output.scoresName);
  const scores = picture(scoresOutput, i);
  const labels = scoresOutput.dims[2] ?? 1;
  return Array.from({ length: corners.length / 4 }, (_, a) => {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = corners.subarray(4 * a, 4 * a + 4);
    return { x: x1, y: y1, width: x2 - x1, height: y2 - y1, probability: activate(scores[a * labels + (output.index ?? 0)] ?? Number.NaN, output) };
  });
}

const activate = (value: number, output: BoxesOutput): number => (output.activation === 'sigmoid' ? sigmoid(value) : value);
