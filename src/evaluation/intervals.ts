/**
 * Confidence intervals of a proportion k of n. Wilson's score interval (1927) is the one shown: near its nominal coverage
 * for small n too. Clopper and Pearson's exact one (1934) never covers less than it says: for promises. PURE.
 */
import assert from 'node:assert';
import { betaQuantile, normalQuantile } from './distributions.ts';

/** Both ends as fractions, 0–1. */
export type Interval = readonly [low: number, high: number];

/** A proportion with what it was counted from. `value` is undefined where n is 0: nothing is known then. */
export interface Proportion {
  readonly k: number;
  readonly n: number;
  readonly value: number | undefined;
  readonly interval: Interval;
}

/** Wilson's score interval. n = 0 gives [0, 1]. */
export function wilson(k: number, n: number, level = 0.95): Interval {
  assertCounts(k, n, level);
  if (n === 0) return [0, 1];
  const z = normalQuantile((1 + level) / 2);
  const p = k / n;
  const scale = 1 + (z * z) / n;
  const centre = (p + (z * z) / (2 * n)) / scale;
  const half = (z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))) / scale;
  // At the ends the interval touches 0 or 1 exactly; rounding must not take it off.
  return [k === 0 ? 0 : Math.max(0, centre - half), k === n ? 1 : Math.min(1, centre + half)];
}

/** Clopper and Pearson's exact interval. n = 0 gives [0, 1]. */
export function clopperPearson(k: number, n: number, level = 0.95): Interval {
  assertCounts(k, n, level);
  const tail = (1 - level) / 2;
  return [k === 0 ? 0 : betaQuantile(tail, k, n - k + 1), k === n ? 1 : betaQuantile(1 - tail, k + 1, n - k)];
}

/** k of n with Wilson's interval. */
export const proportion = (k: number, n: number, level = 0.95): Proportion => ({ k, n, value: n === 0 ? undefined : k / n, interval: wilson(k, n, level) });

function assertCounts(k: number, n: number, level: number): void {
  assert(Number.isInteger(k) && Number.isInteger(n) && k >= 0 && k <= n, 'k of n: whole numbers, 0 ≤ k ≤ n');
  assert(level > 0 && level < 1, 'a level lies strictly between 0 and 1');
}
