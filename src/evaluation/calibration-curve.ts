/**
 * Does a score of 30 mean that three in ten are positive? Films in ten bins of score, the share of positives in each
 * with Wilson's interval; Brier's score; expected calibration error. It speaks of samples with this share of positives
 * only: where tuberculosis is rarer, the same scores mean less. PURE.
 */
import { proportion } from './intervals.ts';
import type { Proportion } from './intervals.ts';
import type { ScoredFilm } from './roc.ts';

export const BIN_COUNT = 10;

export interface CalibrationBin {
  /** Points, 0–100: from (inclusive) to (exclusive, but for the last bin). */
  readonly from: number;
  readonly to: number;
  readonly meanScore: number;
  readonly positives: Proportion;
}

export interface CalibrationCurve {
  /** Bins without films are left out. */
  readonly bins: readonly CalibrationBin[];
  /** Mean squared difference of score / 100 and truth: 0 is perfect, and the share of positives p alone gives p(1 − p). */
  readonly brier: number;
  readonly brierOfPrevalence: number;
  /** Mean distance of bin and diagonal, weighted by films, 0–1. */
  readonly expectedCalibrationError: number;
}

/** Undefined without films. */
export function calibrationCurve(films: readonly ScoredFilm[], level = 0.95): CalibrationCurve | undefined {
  if (films.length === 0) return undefined;
  const width = 100 / BIN_COUNT;
  const bins = Array.from({ length: BIN_COUNT }, (_, i) => ({ i, films: [] as ScoredFilm[] }));
  for (const film of films) bins[Math.min(BIN_COUNT - 1, Math.max(0, Math.floor(film.score / width)))]!.films.push(film);
  const filled = bins.filter((bin) => bin.films.length > 0).map(({ i, films: own }): CalibrationBin => ({
    from: i * width,
    to: (i + 1) * width,
    meanScore: mean(own.map((film) => film.score)),
    positives: proportion(own.filter((film) => film.positive).length, own.length, level),
  }));
  const prevalence = mean(films.map((film) => Number(film.positive)));
  return {
    bins: filled,
    brier: mean(films.map((film) => (film.score / 100 - Number(film.positive)) ** 2)),
    brierOfPrevalence: prevalence * (1 - prevalence),
    expectedCalibrationError: filled.reduce((sum, { meanScore, positives }) => sum + (positives.n / films.length) * Math.abs(meanScore / 100 - positives.value!), 0),
  };
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
