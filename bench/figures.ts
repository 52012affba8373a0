/** What benches say about a series of measurements. */
import assert from 'node:assert';

/** Nearest rank: the smallest value that at least `percent` of all do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  if (values.length === 0) return Number.NaN;
  assert(percent > 0 && percent <= 100);
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] as number;
}

export const median = (values: readonly number[]): number => percentile(values, 50);
export const round = (value: number, digits = 0): number => Math.round(value * 10 ** digits) / 10 ** digits;
