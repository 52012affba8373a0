/** Intervals against published values: Newcombe, Two-sided confidence intervals for the single proportion, Stat Med 1998, Table I. */
import { describe, expect, test } from 'vitest';
import { betaCdf, normalQuantile } from '../../src/evaluation/distributions.ts';
import { clopperPearson, proportion, wilson } from '../../src/evaluation/intervals.ts';

const PUBLISHED = [
  { k: 81, n: 263, score: [0.2553, 0.3662], exact: [0.2527, 0.3676] },
  { k: 15, n: 148, score: [0.0624, 0.1605], exact: [0.0578, 0.1617] },
  { k: 0, n: 20, score: [0, 0.1611], exact: [0, 0.1684] },
  { k: 1, n: 29, score: [0.0061, 0.1718], exact: [0.0009, 0.1776] },
];

describe('intervals of a proportion', () => {
  test.each(PUBLISHED)('$k of $n as Newcombe has it', ({ k, n, score, exact }) => {
    expect(wilson(k, n).map((end) => end.toFixed(4))).toEqual(score.map((end) => end.toFixed(4)));
    expect(clopperPearson(k, n).map((end) => end.toFixed(4))).toEqual(exact.map((end) => end.toFixed(4)));
  });

  test('mirrored, touching the ends exactly, and the exact one wider wherever it matters', () => {
    for (const n of [1, 2, 7, 50, 1000]) {
      expect(wilson(0, n)[0]).toBe(0);
      expect(wilson(n, n)[1]).toBe(1);
      expect(clopperPearson(0, n)[1]).toBeCloseTo(1 - 0.025 ** (1 / n), 10);
      for (const k of [0, Math.floor(n / 3), n]) {
        for (const interval of [wilson, clopperPearson]) {
          const [low, high] = interval(k, n);
          const [mirroredLow, mirroredHigh] = interval(n - k, n);
          expect(low).toBeCloseTo(1 - mirroredHigh, 10);
          expect(high).toBeCloseTo(1 - mirroredLow, 10);
          expect(low).toBeLessThanOrEqual(k / n);
          expect(high).toBeGreaterThanOrEqual(k / n);
        }
      }
    }
  });

  test('a higher level is wider; nothing of nothing says nothing', () => {
    expect(wilson(7, 20, 0.99)[1]).toBeGreaterThan(wilson(7, 20, 0.9)[1]);
    expect(clopperPearson(7, 20, 0.99)[0]).toBeLessThan(clopperPearson(7, 20, 0.9)[0]);
    expect(proportion(0, 0)).toEqual({ k: 0, n: 0, value: undefined, interval: [0, 1] });
    expect(clopperPearson(0, 0)).toEqual([0, 1]);
    for (const [k, n] of [[3, 2], [-1, 2], [0.5, 2]] as const) expect(() => wilson(k, n)).toThrow();
  });

  test('Clopper and Pearson never cover less than they say', () => {
    const n = 12;
    for (const p of [0.03, 0.2, 0.5, 0.77]) {
      let covered = 0;
      let choose = 1;
      for (let k = 0; k <= n; k += 1) {
        const [low, high] = clopperPearson(k, n);
        if (low <= p && p <= high) covered += choose * p ** k * (1 - p) ** (n - k);
        choose = (choose * (n - k)) / (k + 1);
      }
      expect(covered).toBeGreaterThanOrEqual(0.95);
    }
  });
});

test('the distributions at tabled points', () => {
  expect(normalQuantile(0.975)).toBeCloseTo(1.959963985, 7);
  expect(normalQuantile(0.001)).toBeCloseTo(-3.090232306, 7);
  expect(normalQuantile(0.5)).toBeCloseTo(0, 12);
  expect(betaCdf(0.5, 2, 2)).toBeCloseTo(0.5, 12);
  expect(betaCdf(0.3, 1, 1)).toBeCloseTo(0.3, 12);
  // 1 − (1 − x)^b for a = 1; and, by the binomial, P(Beta(2, 4) ≤ ½) = P(Bin(5, ½) ≥ 2) = 26/32.
  expect(betaCdf(0.2, 1, 5)).toBeCloseTo(1 - 0.8 ** 5, 12);
  expect(betaCdf(0.5, 2, 4)).toBeCloseTo(26 / 32, 12);
});
