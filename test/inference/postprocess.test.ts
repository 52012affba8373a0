import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contourPolygons, simplifyPolygon } from '../../src/inference/contour.ts';
import type { Field } from '../../src/inference/contour.ts';
import { decodeCandidates, imageProbability, overlap, suppressOverlaps } from '../../src/inference/postprocess-boxes.ts';
import type { BoxesOutput } from '../../src/inference/postprocess-boxes.ts';
import { HEATMAP_SIDE_MAX, POLYGON_POINT_COUNT_MAX, heatField, hotRegion, toHeatmap } from '../../src/inference/postprocess-heatmap.ts';
import { activateScores, toPoints } from '../../src/inference/postprocess-scores.ts';
import type { Polygon } from '../../src/study/types.ts';

const field = (rows: readonly (readonly number[])[]): Field => ({ columns: rows[0]?.length ?? 0, rows: rows.length, values: Float32Array.from(rows.flat()) });

function area(polygon: Polygon): number {
  return polygon.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = polygon[(i + 1) % polygon.length] as readonly [number, number];
    return sum + x * nextY - nextX * y;
  }, 0) / 2;
}

function inside(polygon: Polygon, px: number, py: number): boolean {
  let odd = false;
  for (const [i, [x, y]] of polygon.entries()) {
    const [nextX, nextY] = polygon[(i + 1) % polygon.length] as readonly [number, number];
    if (y > py !== nextY > py && px < ((nextX - x) * (py - y)) / (nextY - y) + x) odd = !odd;
  }
  return odd;
}

describe('scores', () => {
  test('activations', () => {
    expect([...activateScores(Float32Array.of(0, 2), 'sigmoid')].map((v) => v.toFixed(4))).toEqual(['0.5000', '0.8808']);
    expect([...activateScores(Float32Array.of(1000, 1001), 'softmax')].map((v) => v.toFixed(4))).toEqual(['0.2689', '0.7311']);
    expect([...activateScores(Float32Array.of(0.25), 'none')]).toEqual([0.25]);
  });

  test('calibration is piecewise linear, flat beyond its ends, and one decimal', () => {
    const table = [[0.1, 0], [0.3, 50], [0.9, 100]] as const;
    expect([0, 0.1, 0.2, 0.3, 0.6, 0.95].map((p) => toPoints(p, table))).toEqual([0, 0, 25, 50, 75, 100]);
    expect(toPoints(0.12345, undefined)).toBe(12.3);
    expect(toPoints(1.00001, undefined)).toBe(100);
  });

  test('no number is no score', () => {
    expect(toPoints(Number.NaN, undefined)).toBeUndefined();
    expect(toPoints(Number.POSITIVE_INFINITY, undefined)).toBeUndefined();
  });
});

describe('contours', () => {
  test('one hot cell is a diamond around its centre', () => {
    const [polygon, ...others] = contourPolygons(field([[0, 0, 0], [0, 1, 0], [0, 0, 0]]), 0.5);
    expect(others).toEqual([]);
    expect(polygon).toHaveLength(4);
    expect(polygon).toEqual(expect.arrayContaining([[1, 1.5], [1.5, 1], [2, 1.5], [1.5, 2]]));
  });

  test('a field that is hot to its edges closes half a cell outside the centres', () => {
    const [polygon] = contourPolygons(field([[1, 1], [1, 1]]), 0.5);
    expect(area(polygon ?? [])).toBeGreaterThan(3);
    for (const [x, y] of polygon ?? []) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x).toBeLessThanOrEqual(2);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(y).toBeLessThanOrEqual(2);
    }
  });

  test('a ring gives its outer contour only, two islands give two, largest first', () => {
    const ring = contourPolygons(field([[1, 1, 1], [1, 0, 1], [1, 1, 1]]), 0.5);
    expect(ring).toHaveLength(1);
    const islands = contourPolygons(field([[1, 0, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]]), 0.5);
    expect(islands).toHaveLength(2);
    expect(area(islands[0] ?? [])).toBeGreaterThan(area(islands[1] ?? []));
  });

  test('in any field every cell centre is inside some contour exactly when it reaches the level (holes aside)', () => {
    const anyField = fc.array(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 5, maxLength: 5 }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(anyField, (rows) => {
        const polygons = contourPolygons(field(rows), 4.5);
        for (const polygon of polygons) expect(area(polygon)).toBeGreaterThan(0);
        for (const [r, row] of rows.entries()) {
          for (const [c, value] of row.entries()) {
            if (value > 4.5) expect(polygons.some((p) => inside(p, c + 0.5, r + 0.5))).toBe(true);
          }
        }
        // The other way round needs a cold cell that no contour encloses: the corners' own contours are enough.
        if (rows.every((row) => row.every((v) => v < 4.5))) expect(polygons).toEqual([]);
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  test('simplifying keeps the shape and the limit of points', () => {
    const circle: Polygon = Array.from({ length: 400 }, (_, i) => [10 + 8 * Math.cos((i / 400) * 2 * Math.PI), 10 + 8 * Math.sin((i / 400) * 2 * Math.PI)] as const);
    const simple = simplifyPolygon(circle, 0.1, 64);
    expect(simple.length).toBeLessThanOrEqual(64);
    expect(simple.length).toBeGreaterThan(8);
    expect(area(simple) / area(circle)).toBeGreaterThan(0.97);
    const tight = simplifyPolygon(circle, 0.001, 12);
    expect(tight.length).toBeLessThanOrEqual(12);
    expect(area(tight) / area(circle)).toBeGreaterThan(0.85);
  });
});

describe('heatmap', () => {
  const placement = { originX: 100, originY: 50, scaleX: 4, scaleY: 2 };
  const input = { width: 32, height: 32 };
  const picture = { width: 400, height: 300 };

  test('the hot area comes out in pixels of the picture', () => {
    // 4 × 4 cells over 32 × 32 input pixels over 128 × 64 picture pixels from (100, 50): cell (2, 1) is 164–196, 66–82.
    const heat = field([[0, 0, 0, 0], [0, 0, 0.8, 0], [0, 0, 0, 0], [0, 0, 0, 0]]);
    const [polygon] = hotRegion(heat, input, placement, picture);
    const xs = (polygon ?? []).map(([x]) => x);
    const ys = (polygon ?? []).map(([, y]) => y);
    expect((Math.min(...xs) + Math.max(...xs)) / 2).toBeCloseTo(180, 5);
    expect((Math.min(...ys) + Math.max(...ys)) / 2).toBeCloseTo(74, 5);
    expect(inside(polygon ?? [], 180, 74)).toBe(true);
    expect(toHeatmap(heat, input, placement).area).toEqual({ x: 100, y: 50, width: 128, height: 64 });
    expect([...Buffer.from(toHeatmap(heat, input, placement).cellsBase64, 'base64')][6]).toBe(204);
  });

  test('the part with the hottest cell comes first, however small', () => {
    const heat = field([[0.6, 0.6, 0, 0], [0.6, 0.6, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0.9]]);
    const regions = hotRegion(heat, input, placement, picture);
    expect(regions).toHaveLength(2);
    // Cell (3, 3): 196–228, 98–114.
    expect(inside(regions[0] ?? [], 212, 106)).toBe(true);
  });

  test('nothing hot gives no region; a letterboxed region is cut at the picture\'s edge', () => {
    expect(hotRegion(field([[0.1, 0.15], [0.1, 0.1]]), input, placement, picture)).toEqual([]);
    const [polygon] = hotRegion(field([[0.9, 0], [0, 0]]), input, { ...placement, originX: -30, originY: -10 }, picture);
    for (const [x, y] of polygon ?? []) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(y).toBeGreaterThanOrEqual(0);
    }
    expect(polygon?.length).toBeGreaterThan(2);
  });

  test('a large heatmap is pooled without losing its peak, and any region keeps to the limit of points', () => {
    const side = 512;
    const data = new Float32Array(side * side).map((_, i) => 0.3 + 0.2 * Math.sin(i * 12.9898) * Math.sin(i * 78.233));
    data[300 * side + 77] = 0.99;
    const pooled = heatField({ data, dims: [1, 1, side, side] }, 0, 0, 'none');
    expect(Math.max(pooled.columns, pooled.rows)).toBeLessThanOrEqual(HEATMAP_SIDE_MAX);
    expect(Math.max(...pooled.values)).toBeCloseTo(0.99, 5);
    for (const polygon of hotRegion(pooled, { width: side, height: side }, placement, { width: 4000, height: 4000 })) expect(polygon.length).toBeLessThanOrEqual(POLYGON_POINT_COUNT_MAX);
  });

  test('picture and plane are picked out of a batch', () => {
    const data = Float32Array.from([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]);
    expect([...heatField({ data, dims: [2, 2, 2, 2] }, 1, 0, 'none').values]).toEqual([2, 2, 2, 2]);
    expect([...heatField({ data, dims: [2, 2, 2, 2] }, 0, 1, 'none').values]).toEqual([1, 1, 1, 1]);
  });
});

describe('boxes', () => {
  const input = { width: 64, height: 64 };
  const base = { kind: 'boxes', name: 'out', activation: 'none', family: 'lung nodule', nmsIou: 0.3, maxBoxes: 10, insideLungs: false } as const;

  test('center-heatmap: local maxima, sizes in input pixels, offsets in cells', () => {
    const output: BoxesOutput = { ...base, format: 'center-heatmap', sizeName: 'size', offsetName: 'offset' };
    const heat = new Float32Array(16);
    heat[5] = 0.8;
    heat[6] = 0.7; // a neighbour of the peak is no peak
    heat[15] = 0.4;
    const size = new Float32Array(32).fill(10);
    size.fill(20, 16);
    const offset = new Float32Array(32).fill(0.25);
    const found = decodeCandidates(output, { out: { data: heat, dims: [1, 1, 4, 4] }, size: { data: size, dims: [1, 2, 4, 4] }, offset: { data: offset, dims: [1, 2, 4, 4] } }, 0, input);
    expect(found.map((c) => ({ ...c, probability: Number(c.probability.toFixed(3)) }))).toEqual([
      // cell (1, 1) + 0.25, 16 input pixels a cell: centre (20, 20)
      { x: 15, y: 10, width: 10, height: 20, probability: 0.8 },
      { x: 47, y: 42, width: 10, height: 20, probability: 0.4 },
    ]);
  });

  test('the probability of the picture: at least one of the best boxes is right', () => {
    const boxes = [0.5, 0.4, 0.2, 0.1].map((probability) => ({ probability }));
    expect(imageProbability(boxes, 1)).toBeCloseTo(0.5, 10);
    expect(imageProbability(boxes, 3)).toBeCloseTo(1 - 0.5 * 0.6 * 0.8, 10);
    expect(imageProbability(boxes.slice(0, 2), 3)).toBeCloseTo(0.7, 10);
    expect(imageProbability([], 3)).toBe(0);
    expect(imageProbability([{ probability: Number.NaN }], 3)).toBeNaN();
  });

  test('two equal neighbours are one peak; a flat field is not a field of peaks', () => {
    const output: BoxesOutput = { ...base, format: 'center-heatmap', sizeName: 'size' };
    const size = { data: new Float32Array(32).fill(8), dims: [1, 2, 4, 4] };
    const flat = decodeCandidates(output, { out: { data: new Float32Array(16).fill(0.5), dims: [1, 1, 4, 4] }, size }, 0, input);
    expect(flat).toHaveLength(1);
  });

  test('yolo: centre and size rows, then a row for each label; second picture of a batch', () => {
    const output: BoxesOutput = { ...base, format: 'yolo', index: 1, activation: 'sigmoid' };
    const one = [30, 10, 30, 10, 8, 4, 8, 4, -9, -9, 2, -2];
    const data = Float32Array.from([...new Array<number>(12).fill(0), ...one]);
    const found = decodeCandidates(output, { out: { data, dims: [2, 6, 2] } }, 1, input);
    expect(found.map(({ x, y, width, height }) => [x, y, width, height])).toEqual([[26, 26, 8, 8], [8, 8, 4, 4]]);
    expect(found[0]?.probability).toBeCloseTo(0.8808, 3);
  });

  test('xyxy-score: corners and scores of their own', () => {
    const output: BoxesOutput = { ...base, format: 'xyxy-score', scoresName: 'scores' };
    const boxes = { data: Float32Array.from([1, 2, 11, 22, 5, 5, 5, 9]), dims: [1, 2, 4] };
    const found = decodeCandidates(output, { out: boxes, scores: { data: Float32Array.of(0.6, 0.9), dims: [1, 2] } }, 0, input);
    // The second has no width and is no box.
    expect(found).toEqual([{ x: 1, y: 2, width: 10, height: 20, probability: expect.closeTo(0.6, 5) }]);
  });

  test('numbers that are none are no candidates', () => {
    const output: BoxesOutput = { ...base, format: 'xyxy-score', scoresName: 'scores' };
    const boxes = { data: Float32Array.from([1, 2, Number.NaN, 22, 1, 1, 9, 9]), dims: [1, 2, 4] };
    expect(decodeCandidates(output, { out: boxes, scores: { data: Float32Array.of(0.6, Number.NaN), dims: [1, 2] } }, 0, input)).toEqual([]);
  });

  test('suppression keeps the best of those that overlap, and at most as many as allowed', () => {
    const a = { x: 0, y: 0, width: 10, height: 10 };
    const b = { x: 2, y: 0, width: 10, height: 10 };
    const c = { x: 40, y: 0, width: 10, height: 10 };
    expect(overlap(a, b)).toBeCloseTo(80 / 120, 6);
    expect(suppressOverlaps([a, b, c], 0.5, 10)).toEqual([a, c]);
    expect(suppressOverlaps([a, b, c], 0.7, 10)).toEqual([a, b, c]);
    expect(suppressOverlaps([a, b, c], 0.5, 1)).toEqual([a]);
  });
});
