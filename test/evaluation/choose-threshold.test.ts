/** Choosing a site's threshold: numbers by hand, properties for any films, and every refusal. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/evaluation/bootstrap.ts';
import { chooseThreshold, measureWith, pickThreshold } from '../../src/evaluation/choose-threshold.ts';
import type { CalibrationFilm, Proposal, Refusal, Wish } from '../../src/evaluation/choose-threshold.ts';
import { crossValidate } from '../../src/evaluation/cross-validation.ts';
import { clopperPearson } from '../../src/evaluation/intervals.ts';
import { patientGroups } from '../../src/evaluation/patient-groups.ts';
import { countNeeded } from '../../src/evaluation/sample-size.ts';
import { thresholdCosts } from '../../src/evaluation/threshold-costs.ts';

const wantSensitivity = (sensitivity: number): Wish => ({ kind: 'sensitivity', sensitivity });

/** Cases around `high`, others around 30, one decimal as models give them. */
function drawFilms(seed: number, cases: number, others: number, { high = 60, spread = 40, ...patient }: { high?: number; spread?: number; patientSex?: string; patientAgeYears?: number } = {}): CalibrationFilm[] {
  const random = seededRandom(seed);
  const score = (centre: number): number => Math.round(Math.min(100, Math.max(0, centre + (random() + random() - 1) * spread)) * 10) / 10;
  return [...Array.from({ length: cases }, () => ({ positive: true, score: score(high), ...patient })), ...Array.from({ length: others }, () => ({ positive: false, score: score(30), ...patient }))];
}
function proposed(films: readonly CalibrationFilm[], wish: Wish, options: { margin?: number; groups?: ReturnType<typeof patientGroups> } = {}): Proposal {
  const choice = chooseThreshold(films, wish, { margin: 0.1, ...options });
  if (choice.kind === 'refused') throw new Error(choice.text);
  return choice;
}
const refused = (films: readonly CalibrationFilm[], wish: Wish, margin = 0.1): Refusal => {
  const choice = chooseThreshold(films, wish, { margin });
  if (choice.kind === 'proposed') throw new Error('not refused');
  return choice;
};

describe('how many are needed', () => {
  // scipy.stats.beta.ppf(0.025, k, n − k + 1) with k = ceil(share·n), searched from above.
  test.each([
    [0.9, 0.1, 62],
    [0.9, 0.05, 201],
    [0.95, 0.05, 141],
    [0.8, 0.1, 86],
    [0.5, 0.1, 103],
    [0.98, 0.1, 29],
  ])('a share of %d known to −%d needs %d', (share, margin, count) => {
    expect(countNeeded(share, margin)).toBe(count);
    // By hand at the last count that fails: 55 of 61 has the lower bound 0.7981.
    const k = Math.ceil(share * (count - 1) - 1e-9);
    expect(clopperPearson(k, count - 1)[0]).toBeLessThan(share - margin);
  });

  test('a wider margin never needs more', () => {
    fc.assert(fc.property(fc.integer({ min: 50, max: 99 }), fc.integer({ min: 5, max: 30 }), fc.integer({ min: 1, max: 20 }), (share, margin, more) => {
      expect(countNeeded(share / 100, (margin + more) / 100)).toBeLessThanOrEqual(countNeeded(share / 100, margin / 100));
    }), { numRuns: 60 });
  });
});

describe('the threshold', () => {
  const films = [90, 80, 70, 60, 50].map((score) => ({ score, positive: true })).concat([75, 40, 30].map((score) => ({ score, positive: false })));

  test.each([
    [1, 50],
    [0.9, 50],
    [0.8, 60],
    [0.6, 70],
    [0.2, 90],
  ])('five cases at 90, 80, 70, 60, 50: for a sensitivity of %d it is %d', (sensitivity, threshold) => {
    expect(pickThreshold(films, wantSensitivity(sensitivity))).toBe(threshold);
  });

  test.each([
    [0.5, 70],
    [0.375, 75],
    [0.37, 80],
    [1, 30],
    [0.1, undefined],
  ])('of eight films a share of %d may be flagged: from %s', (flagged, threshold) => {
    expect(pickThreshold(films, { kind: 'flagged', flagged })).toBe(threshold);
  });

  test('films that share a score are flagged together or not at all', () => {
    const tied = [50, 50, 50, 20].map((score) => ({ score, positive: false }));
    expect(pickThreshold(tied, { kind: 'flagged', flagged: 0.5 })).toBeUndefined();
    expect(pickThreshold(tied, { kind: 'flagged', flagged: 0.75 })).toBe(50);
  });

  const anyFilms = fc.array(fc.record({ score: fc.integer({ min: 0, max: 40 }).map((score) => score * 2.5), positive: fc.boolean() }), { minLength: 1, maxLength: 60 });

  test('a lower wanted sensitivity never gives a lower threshold, and each reaches what was wanted', () => {
    fc.assert(fc.property(anyFilms, fc.double({ min: 0.01, max: 1, noNaN: true }), fc.double({ min: 0.01, max: 1, noNaN: true }), (drawn, one, other) => {
      const [low, high] = [Math.min(one, other), Math.max(one, other)];
      const cases = drawn.filter((film) => film.positive);
      fc.pre(cases.length > 0);
      const [loose, strict] = [pickThreshold(drawn, wantSensitivity(low)) as number, pickThreshold(drawn, wantSensitivity(high)) as number];
      expect(loose).toBeGreaterThanOrEqual(strict);
      expect(cases.filter((film) => film.score >= strict).length / cases.length).toBeGreaterThanOrEqual(high - 1e-9);
    }));
  });

  test('a smaller workload never gives a lower threshold, none is exceeded, and one score lower would exceed it', () => {
    fc.assert(fc.property(anyFilms, fc.double({ min: 0.01, max: 1, noNaN: true }), (drawn, flagged) => {
      const threshold = pickThreshold(drawn, { kind: 'flagged', flagged });
      const share = (from: number): number => drawn.filter((film) => film.score >= from).length / drawn.length;
      const below = drawn.map(({ score }) => score).filter((score) => score < (threshold ?? Infinity));
      if (threshold !== undefined) expect(share(threshold)).toBeLessThanOrEqual(flagged + 1e-9);
      if (below.length > 0) expect(share(Math.max(...below))).toBeGreaterThan(flagged);
    }));
  });

  test('the workload is told by all films of the site where they are known, not by the labelled ones', () => {
    const labelled = drawFilms(1, 110, 110);
    const everybody = Array.from({ length: 1000 }, (_, i) => i / 10);
    expect(proposed(labelled, { kind: 'flagged', flagged: 0.25, scores: everybody }).thresholds.common).toBe(75);
  });
});

describe('refusals', () => {
  test('too few: 40 cases and 50 others; the numbers that are needed are named', () => {
    const answer = refused(drawFilms(1, 40, 50), wantSensitivity(0.9));
    expect(answer).toMatchObject({ code: 'too-few', caseCount: 40, nonCaseCount: 50, casesNeeded: 62, nonCasesNeeded: 103 });
    expect(answer.text).toMatch(/62 cases \(here: 40\) and 103 patients without the disease \(here: 50\)/);
  });

  test('exactly as many as are needed are enough, one fewer is not', () => {
    expect(proposed(drawFilms(1, 62, 103), wantSensitivity(0.9)).caseCount).toBe(62);
    expect(refused(drawFilms(1, 61, 103), wantSensitivity(0.9)).code).toBe('too-few');
    expect(refused(drawFilms(1, 62, 102), wantSensitivity(0.9)).code).toBe('too-few');
  });

  test('five films of one patient count once', () => {
    const films = drawFilms(1, 70, 120).map((film, i) => ({ ...film, patient: film.positive ? `p${i % 14}` : `q${i}` }));
    expect(refused(films, wantSensitivity(0.9))).toMatchObject({ code: 'too-few', caseCount: 14 });
  });

  test('a workload needs films enough to tell it by', () => {
    expect(refused(drawFilms(1, 110, 110), { kind: 'flagged', flagged: 0.15 }).text).toMatch(/248 films to tell the workload by, to half of that \(here: 220\)/);
  });

  test.each([
    ['no cases', drawFilms(1, 0, 200), 'no-cases'],
    ['nothing but cases', drawFilms(1, 200, 0), 'no-non-cases'],
    ['scores that separate nothing', drawFilms(3, 100, 150, { high: 30 }), 'no-separation'],
    ['truth the wrong way round', drawFilms(3, 100, 150).map((film) => ({ ...film, positive: !film.positive })).concat(drawFilms(5, 5, 5)), 'wrong-way'],
  ])('%s', (_what, films, code) => {
    expect(refused(films, wantSensitivity(0.9)).code).toBe(code);
  });

  test('one score for everybody separates nothing', () => {
    expect(refused(drawFilms(1, 100, 150).map((film) => ({ ...film, score: 50 })), wantSensitivity(0.9)).code).toBe('no-separation');
  });
});

describe('groups', () => {
  const women = drawFilms(11, 80, 130, { high: 55, patientSex: 'F', patientAgeYears: 30 });
  const men = drawFilms(12, 90, 140, { high: 70, patientSex: 'M', patientAgeYears: 60 });
  const unknown = drawFilms(13, 5, 20);
  const films = [...women, ...men, ...unknown];

  test('each large enough group has its own threshold, the others the common one, and it is said why', () => {
    const proposal = proposed(films, wantSensitivity(0.9), { groups: patientGroups(['age', 'sex']) });
    const own = proposal.groups.filter(({ threshold }) => threshold !== undefined).map(({ label }) => label);
    expect(own).toEqual(['F, under 35 years', 'M, 55 years and over']);
    expect(proposal.groups.find(({ label }) => label === 'F, 35–54 years')?.whyCommon).toBe('too few: 62 cases and 103 others are needed');
    expect(proposal.thresholds.groups.map(({ threshold }) => threshold)).toEqual([pickThreshold(women, wantSensitivity(0.9)), pickThreshold(men, wantSensitivity(0.9))]);
    // Women here score lower: one number for all would miss more of them.
    expect(proposal.thresholds.groups[0]?.threshold).toBeLessThan(proposal.thresholds.groups[1]?.threshold as number);
  });

  test('the common threshold is chosen on those who are left, where they are enough: all together find what was wanted', () => {
    const old = drawFilms(21, 70, 120, { high: 75, patientSex: 'M', patientAgeYears: 60 });
    const young = drawFilms(22, 40, 80, { high: 50, patientSex: 'M', patientAgeYears: 30 });
    const women30 = drawFilms(23, 40, 80, { high: 52, patientSex: 'F', patientAgeYears: 30 });
    const women60 = drawFilms(24, 40, 80, { high: 54, patientSex: 'F', patientAgeYears: 60 });
    const everybody = [...old, ...young, ...women30, ...women60];
    const proposal = proposed(everybody, wantSensitivity(0.9), { groups: patientGroups(['age', 'sex'], [45]) });
    expect(proposal.thresholds.groups).toMatchObject([{ sex: 'M', ageYearsMin: 45 }]);
    expect(proposal.plan.commonFrom).toBe('rest');
    expect(proposal.thresholds.common).toBe(pickThreshold([...young, ...women30, ...women60], wantSensitivity(0.9)));
    // The one number for everybody is higher, as the old men's high scores are among its cases: with it the rest would fall short.
    expect(proposal.forAll).toBeGreaterThan(proposal.thresholds.common);
    expect(proposal.apparent.sensitivity.value).toBeGreaterThanOrEqual(0.9);
    const few = proposed([...old, ...young], wantSensitivity(0.9), { groups: patientGroups(['age', 'sex'], [45]) });
    expect(few.plan).toMatchObject({ commonFrom: 'everybody' });
    expect(few.thresholds.common).toBe(few.forAll);
  });

  test('films are judged by the threshold of their group, those of nobody knows whom by the common one', () => {
    const thresholds = { common: 50, groups: [{ sex: 'F' as const, threshold: 40 }] };
    const three = [{ score: 45, positive: true, patientSex: 'F' }, { score: 45, positive: true, patientSex: 'M' }, { score: 50, positive: true }];
    expect(measureWith(three, thresholds)).toMatchObject({ truePositives: 2, falseNegatives: 1, threshold: 50 });
  });

  test('bands by age, by sex, by both', () => {
    expect(patientGroups([])).toEqual([]);
    expect(patientGroups(['sex'])).toEqual([{ sex: 'F' }, { sex: 'M' }]);
    expect(patientGroups(['age'], [40])).toEqual([{ ageYearsMin: 0, ageYearsBelow: 40 }, { ageYearsMin: 40 }]);
    expect(patientGroups(['sex', 'age'])).toHaveLength(6);
  });
});

describe('what to expect of the next films', () => {
  const FOR_ALL = { own: [], commonFrom: 'everybody' } as const;

  test('cross-validated sensitivity is below the apparent one on the average of many sites, and near what was wanted', () => {
    const sites = Array.from({ length: 30 }, (_, seed) => {
      const films = drawFilms(100 + seed, 70, 110);
      return { apparent: proposed(films, wantSensitivity(0.9)).apparent.sensitivity.value ?? 0, crossed: crossValidate(films, wantSensitivity(0.9), FOR_ALL).sensitivity };
    });
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    const [apparent, crossed] = [mean(sites.map((site) => site.apparent)), mean(sites.map((site) => site.crossed))];
    expect(apparent).toBeCloseTo(0.9, 2);
    // The 63rd of 70 order statistics: a new case lies above it with the chance 63/71 = 0.887.
    expect(crossed).toBeLessThan(apparent);
    expect(crossed).toBeGreaterThan(0.86);
  });

  test('without leaking: a patient\'s films are all left out together', () => {
    // One patient has half of the cases, all low: on its own films the threshold is chosen by the others, which are high.
    const films: CalibrationFilm[] = [
      ...Array.from({ length: 50 }, (_, i) => ({ score: 20 + i / 10, positive: true, patient: 'one' })),
      ...Array.from({ length: 50 }, (_, i) => ({ score: 80 + i / 10, positive: true, patient: `p${i}` })),
      ...Array.from({ length: 100 }, (_, i) => ({ score: 10 + i / 10, positive: false, patient: `q${i}` })),
    ];
    expect(crossValidate(films, wantSensitivity(0.9), FOR_ALL).sensitivity).toBeCloseTo(0.5, 1);
  });

  test('twenty films of each patient do not narrow the interval', () => {
    const once = drawFilms(7, 80, 120).map((film, i) => ({ ...film, patient: `P${i}` }));
    const copied = once.flatMap((film) => Array.from({ length: 20 }, () => film));
    const width = ([low, high]: readonly [number, number]): number => high - low;
    expect(width(crossValidate(copied, wantSensitivity(0.9), FOR_ALL).sensitivityInterval)).toBeCloseTo(width(crossValidate(once, wantSensitivity(0.9), FOR_ALL).sensitivityInterval), 1);
  });

  test('the same films give the same figures', () => {
    const films = drawFilms(7, 80, 120);
    expect(crossValidate(films, wantSensitivity(0.9), FOR_ALL)).toEqual(crossValidate(films, wantSensitivity(0.9), FOR_ALL));
  });
});

test('what each threshold costs: missed, in vain, tests for each case found', () => {
  const films = [90, 60, 40, 20].map((score) => ({ score, positive: true })).concat([70, 45, 10].map((score) => ({ score, positive: false })));
  const costs = thresholdCosts(films, [{ name: 'shipped', common: 50, groups: [] }, { name: 'proposed', common: 40, groups: [] }], 40);
  expect(costs.map(({ name, at, missedCases, extraTests, testsPerCaseFound }) => [name, at.threshold, missedCases, extraTests, testsPerCaseFound])).toEqual([
    ['', 30, 1, 2, 5 / 3],
    ['', 35, 1, 2, 5 / 3],
    ['proposed', 40, 1, 2, 5 / 3],
    ['', 45, 2, 2, 2],
    ['shipped', 50, 2, 1, 1.5],
  ]);
});
