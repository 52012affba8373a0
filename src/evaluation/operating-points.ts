/**
 * What a threshold does: who is flagged, sensitivity, specificity and predictive values with intervals; and which
 * threshold does what is wanted. A film is flagged when its score is at or above the threshold.
 *
 * A threshold chosen on these films looks a little better on them than it will on the next ones; the shipped one does not.
 * Intervals are Wilson's; where patients have several films, the bootstrap over patients (and Wilson's of as many
 * patients where every replicate agrees). PURE.
 */
import { bootstrapIntervals, hasRepeatedPatients } from './bootstrap.ts';
import type { BootstrapOptions } from './bootstrap.ts';
import { proportion, wilson } from './intervals.ts';
import type { Proportion } from './intervals.ts';
import { predictiveValuesAt } from './predictive-values.ts';
import type { Counts, PredictiveValues } from './predictive-values.ts';
import { rocOf } from './roc.ts';
import type { ScoredFilm } from './roc.ts';

/** WHO's target product profile of a triage test for tuberculosis (2014): what it must at least reach. */
export const WHO_TRIAGE = { sensitivity: 0.9, specificity: 0.7 } as const;

export interface ThresholdRow extends Counts {
  readonly threshold: number;
  readonly sensitivity: Proportion;
  readonly specificity: Proportion;
  /** In this sample: they change with its share of positives. */
  readonly ppv: Proportion;
  readonly npv: Proportion;
  /** The reading room's load. */
  readonly flagged: Proportion;
  readonly atPrevalence?: PredictiveValues;
}

export interface MeasureOptions extends BootstrapOptions {
  /** 0–1: predictive values are also given at it. */
  readonly prevalence?: number;
}

export function measureAt(films: readonly ScoredFilm[], threshold: number, options: MeasureOptions = {}): ThresholdRow {
  const row = rowOf(countAt(films, threshold), threshold, options);
  const patients = films.map((film) => film.patient);
  return hasRepeatedPatients(patients) ? clustered(row, films, patients, options) : row;
}

/** Where a film's own threshold depends on its patient (a site's threshold by sex and age). `threshold` is the common one, which the row shows. */
export function measureJudged<Film extends ScoredFilm>(films: readonly Film[], threshold: number, thresholdOf: (film: Film) => number, options: MeasureOptions = {}): ThresholdRow {
  const judged = films.map((film): ScoredFilm => ({ ...film, score: film.score >= thresholdOf(film) ? 1 : 0 }));
  return { ...measureAt(judged, 1, options), threshold };
}

function countAt(films: readonly ScoredFilm[], threshold: number): Counts {
  const counts = { truePositives: 0, falsePositives: 0, falseNegatives: 0, trueNegatives: 0 };
  for (const film of films) counts[film.score >= threshold ? (film.positive ? 'truePositives' : 'falsePositives') : film.positive ? 'falseNegatives' : 'trueNegatives'] += 1;
  return counts;
}

function rowOf(counts: Counts, threshold: number, { level = 0.95, prevalence }: MeasureOptions): ThresholdRow {
  const { truePositives: tp, falsePositives: fp, falseNegatives: fn, trueNegatives: tn } = counts;
  return {
    threshold,
    ...counts,
    sensitivity: proportion(tp, tp + fn, level),
    specificity: proportion(tn, tn + fp, level),
    ppv: proportion(tp, tp + fp, level),
    npv: proportion(tn, tn + fn, level),
    flagged: proportion(tp + fp, tp + fp + fn + tn, level),
    ...(prevalence === undefined ? {} : { atPrevalence: predictiveValuesAt(counts, prevalence, level) }),
  };
}

const PROPORTIONS = ['sensitivity', 'specificity', 'ppv', 'npv', 'flagged'] as const;

function clustered(row: ThresholdRow, films: readonly ScoredFilm[], patients: readonly (string | undefined)[], options: MeasureOptions): ThresholdRow {
  const cellOf = Uint8Array.from(films, (film) => (film.positive ? 0 : 2) + (film.score >= row.threshold ? 0 : 1));
  const cells = new Float64Array(4);
  const intervals = bootstrapIntervals(patients, (weights) => {
    cells.fill(0);
    for (let i = 0; i < cellOf.length; i += 1) cells[cellOf[i]!]! += weights[i]!;
    const [tp, fn, fp, tn] = cells as unknown as [number, number, number, number];
    return [ratio(tp, tp + fn), ratio(tn, tn + fp), ratio(tp, tp + fp), ratio(tn, tn + fn), ratio(tp + fp, tp + fn + fp + tn)];
  }, options);
  const kinds: Readonly<Record<(typeof PROPORTIONS)[number], (cell: number) => boolean>> = {
    sensitivity: (cell) => cell < 2, specificity: (cell) => cell >= 2, ppv: (cell) => cell % 2 === 0, npv: (cell) => cell % 2 === 1, flagged: () => true,
  };
  const widened = PROPORTIONS.map((name, at): [string, Proportion] => {
    const own = row[name];
    const interval = intervals[at];
    if (interval !== undefined && interval[1] > interval[0]) return [name, { ...own, interval }];
    const patientCount = new Set(patients.map((patient, i) => patient ?? i).filter((_, i) => kinds[name](cellOf[i]!))).size;
    return [name, { ...own, interval: wilson(Math.round((own.value ?? 0) * patientCount), patientCount, options.level) }];
  });
  return { ...row, ...Object.fromEntries(widened) };
}

const ratio = (k: number, n: number): number | undefined => (n === 0 ? undefined : k / n);

/** Every distinct score as a threshold, highest first. Intervals are Wilson's: thousands of rows are not resampled. */
export function thresholdTable(films: readonly ScoredFilm[], options: MeasureOptions = {}): ThresholdRow[] {
  const positives = films.filter((film) => film.positive).length;
  const negatives = films.length - positives;
  return rocOf(films).slice(1).map(({ threshold, truePositives, falsePositives }) =>
    rowOf({ truePositives, falsePositives, falseNegatives: positives - truePositives, trueNegatives: negatives - falsePositives }, threshold, options));
}

/** The highest threshold that still finds so many of the positives; undefined without positives. */
export function thresholdForSensitivity(films: readonly ScoredFilm[], sensitivity: number): number | undefined {
  const point = rocOf(films).find((each) => each.sensitivity >= sensitivity - 1e-12);
  return point === undefined || !Number.isFinite(point.threshold) ? undefined : point.threshold;
}

export interface TriageVerdict {
  /** There is a threshold at which these films reach both. */
  readonly met: boolean;
  /** Both intervals lie above what is asked: unlikely to be luck. */
  readonly certain: boolean;
  /** At the highest threshold that reaches the sensitivity. */
  readonly at: ThresholdRow;
}

/** `at`: measured at the highest threshold that reaches the wanted sensitivity. Undefined where a class is missing. */
export function judgeTriage(at: ThresholdRow | undefined, wanted = WHO_TRIAGE): TriageVerdict | undefined {
  if (at === undefined || at.sensitivity.value === undefined || at.specificity.value === undefined) return undefined;
  const { sensitivity, specificity } = at;
  return {
    met: sensitivity.value! >= wanted.sensitivity - 1e-12 && specificity.value! >= wanted.specificity,
    certain: sensitivity.interval[0] >= wanted.sensitivity && specificity.interval[0] >= wanted.specificity,
    at,
  };
}
