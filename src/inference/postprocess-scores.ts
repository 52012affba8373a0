/**
 * Raw network numbers → probabilities → points (0–100). PURE. The calibration table belongs to the manifest; points
 * have one decimal, so that a report, the page and the threshold's comparison see the same number.
 */
import assert from 'node:assert';
import type { ModelManifest } from './manifest-types.ts';

/** Rounding may carry a probability so far beyond 0 or 1; what lies further out is none. */
export const PROBABILITY_TOLERANCE = 0.01;

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** One picture's [L] scores; probabilities 0–1 in the network's order. */
export function activateScores(values: Float32Array, activation: 'none' | 'sigmoid' | 'softmax'): Float32Array {
  if (activation === 'none') return values;
  if (activation === 'sigmoid') return values.map(sigmoid);
  const highest = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = values.map((v) => Math.exp(v - highest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((p) => p / sum);
}

/** Points of a probability; undefined when the network gave no number (then a human must look, not a zero). */
export function toPoints(probability: number, calibration: ModelManifest['calibration']): number | undefined {
  if (!Number.isFinite(probability)) return undefined;
  const p = Math.min(1, Math.max(0, probability));
  return Math.round(interpolate(p, calibration ?? [[0, 0], [1, 100]]) * 10) / 10;
}

function interpolate(p: number, table: readonly (readonly [number, number])[]): number {
  const first = table[0];
  const last = table.at(-1);
  assert(first !== undefined && last !== undefined, 'an empty calibration table passed validation');
  if (p <= first[0]) return first[1];
  for (const [i, [x1, y1]] of table.entries()) {
    const before = table[i - 1];
    if (before === undefined || p > x1) continue;
    const [x0, y0] = before;
    return y0 + ((p - x0) / (x1 - x0)) * (y1 - y0);
  }
  return last[1];
}
