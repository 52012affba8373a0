/**
 * Detector outputs → candidate boxes in pixels of the network's input, with probabilities, best first, overlapping ones
 * suppressed. PURE. The formats are described in manifest-types.ts; where the numbers of all but center-heatmap lie is
 * box-rows.ts.
 */
import { boxRows, needOutput, ofPicture, placeOf, probabilityOf } from './box-rows.ts';
import type { BoxesOutput } from './box-rows.ts';
import { PROBABILITY_TOLERANCE } from './postprocess-scores.ts';
import type { Outputs } from './tensors.ts';

export type { BoxesOutput } from './box-rows.ts';

/** Upper left corner, size and probability. */
export interface Candidate {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly probability: number;
}

interface InputSize {
  readonly width: number;
  readonly height: number;
}

/** Suppression compares pairs: only so many best candidates enter it. */
const CANDIDATE_COUNT_MAX = 500;
/** Below this nothing is a candidate: half a point of 100. */
const PROBABILITY_MIN = 0.005;

/** Candidates of picture `i` of a batch, before suppression, best first. */
export function decodeCandidates(output: BoxesOutput, outputs: Outputs, i: number, input: InputSize): readonly Candidate[] {
  const candidates = output.format === 'center-heatmap' ? decodeCenters(output, outputs, i, input) : decodeRows(output, outputs, i, input);
  return candidates
    .filter((c) => c.probability >= PROBABILITY_MIN && c.width > 0 && c.height > 0 && Number.isFinite(c.x + c.y + c.width + c.height))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, CANDIDATE_COUNT_MAX);
}

/**
 * Are picture `i`'s boxes numbers at all? A score that is none (or is said to be a probability and lies below 0), a
 * candidate without a place or of no whole label would only be missing from the list: where the list is the picture's
 * score, that is no zero.
 */
export function candidatesAreNumbers(output: BoxesOutput, outputs: Outputs, i: number): boolean {
  if (output.format === 'center-heatmap') return heatPlane(output, outputs, i).plane.every((score) => isScore(score, output));
  const { count, four, factors, label } = boxRows(output, outputs, i);
  for (let row = 0; row < count; row += 1) {
    const own = factors(row);
    const candidate = !(probabilityOf(own, output) < PROBABILITY_MIN);
    const rowLabel = label?.(row);
    if (candidate && rowLabel !== undefined && !Number.isInteger(rowLabel)) return false;
    if (rowLabel !== undefined && rowLabel !== (output.index ?? 0)) continue;
    if (!own.every((score) => isScore(score, output))) return false;
    // Of two that are multiplied, one beyond 1 would hide behind the other.
    if (output.activation === 'none' && own.length > 1 && own.some((score) => score > 1 + PROBABILITY_TOLERANCE)) return false;
    if (candidate && !four(row).every(Number.isFinite)) return false;
  }
  return true;
}

const isScore = (score: number, { activation }: BoxesOutput): boolean => !Number.isNaN(score) && (activation !== 'none' || score >= -PROBABILITY_TOLERANCE);

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

/** A center-heatmap's scores of the label that is used, as the network gives them. */
function heatPlane(output: BoxesOutput, outputs: Outputs, i: number): { readonly plane: Float32Array; readonly rows: number; readonly columns: number } {
  const heat = needOutput(outputs, output.name);
  const [, , rows = 0, columns = 0] = heat.dims;
  const from = (output.index ?? 0) * rows * columns;
  return { plane: ofPicture(heat, i).subarray(from, from + rows * columns), rows, columns };
}

/** Peaks are cells that no neighbour of the eight exceeds; of equal neighbours the first in reading order counts. */
function decodeCenters(output: BoxesOutput, outputs: Outputs, i: number, input: InputSize): Candidate[] {
  const { plane, rows, columns } = heatPlane(output, outputs, i);
  const cells = rows * columns;
  const size = ofPicture(needOutput(outputs, output.sizeName), i);
  const offset = output.offsetName === undefined ? undefined : ofPicture(needOutput(outputs, output.offsetName), i);
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
      probability: probabilityOf([plane[at] ?? Number.NaN], output),
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

function decodeRows(output: BoxesOutput, outputs: Outputs, i: number, input: InputSize): Candidate[] {
  const { count, four, factors, label } = boxRows(output, outputs, i);
  const [scaleX, scaleY] = output.boxUnit === 'fractions' ? [input.width, input.height] : [1, 1];
  const candidates: Candidate[] = [];
  for (let row = 0; row < count; row += 1) {
    if (label !== undefined && label(row) !== (output.index ?? 0)) continue;
    const probability = probabilityOf(factors(row), output);
    // Nearly all of the thousands.
    if (!(probability >= PROBABILITY_MIN)) continue;
    const { x, y, width, height } = placeOf(four(row), output);
    candidates.push({ x: x * scaleX, y: y * scaleY, width: width * scaleX, height: height * scaleY, probability });
  }
  return candidates;
}
