/**
 * The receiver operating characteristic of scores against truth. A film is flagged when its score is at or above the
 * threshold, as everywhere here. AUC is the chance that a positive film outranks a negative one, ties counting half
 * (Mann and Whitney); it equals the area under the trapezoids of `rocOf`.
 *
 * Intervals of the AUC: DeLong's variance (1988) on the logit scale; where it is zero (perfect separation) or half unknown
 * (one film of a class) Newcombe's score interval (2006, method 5); where patients have several films, the bootstrap over patients. PURE.
 */
import { bootstrapIntervals, hasRepeatedPatients } from './bootstrap.ts';
import type { BootstrapOptions } from './bootstrap.ts';
import { normalQuantile } from './distributions.ts';
import type { Interval } from './intervals.ts';

export interface ScoredFilm {
  readonly score: number;
  readonly positive: boolean;
  /** Equal for films of one patient; absent where nobody knows. */
  readonly patient?: string;
}

export interface RocPoint {
  /** Flagged at or above it. Infinity at the first point, where nothing is flagged. */
  readonly threshold: number;
  readonly truePositives: number;
  readonly falsePositives: number;
  /** 0–1; 0 where there are no positives. */
  readonly sensitivity: number;
  /** 0–1; 1 where there are no negatives. */
  readonly specificity: number;
}

/** From "nothing flagged" to "everything flagged": one point for each distinct score, thresholds falling. */
export function rocOf(films: readonly ScoredFilm[]): RocPoint[] {
  const sorted = films.toSorted((a, b) => b.score - a.score);
  const positives = films.filter((film) => film.positive).length;
  const negatives = films.length - positives;
  let [truePositives, falsePositives] = [0, 0];
  const pointAt = (threshold: number): RocPoint => ({
    threshold,
    truePositives,
    falsePositives,
    sensitivity: positives === 0 ? 0 : truePositives / positives,
    specificity: negatives === 0 ? 1 : 1 - falsePositives / negatives,
  });
  const points = [pointAt(Number.POSITIVE_INFINITY)];
  sorted.forEach((film, i) => {
    if (film.positive) truePositives += 1;
    else falsePositives += 1;
    if (sorted[i + 1]?.score !== film.score) points.push(pointAt(film.score));
  });
  return points;
}

/** The area under the curve by ranks; undefined where a class is missing. */
export function aucOf(films: readonly ScoredFilm[]): number | undefined {
  return weightedAuc(sortForAuc(films), undefined);
}

/** Undefined where a class is missing. `method` says which one it was: for the report. */
export function aucInterval(films: readonly ScoredFilm[], options: BootstrapOptions = {}): Interval | undefined {
  return aucIntervalOf(films, options)?.interval;
}

export function aucIntervalOf(films: readonly ScoredFilm[], options: BootstrapOptions = {}): { readonly interval: Interval; readonly method: 'DeLong' | 'Newcombe' | 'bootstrap over patients' } | undefined {
  const auc = aucOf(films);
  if (auc === undefined) return undefined;
  const level = options.level ?? 0.95;
  const patients = films.map((film) => film.patient);
  const variance = delongVariance(films);
  if (variance === undefined || variance < 1e-12 || auc <= 0 || auc >= 1) return { interval: newcombeInterval(auc, films, level), method: 'Newcombe' };
  if (hasRepeatedPatients(patients)) {
    const order = sortForAuc(films);
    const [interval] = bootstrapIntervals(patients, (weights) => [weightedAuc(order, weights)], options);
    if (interval !== undefined) return { interval, method: 'bootstrap over patients' };
  }
  const half = (normalQuantile((1 + level) / 2) * Math.sqrt(variance)) / (auc * (1 - auc));
  const logit = Math.log(auc / (1 - auc));
  return { interval: [logistic(logit - half), logistic(logit + half)], method: 'DeLong' };
}

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

/** The films by rising score, in columns: a bootstrap passes over them thousands of times. */
interface AucOrder {
  readonly places: Uint32Array;
  readonly scores: Float64Array;
  readonly positive: Uint8Array;
}

function sortForAuc(films: readonly ScoredFilm[]): AucOrder {
  const places = Uint32Array.from(films, (_, i) => i).sort((a, b) => films[a]!.score - films[b]!.score);
  return { places, scores: Float64Array.from(places, (place) => films[place]!.score), positive: Uint8Array.from(places, (place) => Number(films[place]!.positive)) };
}

/** One pass, ties together: O(n) for each replicate of a bootstrap. */
function weightedAuc({ places, scores, positive }: AucOrder, weights: Uint32Array | undefined): number | undefined {
  let [negativesBelow, positives, wins] = [0, 0, 0];
  for (let i = 0; i < places.length; ) {
    const score = scores[i]!;
    let [positivesHere, negativesHere] = [0, 0];
    for (; i < places.length && scores[i] === score; i += 1) {
      const weight = weights === undefined ? 1 : weights[places[i]!]!;
      if (positive[i] === 1) positivesHere += weight;
      else negativesHere += weight;
    }
    wins += positivesHere * (negativesBelow + negativesHere / 2);
    positives += positivesHere;
    negativesBelow += negativesHere;
  }
  return positives === 0 || negativesBelow === 0 ? undefined : wins / (positives * negativesBelow);
}

/** DeLong, DeLong and Clarke-Pearson, by mid-ranks (Sun and Xu 2014). Undefined with one film of a class: nobody knows how its like would vary. */
function delongVariance(films: readonly ScoredFilm[]): number | undefined {
  const positives = films.filter((film) => film.positive).map((film) => film.score);
  const negatives = films.filter((film) => !film.positive).map((film) => film.score);
  if (positives.length < 2 || negatives.length < 2) return undefined;
  const overPositives = placements(positives, negatives);
  const overNegatives = placements(negatives, positives).map((share) => 1 - share);
  return sampleVariance(overPositives) / positives.length + sampleVariance(overNegatives) / negatives.length;
}

/** For each score, the share of the others that it outranks, ties counting half. */
export function placements(scores: readonly number[], others: readonly number[]): number[] {
  const sorted = Float64Array.from(others).sort();
  return scores.map((score) => (firstAtLeast(sorted, score, false) + firstAtLeast(sorted, score, true)) / 2 / sorted.length);
}

/** How many of the sorted values lie below `score` (or, `inclusive`, at or below it). */
function firstAtLeast(sorted: Float64Array, score: number, inclusive: boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < score || (inclusive && sorted[middle] === score)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function sampleVariance(values: readonly number[]): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}

/** Newcombe's method 5: all areas whose own variance (Hanley and McNeil's) still allows the one that was seen. */
function newcombeInterval(auc: number, films: readonly ScoredFilm[], level: number): Interval {
  const z = normalQuantile((1 + level) / 2);
  const positives = films.filter((film) => film.positive).length;
  const negatives = films.length - positives;
  const n = films.length / 2 - 1;
  const deviation = (area: number): number => Math.sqrt((area * (1 - area) * (1 + (n * (1 - area)) / (2 - area) + (n * area) / (1 + area))) / (positives * negatives));
  const allowed = (area: number): boolean => Math.abs(auc - area) <= z * deviation(area);
  const edge = (end: 0 | 1): number => {
    if (auc === end) return end;
    let [inside, outside] = [auc, end as number];
    // Just inside the ends the deviation is tiny, so they are outside unless n is very small.
    for (let i = 0; i < 60; i += 1) {
      const middle = (inside + outside) / 2;
      if (allowed(middle)) inside = middle;
      else outside = middle;
    }
    return inside;
  };
  return [edge(0), edge(1)];
}
