/**
 * What each threshold would have cost on these films: cases missed, further tests of people without the disease, tests
 * for each case that is found. The shipped threshold, the one in force, the proposed one, and a few around it. PURE.
 */
import { measureWith } from './choose-threshold.ts';
import type { CalibrationFilm, Thresholds } from './choose-threshold.ts';
import type { ThresholdRow } from './operating-points.ts';

export interface ThresholdCost {
  readonly name: string;
  readonly at: ThresholdRow;
  readonly missedCases: number;
  /** Flagged without the disease. */
  readonly extraTests: number;
  /** Everybody flagged is tested; undefined where no case is found. */
  readonly testsPerCaseFound?: number;
}

export interface NamedThresholds extends Thresholds {
  readonly name: string;
}

/** Points to either side of the proposed threshold. */
const AROUND: readonly number[] = [-10, -5, 5, 10];

export function thresholdCosts(films: readonly CalibrationFilm[], named: readonly NamedThresholds[], proposed: number): readonly ThresholdCost[] {
  const around = AROUND.map((points) => Math.round((proposed + points) * 10) / 10)
    .filter((threshold) => threshold > 0 && threshold < 100 && !named.some(({ common, groups }) => common === threshold && groups.length === 0))
    .map((common): NamedThresholds => ({ name: '', common, groups: [] }));
  return [...named, ...around].map((one) => costOf(films, one)).toSorted((a, b) => a.at.threshold - b.at.threshold);
}

export function costOf(films: readonly CalibrationFilm[], { name, ...thresholds }: NamedThresholds): ThresholdCost {
  const at = measureWith(films, thresholds);
  const { truePositives, falsePositives, falseNegatives } = at;
  return {
    name,
    at,
    missedCases: falseNegatives,
    extraTests: falsePositives,
    ...(truePositives === 0 ? {} : { testsPerCaseFound: (truePositives + falsePositives) / truePositives }),
  };
}
