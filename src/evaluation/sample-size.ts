/**
 * How many films a share must be counted from before anything is chosen by it. The rule, stated in docs/models.md: when
 * just the wanted share is reached, Clopper and Pearson's exact lower bound (95 %, two-sided) may not lie more than
 * `margin` below it. Where the share is not known beforehand (a specificity) the worst case stands in, one half. PURE.
 */
import assert from 'node:assert';
import { clopperPearson, wilson } from './intervals.ts';

/** What `firstread calibrate` asks for where nobody says otherwise. */
export const MARGIN = 0.1;
/** A margin that needs more films than this is a typing error. */
export const MARGIN_MIN = 0.02;
/** Whatever it turns out to be. */
export const UNKNOWN_SHARE = 0.5;

/** From this count on the rule always holds; at a few smaller ones it holds by luck of rounding. */
export function countNeeded(share: number, margin: number, level = 0.95): number {
  assert(share > 0 && share < 1 && margin >= MARGIN_MIN && margin < 1, 'a share and a margin between 0 and 1');
  if (margin >= share) return 1;
  // The exact bound is wider than Wilson's by about one film: twice Wilson's count is beyond the last failure.
  let enough = 16;
  while (share - wilson(reached(share, enough), enough, level)[0] > margin) enough *= 2;
  let n = enough * 2;
  while (n > 1 && isPrecise(share, n - 1, margin, level)) n -= 1;
  return n;
}

const isPrecise = (share: number, n: number, margin: number, level: number): boolean =>
  n > 0 && clopperPearson(reached(share, n), n, level)[0] >= share - margin - 1e-9;

/** The fewest of n that reach the share. */
const reached = (share: number, n: number): number => Math.min(n, Math.ceil(share * n - 1e-9));
