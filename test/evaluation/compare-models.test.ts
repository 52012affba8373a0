/** Two models side by side, against counting by hand and DeLong's variance by its definition. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/evaluation/bootstrap.ts';
import { compareModels, kappaOf, mcNemar } from '../../src/evaluation/compare-models.ts';
import type { PairedFilm } from '../../src/evaluation/compare-models.ts';

const film = (a: number, b: number, positive?: boolean, name = `${a}/${b}`): PairedFilm => ({ name, scores: [a, b], flagged: [a >= 50, b >= 50], ...(positive === undefined ? {} : { positive }) });

function draw(seed: number, count: number, betterB = 0): PairedFilm[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, i) => {
    const positive = random() < 0.4;
    const common = random() + (positive ? 0.4 : 0);
    const score = (lift: number): number => Math.round((common + random() * 0.6 + (positive ? lift : 0)) * 40);
    return film(score(0), score(betterB), positive, `film ${i}`);
  });
}

test('flags, agreement beyond chance, workload', () => {
  const films = [film(90, 80), film(80, 90), film(70, 20), film(10, 60), film(10, 70), film(5, 80), film(10, 20), film(20, 10), film(30, 10), film(40, 30)];
  const { flags, kappa, flaggedShares, workload, filmCount } = compareModels(films, 3);
  expect(filmCount).toBe(10);
  expect(flags).toEqual({ both: 2, onlyA: 1, onlyB: 3, neither: 4 });
  // Seen 0.6; by chance 0.3·0.5 + 0.7·0.5 = 0.5.
  expect(kappa).toBeCloseTo(0.2, 10);
  expect(flaggedShares).toEqual([0.3, 0.5]);
  // 1 of 4 or fewer, both sides: 2·(1 + 4)/16.
  expect(workload.p).toBeCloseTo(0.625, 10);
});

test.each([
  [0, 0, 1],
  [0, 5, 0.0625],
  [5, 0, 0.0625],
  [3, 3, 1],
  [1, 9, 22 / 1024],
])('McNemar of %d and %d is %d', (onlyA, onlyB, p) => expect(mcNemar(onlyA, onlyB)).toBeCloseTo(p, 10));

test('McNemar of thousands does not overflow', () => expect(mcNemar(4000, 4000)).toBe(1));

test('kappa is 1 where both say the same, 0 where only chance agrees', () => {
  expect(kappaOf({ both: 5, onlyA: 0, onlyB: 0, neither: 0 })).toBe(1);
  expect(kappaOf({ both: 25, onlyA: 25, onlyB: 25, neither: 25 })).toBe(0);
});

describe('scores', () => {
  test('another scale with the same order: ranks agree entirely', () => {
    const films = Array.from({ length: 40 }, (_, i) => film(i, Math.sqrt(i) * 10));
    const { spearman, pearson, differences } = compareModels(films, 5);
    expect(spearman).toBeCloseTo(1, 10);
    expect(pearson).toBeLessThan(1);
    expect(differences.every(({ rankDifference }) => rankDifference === 0)).toBe(true);
  });

  test('a model that always says the same correlates with nothing', () => {
    expect(compareModels([film(10, 50), film(20, 50)], 1)).toMatchObject({ pearson: 0, spearman: 0 });
  });

  test('the threshold of the new one for the same workload', () => {
    // a flags three of ten.
    const films = Array.from({ length: 10 }, (_, i) => film(i < 3 ? 90 - i : 10 + i, (10 - i) * 5, undefined, `film ${i}`));
    expect(compareModels(films, 1).sameWorkload).toEqual({ threshold: 40, flags: { both: 3, onlyA: 0, onlyB: 0, neither: 7 }, kappa: 1 });
  });

  test('the films on which they differ most come first', () => {
    const films = [...Array.from({ length: 20 }, (_, i) => film(i, i)), film(1, 19.5, undefined, 'up'), film(19.5, 1, undefined, 'down')];
    expect(compareModels(films, 2).differences.map(({ name }) => name).sort()).toEqual(['down', 'up']);
  });
});

describe('with the truth', () => {
  /** DeLong's variance of a difference by its definition: every pair counted, structural components, sample covariance. */
  function byDefinition(films: readonly PairedFilm[]): [number, number] {
    const cases = films.filter(({ positive }) => positive === true);
    const others = films.filter(({ positive }) => positive === false);
    const win = (a: number, b: number): number => (a > b ? 1 : a === b ? 0.5 : 0);
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    const v10 = [0, 1].map((m) => cases.map((c) => mean(others.map((o) => win(c.scores[m] as number, o.scores[m] as number)))));
    const v01 = [0, 1].map((m) => others.map((o) => mean(cases.map((c) => win(c.scores[m] as number, o.scores[m] as number)))));
    const covariance = (x: readonly number[], y: readonly number[]): number => x.reduce((sum, value, i) => sum + (value - mean(x)) * ((y[i] as number) - mean(y)), 0) / (x.length - 1);
    const s = (m: number, k: number): number => covariance(v10[m] as number[], v10[k] as number[]) / cases.length + covariance(v01[m] as number[], v01[k] as number[]) / others.length;
    return [mean(v10[1] as number[]) - mean(v10[0] as number[]), Math.sqrt(s(0, 0) + s(1, 1) - 2 * s(0, 1))];
  }

  test('the paired difference of areas and DeLong\'s interval', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 10_000 }), (seed) => {
      const films = draw(seed, 60, 0.1);
      const [difference, deviation] = byDefinition(films);
      const { truth } = compareModels(films, 0);
      expect(truth?.method).toBe('DeLong');
      expect(truth?.aucDifference).toBeCloseTo(difference, 9);
      expect(truth?.aucDifferenceInterval[0]).toBeCloseTo(Math.max(-1, difference - 1.959964 * deviation), 5);
      expect(truth?.aucDifferenceInterval[1]).toBeCloseTo(Math.min(1, difference + 1.959964 * deviation), 5);
    }), { numRuns: 20 });
  });

  test('a plainly better model is told from its elder, a copy is not', () => {
    expect(compareModels(draw(3, 400, 0.5), 0).truth?.aucDifferenceInterval[0]).toBeGreaterThan(0);
    const copies = draw(4, 200).map((one) => ({ ...one, scores: [one.scores[0], one.scores[0]] as const, flagged: [one.flagged[0], one.flagged[0]] as const }));
    expect(compareModels(copies, 0).truth).toMatchObject({ aucDifference: 0, aucDifferenceInterval: [0, 0], cases: { onlyA: 0, onlyB: 0, p: 1 } });
  });

  test('films of one patient: a wider interval, by drawing patients', () => {
    const films = draw(5, 50, 0.3);
    const repeated = films.flatMap((one, i) => Array.from({ length: 4 }, () => ({ ...one, patient: `p${i}` })));
    const width = (given: readonly PairedFilm[]): number => {
      const [low, high] = compareModels(given, 0).truth?.aucDifferenceInterval ?? [0, 0];
      return high - low;
    };
    const blind = repeated.map(({ patient: _, ...one }) => one);
    expect(compareModels(repeated, 0).truth?.method).toBe('bootstrap over patients');
    expect(width(repeated)).toBeGreaterThan(1.5 * width(blind));
  });

  test('cases and others that only one flags are counted apart', () => {
    const films = [film(60, 40, true), film(40, 60, true), film(40, 60, true), film(60, 10, false), film(70, 20, false), film(10, 10, false)];
    expect(compareModels(films, 0).truth).toMatchObject({ cases: { onlyA: 1, onlyB: 2 }, others: { onlyA: 2, onlyB: 0, p: 0.5 }, caseCount: 3, nonCaseCount: 3 });
  });

  test('without truth, or with one class alone, nothing is said of it', () => {
    expect(compareModels([film(1, 2), film(3, 4)], 0).truth).toBeUndefined();
    expect(compareModels([film(1, 2, true), film(3, 4, true)], 0).truth).toBeUndefined();
  });
});
