/**
 * Predictive values at a prevalence other than the sample's: by Bayes' rule from sensitivity and specificity. A labelled
 * folder nearly always holds more positives than a waiting room, and its own PPV then promises too much.
 * Intervals: Mercaldo, Lau and Zhou (Stat Med 2007) on the logit scale, half a film added where a count is 0. PURE.
 */
import assert from 'node:assert';
import { normalQuantile } from './distributions.ts';
import type { Interval } from './intervals.ts';

export interface PredictiveValue {
  /** Undefined where nothing (for the PPV) or everything (for the NPV) would be flagged. */
  readonly value: number | undefined;
  readonly interval: Interval;
}

export interface PredictiveValues {
  /** 0–1. */
  readonly prevalence: number;
  readonly ppv: PredictiveValue;
  readonly npv: PredictiveValue;
}

export interface Counts {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly trueNegatives: number;
}

/** `prevalence` strictly between 0 and 1. */
export function predictiveValuesAt(counts: Counts, prevalence: number, level = 0.95): PredictiveValues {
  assert(prevalence > 0 && prevalence < 1, 'a prevalence lies strictly between 0 and 1');
  const { truePositives: tp, falsePositives: fp, falseNegatives: fn, trueNegatives: tn } = counts;
  const [p, q] = [prevalence, 1 - prevalence];
  if (tp + fn === 0 || tn + fp === 0) return { prevalence, ppv: UNKNOWN, npv: UNKNOWN };
  const [sensitivity, specificity] = [tp / (tp + fn), tn / (tn + fp)];
  const ppv = share(sensitivity * p, (1 - specificity) * q);
  const npv = share(specificity * q, (1 - sensitivity) * p);
  // Corrected counts only for the intervals: the logit of 0 or 1 has none.
  const corrected = [tp, fp, fn, tn].some((count) => count === 0) ? 0.5 : 0;
  const [positives, negatives] = [tp + fn + 2 * corrected, tn + fp + 2 * corrected];
  const [se, sp] = [(tp + corrected) / positives, (tn + corrected) / negatives];
  const z = normalQuantile((1 + level) / 2);
  const around = (odds: number, variance: number): Interval => [logistic(Math.log(odds) - z * Math.sqrt(variance)), logistic(Math.log(odds) + z * Math.sqrt(variance))];
  return {
    prevalence,
    ppv: { value: ppv, interval: ppv === undefined ? [0, 1] : around((se * p) / ((1 - sp) * q), (1 - se) / (se * positives) + sp / ((1 - sp) * negatives)) },
    npv: { value: npv, interval: npv === undefined ? [0, 1] : around((sp * q) / ((1 - se) * p), se / ((1 - se) * positives) + (1 - sp) / (sp * negatives)) },
  };
}

const UNKNOWN: PredictiveValue = { value: undefined, interval: [0, 1] };
const share = (right: number, wrong: number): number | undefined => (right + wrong === 0 ? undefined : right / (right + wrong));
const logistic = (x: number): number => 1 / (1 + Math.exp(-x));
