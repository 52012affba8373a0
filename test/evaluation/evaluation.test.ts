/** All that is measured of a folder together: refused films both ways, calibration, sub-groups, shortcuts, mistakes. */
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/evaluation/bootstrap.ts';
import { calibrationCurve } from '../../src/evaluation/calibration-curve.ts';
import { evaluateFilms } from '../../src/evaluation/evaluation.ts';
import type { EvaluatedFilm } from '../../src/evaluation/evaluation.ts';
import { findShortcuts } from '../../src/evaluation/shortcuts.ts';
import { ageBand, measureSubGroups } from '../../src/evaluation/sub-groups.ts';

const film = (name: string, positive: boolean, score: number | undefined, more: Partial<EvaluatedFilm> = {}): EvaluatedFilm => ({ name, positive, ...(score === undefined ? {} : { score }), boxes: [], groups: {}, sources: {}, ...more });

describe('evaluation', () => {
  const films = [film('a', true, 90), film('b', true, 60), film('c', true, 20), film('d', true, undefined), film('e', false, 70), film('f', false, 30), film('g', false, 10), film('h', false, undefined)];

  test('refused films: left out, and as not flagged', () => {
    const { scored, withRefused } = evaluateFilms(films, 50);
    expect(scored).toMatchObject({ filmCount: 6, positiveCount: 3, shipped: { truePositives: 2, falseNegatives: 1, falsePositives: 1, trueNegatives: 2 } });
    expect(withRefused).toMatchObject({ filmCount: 8, positiveCount: 4, refusedPositiveCount: 1, refusedNegativeCount: 1, shipped: { truePositives: 2, falseNegatives: 2, falsePositives: 1, trueNegatives: 3 } });
    // Pairs won, a refused film lying below all: a 4, b 3 of (70, 30, 10, refused), c 2, d half of one.
    expect(scored.auc?.value).toBeCloseTo((3 + 2 + 1) / 9, 12);
    expect(withRefused?.auc?.value).toBeCloseTo((4 + 3 + 2 + 0.5) / 16, 12);
    expect(evaluateFilms(films.filter((each) => each.score !== undefined), 50).withRefused).toBeUndefined();
  });

  test('mistakes by name, the worst first; histogram; JSON-safe', () => {
    const evaluation = evaluateFilms(films, 50);
    expect(evaluation.highestNegatives.map(({ name }) => name)).toEqual(['e', 'f', 'g']);
    expect(evaluation.lowestPositives[0]).toEqual({ name: 'c', score: 20 });
    expect(evaluation.histogram.positives[18]).toBe(1);
    expect(evaluation.histogram.positives.reduce((a, b) => a + b, 0)).toBe(3);
    expect(evaluateFilms([film('x', true, 100), film('y', false, 0)], 50).histogram).toMatchObject({ positives: expect.objectContaining({ 19: 1 }), negatives: expect.objectContaining({ 0: 1 }) });
    expect(JSON.parse(JSON.stringify(evaluation))).toMatchObject({ threshold: 50, scored: { filmCount: 6 } });
  });

  test('one class only: what can be said is said', () => {
    const evaluation = evaluateFilms([film('a', true, 90), film('b', true, 20)], 50);
    expect(evaluation.scored.auc).toBeUndefined();
    expect(evaluation.triage).toBeUndefined();
    expect(evaluation.scored.shipped.sensitivity).toMatchObject({ k: 1, n: 2 });
  });

  test('places: only where they are known; boxes give FROC, heat gives pointing', () => {
    const place = { x: 0, y: 0, width: 10, height: 10 };
    const marked = [film('a', true, 90, { places: [place], boxes: [{ ...place, score: 90 }], hottest: { x: 50, y: 5 } }), film('b', true, 80, { boxes: [{ ...place, score: 80 }] }), film('c', false, 10, { places: [], boxes: [{ ...place, score: 10 }] })];
    const { froc, pointing } = evaluateFilms(marked, 50);
    expect(froc).toMatchObject({ filmCount: 2, placeCount: 1, points: [{ threshold: 90, sensitivity: 1, falseBoxesPerFilm: 0 }, { threshold: 10, falseBoxesPerFilm: 0.5 }] });
    expect(pointing).toMatchObject({ k: 0, n: 1 });
    expect(evaluateFilms(films, 50)).not.toHaveProperty('froc');
  });
});

describe('calibration curve', () => {
  test('bins, Brier and calibration error by hand', () => {
    const curve = calibrationCurve([{ score: 0, positive: false }, { score: 5, positive: true }, { score: 95, positive: true }, { score: 100, positive: true }])!;
    expect(curve.bins).toMatchObject([{ from: 0, to: 10, meanScore: 2.5, positives: { k: 1, n: 2 } }, { from: 90, to: 100, meanScore: 97.5, positives: { k: 2, n: 2 } }]);
    expect(curve.brier).toBeCloseTo((0 + 0.95 ** 2 + 0.05 ** 2 + 0) / 4, 12);
    expect(curve.brierOfPrevalence).toBeCloseTo(0.75 * 0.25, 12);
    expect(curve.expectedCalibrationError).toBeCloseTo((0.475 + 0.025) / 2, 12);
    expect(calibrationCurve([])).toBeUndefined();
  });

  test('scores that are probabilities lie on the diagonal', () => {
    const random = seededRandom(9);
    const curve = calibrationCurve(Array.from({ length: 20_000 }, () => {
      const score = random() * 100;
      return { score, positive: random() * 100 < score };
    }))!;
    expect(curve.bins).toHaveLength(10);
    expect(curve.expectedCalibrationError).toBeLessThan(0.02);
  });
});

describe('sub-groups', () => {
  test('each with its own figures, the unknown last, the rare ones together', () => {
    const { groups } = measureSubGroups('sex', [
      { score: 90, positive: true, group: 'male' }, { score: 10, positive: false, group: 'male' }, { score: 80, positive: true, group: 'female' }, { score: 20, positive: true, group: undefined },
    ], 50);
    expect(groups.map(({ group, filmCount, positiveCount }) => [group, filmCount, positiveCount])).toEqual([['female', 1, 1], ['male', 2, 1], ['not known', 1, 1]]);
    expect(groups[1]).toMatchObject({ auc: { value: 1 }, atThreshold: { sensitivity: { k: 1, n: 1 }, specificity: { k: 1, n: 1 } } });
    expect(groups[0]).not.toHaveProperty('auc');
    const wards = Array.from({ length: 60 }, (_, i) => ({ score: i, positive: i % 2 === 0, group: i < 30 ? `ward ${i % 3}` : `ward ${i}` }));
    const many = measureSubGroups('ward', wards, 50).groups;
    expect(many).toHaveLength(12);
    expect(many.at(-1)!.group).toBe('all others');
    expect(many.reduce((sum, group) => sum + group.filmCount, 0)).toBe(60);
  });

  test('bands of age', () => {
    expect([0, 14.9, 15, 24, 64, 65, 101, undefined].map(ageBand)).toEqual(['0–14', '0–14', '15–24', '15–24', '55–64', '65 and over', '65 and over', undefined]);
  });
});

describe('shortcuts', () => {
  const from = (folder: (i: number) => string) => Array.from({ length: 40 }, (_, i) => ({ positive: i < 20, sources: { folder: folder(i) } }));

  test('all positives from one place, all negatives from another', () => {
    expect(findShortcuts(from((i) => (i < 20 ? 'sanatorium' : 'clinic')))).toEqual([{ source: 'folder', separation: 1, severity: 'all', positivesMostlyFrom: 'sanatorium', negativesMostlyFrom: 'clinic' }]);
  });

  test('most of them', () => {
    expect(findShortcuts(from((i) => (i < 16 || i >= 36 ? 'a' : 'b')))).toMatchObject([{ severity: 'much', separation: 0.8 }]);
  });

  test('not to say where from is a place too: only one class has a device', () => {
    const films = Array.from({ length: 40 }, (_, i) => ({ positive: i < 20, sources: i < 20 ? { device: 'D' } : { device: undefined } }));
    expect(findShortcuts(films)).toMatchObject([{ source: 'device', severity: 'all', positivesMostlyFrom: 'D', negativesMostlyFrom: 'not known' }]);
  });

  test('mixed, all from one, each from its own, or too few: no alarm', () => {
    expect(findShortcuts(from((i) => (i % 2 === 0 ? 'a' : 'b')))).toEqual([]);
    expect(findShortcuts(from(() => 'a'))).toEqual([]);
    expect(findShortcuts(from((i) => `${i}`))).toEqual([]);
    expect(findShortcuts(from((i) => (i < 20 ? 'a' : 'b')).slice(16, 24))).toEqual([]);
  });
});
