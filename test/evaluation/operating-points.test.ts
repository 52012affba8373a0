/** What a threshold does, by hand; and the thresholds that do what is wanted. */
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/evaluation/bootstrap.ts';
import { wilson } from '../../src/evaluation/intervals.ts';
import { judgeTriage, measureAt, measureJudged, thresholdForSensitivity, thresholdTable } from '../../src/evaluation/operating-points.ts';
import { predictiveValuesAt } from '../../src/evaluation/predictive-values.ts';
import type { ScoredFilm } from '../../src/evaluation/roc.ts';

const films = (positives: readonly number[], negatives: readonly number[]): ScoredFilm[] => [
  ...positives.map((score) => ({ score, positive: true })),
  ...negatives.map((score) => ({ score, positive: false })),
];
const TEN = films([90, 80, 70, 60, 20], [75, 50, 40, 30, 10]);

describe('at a threshold', () => {
  test('counts and shares by hand; a film at the threshold is flagged', () => {
    expect(measureAt(TEN, 60)).toMatchObject({
      threshold: 60, truePositives: 4, falseNegatives: 1, falsePositives: 1, trueNegatives: 4,
      sensitivity: { k: 4, n: 5, value: 0.8, interval: wilson(4, 5) },
      specificity: { k: 4, n: 5, value: 0.8 },
      ppv: { k: 4, n: 5, value: 0.8 },
      npv: { k: 4, n: 5, value: 0.8 },
      flagged: { k: 5, n: 10, value: 0.5 },
    });
    expect(measureAt(TEN, 60.1)).toMatchObject({ truePositives: 3, falsePositives: 1 });
  });

  test('nothing flagged has no PPV, and says so', () => {
    expect(measureAt(TEN, 101)).toMatchObject({ ppv: { n: 0, value: undefined, interval: [0, 1] }, npv: { k: 5, n: 10 } });
  });

  test('every distinct score is a row, and each row is what measureAt says', () => {
    const table = thresholdTable(TEN);
    expect(table.map((row) => row.threshold)).toEqual([90, 80, 75, 70, 60, 50, 40, 30, 20, 10]);
    for (const row of table) expect(row).toEqual(measureAt(TEN, row.threshold));
  });

  test('films of few patients: the interval widens, and does not collapse where all agree', () => {
    const random = seededRandom(3);
    const once = Array.from({ length: 40 }, (_, i) => ({ positive: i % 2 === 0, score: Math.floor(random() * 100) }));
    const copies = once.flatMap((film, i) => Array.from({ length: 10 }, () => ({ ...film, patient: `P${i}` })));
    const width = ({ interval: [low, high] }: { interval: readonly [number, number] }): number => high - low;
    const [single, clustered] = [measureAt(once, 50), measureAt(copies, 50)];
    const blind = measureAt(copies.map(({ patient: _, ...film }) => film), 50);
    expect(clustered.sensitivity.value).toBe(single.sensitivity.value);
    expect(width(clustered.sensitivity)).toBeGreaterThan(width(single.sensitivity) * 0.8);
    expect(width(blind.sensitivity)).toBeLessThan(width(single.sensitivity) * 0.5);
    const perfect = measureAt(films([9, 9, 9, 9], [1, 1, 1, 1]).map((film, i) => ({ ...film, patient: `P${Math.floor(i / 2)}` })), 5);
    // Four positive films of two patients: what two of two says.
    expect(perfect.sensitivity.interval).toEqual(wilson(2, 2));
  });
});

test('a threshold of their own for some films; the row shows the common one', () => {
  const row = measureJudged(TEN.map((film) => ({ ...film, own: film.positive ? 85 : 45 })), 60, (film) => film.own);
  expect(row).toMatchObject({ threshold: 60, truePositives: 1, falseNegatives: 4, falsePositives: 2, trueNegatives: 3 });
  expect(measureJudged(TEN, 60, () => 60)).toEqual(measureAt(TEN, 60));
});

describe('the threshold for a wanted sensitivity', () => {
  test('the highest that still finds so many', () => {
    expect(thresholdForSensitivity(TEN, 0.8)).toBe(60);
    expect(thresholdForSensitivity(TEN, 0.81)).toBe(20);
    expect(thresholdForSensitivity(TEN, 1)).toBe(20);
    expect(thresholdForSensitivity(films([], [1, 2]), 0.9)).toBeUndefined();
    // 9 of 10 is 90 %, whatever floating point makes of it.
    expect(thresholdForSensitivity(films([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], []), 0.9)).toBe(2);
  });

  test("WHO's target: reached, reached by luck perhaps, not reached", () => {
    const many = (n: number, score: number): number[] => Array.from({ length: n }, () => score);
    const judge = (drawn: ScoredFilm[]) => judgeTriage(measureAt(drawn, thresholdForSensitivity(drawn, 0.9)!));
    expect(judge(films([...many(97, 80), ...many(3, 10)], [...many(20, 90), ...many(80, 20)]))).toMatchObject({ met: true, certain: true, at: { threshold: 80 } });
    expect(judge(films([...many(9, 80), 10], [...many(2, 90), ...many(8, 20)]))).toMatchObject({ met: true, certain: false });
    expect(judge(TEN)).toMatchObject({ met: false, at: { threshold: 20, sensitivity: { value: 1 }, specificity: { value: 0.2 } } });
    expect(judge(films([1], []))).toBeUndefined();
  });
});

describe('predictive values elsewhere', () => {
  const counts = { truePositives: 90, falseNegatives: 10, falsePositives: 30, trueNegatives: 70 };

  test('Bayes by hand: 90/70 where one in a hundred is ill', () => {
    const { ppv, npv } = predictiveValuesAt(counts, 0.01);
    // Of 10,000: 90 of 100 ill and 2,970 of 9,900 others are flagged.
    expect(ppv.value).toBeCloseTo(90 / 3060, 12);
    expect(npv.value).toBeCloseTo(6930 / 6940, 12);
    expect(ppv.interval[0]).toBeLessThan(90 / 3060);
    expect(ppv.interval[1]).toBeGreaterThan(90 / 3060);
  });

  test("at the sample's own prevalence they are the sample's", () => {
    const { ppv, npv } = predictiveValuesAt(counts, 0.5);
    expect(ppv.value).toBeCloseTo(90 / 120, 12);
    expect(npv.value).toBeCloseTo(70 / 80, 12);
  });

  test("Mercaldo's worked formula, and counts of 0", () => {
    const { ppv } = predictiveValuesAt(counts, 0.5);
    const half = 1.959964 * Math.sqrt((1 - 0.9) / (0.9 * 100) + 0.7 / (0.3 * 100));
    expect(ppv.interval[1]).toBeCloseTo(1 / (1 + Math.exp(-(Math.log(0.9 / 0.3) + half))), 6);
    const perfect = predictiveValuesAt({ truePositives: 10, falseNegatives: 0, falsePositives: 0, trueNegatives: 10 }, 0.1);
    expect(perfect.ppv.value).toBe(1);
    expect(perfect.ppv.interval[0]).toBeLessThan(0.8);
    expect(predictiveValuesAt({ truePositives: 0, falseNegatives: 5, falsePositives: 0, trueNegatives: 5 }, 0.1).ppv.value).toBeUndefined();
    expect(() => predictiveValuesAt(counts, 1)).toThrow();
  });
});
