/** FROC by hand: what finds a place, what is false, what counts neither way. */
import { describe, expect, test } from 'vitest';
import { finds, frocOf, overlap, pointing } from '../../src/evaluation/froc.ts';
import type { MarkedFilm } from '../../src/evaluation/froc.ts';

const box = (x: number, y: number, size: number, score = 50) => ({ x, y, width: size, height: size, score });
const place = (x: number, y: number, size: number) => ({ x, y, width: size, height: size });

test('a box finds a place by its centre or by overlapping a fifth', () => {
  expect(overlap(place(0, 0, 10), place(5, 0, 10))).toBeCloseTo(50 / 150, 12);
  expect(overlap(place(0, 0, 10), place(20, 0, 10))).toBe(0);
  expect(finds(box(40, 40, 20), place(0, 0, 100))).toBe(true);
  // A tenth of the union, centre outside.
  expect(finds(box(90, 0, 100), place(0, 0, 100))).toBe(false);
  // A much larger box around the place: the centre is beside it, and the overlap too small.
  expect(finds(box(0, 0, 100), place(60, 60, 30))).toBe(false);
  expect(finds(box(5, 5, 100), place(0, 0, 100))).toBe(true);
});

describe('FROC', () => {
  const films: readonly MarkedFilm[] = [
    // Two places: one found at 90 (again at 80: counts neither way), the other at 40; a false box at 60.
    { places: [place(0, 0, 20), place(100, 100, 20)], boxes: [box(0, 0, 20, 90), box(2, 2, 20, 80), box(300, 300, 20, 60), box(100, 100, 20, 40)] },
    // A negative film with one false box.
    { places: [], boxes: [box(10, 10, 10, 70)] },
    { places: [], boxes: [] },
    // Never found.
    { places: [place(0, 0, 20)], boxes: [] },
  ];

  test('by hand', () => {
    const froc = frocOf(films)!;
    expect(froc).toMatchObject({ filmCount: 4, placeCount: 3 });
    expect(froc.points).toEqual([
      { threshold: 90, falseBoxesPerFilm: 0, sensitivity: 1 / 3 },
      { threshold: 70, falseBoxesPerFilm: 0.25, sensitivity: 1 / 3 },
      { threshold: 60, falseBoxesPerFilm: 0.5, sensitivity: 1 / 3 },
      { threshold: 40, falseBoxesPerFilm: 0.5, sensitivity: 2 / 3 },
    ]);
    expect(Object.fromEntries(froc.at.map((at) => [at.falseBoxesPerFilm, at.sensitivity]))).toEqual({ 0.125: 1 / 3, 0.25: 1 / 3, 0.5: 2 / 3, 1: 2 / 3, 2: 2 / 3, 4: 2 / 3 });
    for (const { sensitivity, interval } of froc.at) {
      expect(interval![0]).toBeLessThanOrEqual(sensitivity);
      expect(interval![1]).toBeGreaterThanOrEqual(sensitivity);
    }
    expect(frocOf(films)).toEqual(froc);
  });

  test('one box on two places finds the better one only', () => {
    const froc = frocOf([{ places: [place(0, 0, 100), place(10, 10, 80)], boxes: [box(10, 10, 80, 90)] }])!;
    expect(froc.points).toEqual([{ threshold: 90, falseBoxesPerFilm: 0, sensitivity: 0.5 }]);
  });

  test('without marked places there is none', () => {
    expect(frocOf([{ places: [], boxes: [box(0, 0, 5)] }])).toBeUndefined();
  });
});

test('pointing counts films with a place only', () => {
  expect(pointing([
    { hottest: { x: 10, y: 10 }, places: [place(0, 0, 20)] },
    { hottest: { x: 50, y: 10 }, places: [place(0, 0, 20), place(60, 0, 20)] },
    { hottest: { x: 50, y: 10 }, places: [] },
  ])).toMatchObject({ k: 1, n: 2 });
});
