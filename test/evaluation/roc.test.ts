/** ROC and AUC against counting by hand, and the properties that hold for any scores. */
import { describe, expect, test } from 'vitest';
import { bootstrapIntervals, seededRandom } from '../../src/evaluation/bootstrap.ts';
import { normalQuantile } from '../../src/evaluation/distributions.ts';
import { aucInterval, aucIntervalOf, aucOf, rocOf } from '../../src/evaluation/roc.ts';
import type { ScoredFilm } from '../../src/evaluation/roc.ts';

const films = (positives: readonly number[], negatives: readonly number[]): ScoredFilm[] => [
  ...positives.map((score) => ({ score, positive: true })),
  ...negatives.map((score) => ({ score, positive: false })),
];

/** Scores with ties, positives higher on the whole. */
function drawFilms(seed: number, count: number, prevalence = 0.4): ScoredFilm[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => {
    const positive = random() < prevalence;
    return { positive, score: Math.round(20 * (random() + random() + (positive ? 0.5 : 0))) };
  });
}

/** Every pair counted: slow and plainly right. */
function aucByPairs(drawn: readonly ScoredFilm[]): number {
  let [wins, pairs] = [0, 0];
  for (const a of drawn) for (const b of drawn) if (a.positive && !b.positive) [wins, pairs] = [wins + (a.score > b.score ? 1 : a.score === b.score ? 0.5 : 0), pairs + 1];
  return wins / pairs;
}

const trapezoids = (drawn: readonly ScoredFilm[]): number => {
  const points = rocOf(drawn);
  return points.slice(1).reduce((area, point, i) => area + ((points[i]!.specificity - point.specificity) * (point.sensitivity + points[i]!.sensitivity)) / 2, 0);
};

describe('ROC', () => {
  test('by hand: 80 and 40 positive, 60 and 40 negative', () => {
    expect(rocOf(films([80, 40], [60, 40]))).toEqual([
      { threshold: Number.POSITIVE_INFINITY, truePositives: 0, falsePositives: 0, sensitivity: 0, specificity: 1 },
      { threshold: 80, truePositives: 1, falsePositives: 0, sensitivity: 0.5, specificity: 1 },
      { threshold: 60, truePositives: 1, falsePositives: 1, sensitivity: 0.5, specificity: 0.5 },
      { threshold: 40, truePositives: 2, falsePositives: 2, sensitivity: 1, specificity: 0 },
    ]);
    // Pairs: 80>60, 80>40, 40<60, 40=40.
    expect(aucOf(films([80, 40], [60, 40]))).toBe(2.5 / 4);
  });

  test.each([1, 2, 3, 4, 5])('ranks, pairs and trapezoids agree (seed %i)', (seed) => {
    const drawn = drawFilms(seed, 80);
    expect(aucOf(drawn)).toBeCloseTo(aucByPairs(drawn), 12);
    expect(aucOf(drawn)).toBeCloseTo(trapezoids(drawn), 12);
  });

  test.each([6, 7, 8])('only the order of scores counts, and swapped classes give 1 − AUC (seed %i)', (seed) => {
    const drawn = drawFilms(seed, 60);
    const auc = aucOf(drawn)!;
    expect(aucOf(drawn.map((film) => ({ ...film, score: Math.exp(film.score / 9) - 3 })))).toBeCloseTo(auc, 12);
    expect(aucOf(drawn.map((film) => ({ ...film, positive: !film.positive })))).toBeCloseTo(1 - auc, 12);
    expect(aucOf(drawn.toReversed())).toBeCloseTo(auc, 12);
    const swapped = aucInterval(drawn.map((film) => ({ ...film, positive: !film.positive })))!;
    expect(swapped[0]).toBeCloseTo(1 - aucInterval(drawn)![1], 10);
  });

  test('without one of the classes there is no AUC', () => {
    for (const drawn of [[], films([50], []), films([], [50])]) {
      expect(aucOf(drawn)).toBeUndefined();
      expect(aucInterval(drawn)).toBeUndefined();
    }
  });
});

describe('interval of the AUC', () => {
  test("DeLong's variance, from the placements counted pair by pair", () => {
    const drawn = drawFilms(11, 90);
    const positives = drawn.filter((film) => film.positive);
    const negatives = drawn.filter((film) => !film.positive);
    const win = (a: number, b: number): number => (a > b ? 1 : a === b ? 0.5 : 0);
    const auc = aucOf(drawn)!;
    const spread = (values: number[]): number => values.reduce((sum, value) => sum + (value - auc) ** 2, 0) / (values.length - 1) / values.length;
    const variance = spread(positives.map((p) => negatives.reduce((sum, n) => sum + win(p.score, n.score), 0) / negatives.length)) + spread(negatives.map((n) => positives.reduce((sum, p) => sum + win(p.score, n.score), 0) / positives.length));
    const half = (normalQuantile(0.975) * Math.sqrt(variance)) / (auc * (1 - auc));
    const logistic = (x: number): number => 1 / (1 + Math.exp(-x));
    const { interval, method } = aucIntervalOf(drawn)!;
    expect(method).toBe('DeLong');
    expect(interval[0]).toBeCloseTo(logistic(Math.log(auc / (1 - auc)) - half), 10);
    expect(interval[1]).toBeCloseTo(logistic(Math.log(auc / (1 - auc)) + half), 10);
  });

  test('perfect separation is not certainty: a width that shrinks with the films', () => {
    const few = aucIntervalOf(films([9, 8, 7, 9, 8], [1, 2, 3, 1, 2]))!;
    const many = aucIntervalOf(films(Array.from({ length: 200 }, () => 9), Array.from({ length: 200 }, () => 1)))!;
    expect(few).toMatchObject({ method: 'Newcombe', interval: [expect.any(Number), 1] });
    expect(few.interval[0]).toBeLessThan(0.8);
    expect(many.interval[0]).toBeGreaterThan(0.98);
    expect(many.interval[0]).toBeLessThan(1);
  });

  test('one film of a class: how its like would vary is not taken for nothing', () => {
    const one = aucIntervalOf(films([55], [90, 70, 60, ...Array.from({ length: 40 }, (_, i) => i)]))!;
    expect(one.method).toBe('Newcombe');
    expect(one.interval[1] - one.interval[0]).toBeGreaterThan(0.4);
  });

  test('films of the same patients say less: twenty copies of each do not narrow the interval', () => {
    const once = drawFilms(21, 60);
    const copied = once.flatMap((film, i) => Array.from({ length: 20 }, () => ({ ...film, patient: `P${i}` })));
    const clustered = aucIntervalOf(copied)!;
    expect(clustered.method).toBe('bootstrap over patients');
    const width = ([low, high]: readonly [number, number]): number => high - low;
    const independent = width(aucInterval(once)!);
    expect(width(clustered.interval)).toBeGreaterThan(independent * 0.85);
    expect(width(clustered.interval)).toBeLessThan(independent * 1.15);
    expect(width(aucInterval(copied.map(({ patient: _, ...film }) => film))!)).toBeLessThan(independent * 0.3);
    expect(aucIntervalOf(copied)).toEqual(clustered);
  });

  test('the interval covers the truth about as often as it says', () => {
    // Normal scores one apart: the true AUC is Φ(1/√2) = 0.7602.
    const random = seededRandom(5);
    let covered = 0;
    for (let round = 0; round < 400; round += 1) {
      const normal = (): number => normalQuantile(Math.min(1 - 1e-9, Math.max(1e-9, random())));
      const [low, high] = aucInterval(films(Array.from({ length: 25 }, () => normal() + 1), Array.from({ length: 25 }, normal)))!;
      if (low <= 0.7602 && 0.7602 <= high) covered += 1;
    }
    expect(covered / 400).toBeGreaterThan(0.92);
    expect(covered / 400).toBeLessThan(0.985);
  });
});

test('the bootstrap draws patients whole, as many as there are, and the same each time', () => {
  const patients = ['a', 'a', undefined, 'b', undefined];
  const totals = new Set<number>();
  const intervals = bootstrapIntervals(patients, (weights) => {
    expect(weights[0]).toBe(weights[1]);
    // Four patients are drawn: a's films count twice over.
    totals.add(weights[0]! + weights[2]! + weights[3]! + weights[4]!);
    return [weights[0], undefined];
  }, { replicates: 300 });
  expect([...totals]).toEqual([4]);
  expect(intervals).toEqual([[0, 3], undefined]);
});
