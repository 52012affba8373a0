/**
 * Contours of a small field of numbers by marching squares with linear interpolation: closed polygons around what
 * reaches a level. PURE. The field is framed with cells far below the level, so every contour closes.
 * Holes come out as polygons too (they are dropped: a region on a film is pointed at, not cut out).
 */
import type { Polygon } from '../study/types.ts';

export interface Field {
  readonly columns: number;
  readonly rows: number;
  readonly values: Float32Array;
}

type Point = readonly [number, number];

/** Polygons in cell coordinates: the centre of cell (c, r) is (c + 0.5, r + 0.5). Largest area first. */
export function contourPolygons(field: Field, level: number): readonly Polygon[] {
  const polygons = joinSegments(cellSegments(field, level)).filter((polygon) => signedArea(polygon) > 0);
  return polygons.sort((a, b) => signedArea(b) - signedArea(a));
}

/** Whether the point lies inside, by counting the edges to its right. */
export function holdsPoint(polygon: Polygon, px: number, py: number): boolean {
  let odd = false;
  for (const [i, [x, y]] of polygon.entries()) {
    const [nextX, nextY] = polygon[(i + 1) % polygon.length] as Point;
    if (y > py !== nextY > py && px < ((nextX - x) * (py - y)) / (nextY - y) + x) odd = !odd;
  }
  return odd;
}

/** Twice the area, positive when what is inside lies above the level (see the winding in `cellSegments`). */
function signedArea(polygon: Polygon): number {
  let sum = 0;
  for (const [i, [x, y]] of polygon.entries()) {
    const [nextX, nextY] = polygon[(i + 1) % polygon.length] as Point;
    sum += x * nextY - nextX * y;
  }
  return sum;
}

interface Segment {
  readonly from: string;
  readonly to: string;
  readonly start: Point;
}

/** Segments with the high side on the right-hand side when y points down: outer contours have positive area. */
function cellSegments({ columns, rows, values }: Field, level: number): Map<string, Segment> {
  const at = (c: number, r: number): number => {
    if (c < 0 || r < 0 || c >= columns || r >= rows) return -Infinity;
    const value = values[r * columns + c] ?? -Infinity;
    return Number.isFinite(value) ? value : -Infinity;
  };
  const segments = new Map<string, Segment>();
  for (let r = -1; r < rows; r += 1) {
    for (let c = -1; c < columns; c += 1) {
      const corners = [at(c, r), at(c + 1, r), at(c + 1, r + 1), at(c, r + 1)] as const;
      const above = corners.map((v) => v >= level);
      if (above.every((a) => a) || above.every((a) => !a)) continue;
      const middle = corners.every(Number.isFinite) ? corners.reduce((a, b) => a + b, 0) / 4 >= level : false;
      for (const [fromEdge, toEdge] of EDGES[(above[0] ? 1 : 0) | (above[1] ? 2 : 0) | (above[2] ? 4 : 0) | (above[3] ? 8 : 0)]?.[middle ? 1 : 0] ?? []) {
        const start = edgePoint(fromEdge, c, r, corners, level);
        const from = edgeName(fromEdge, c, r);
        segments.set(from, { from, to: edgeName(toEdge, c, r), start });
      }
    }
  }
  return segments;
}

/** Edge 0 top, 1 right, 2 bottom, 3 left of the square between four cell centres. */
type Edge = 0 | 1 | 2 | 3;
type Pairs = readonly (readonly [Edge, Edge])[];
const both = (pairs: Pairs): readonly [Pairs, Pairs] => [pairs, pairs];
/** By corner bits (1 upper left, 2 upper right, 4 lower right, 8 lower left); second entry when the middle is above. */
const EDGES: readonly (readonly [Pairs, Pairs])[] = [
  both([]),
  both([[0, 3]]),
  both([[1, 0]]),
  both([[1, 3]]),
  both([[2, 1]]),
  [[[0, 3], [2, 1]], [[0, 1], [2, 3]]],
  both([[2, 0]]),
  both([[2, 3]]),
  both([[3, 2]]),
  both([[0, 2]]),
  [[[1, 0], [3, 2]], [[3, 0], [1, 2]]],
  both([[1, 2]]),
  both([[3, 1]]),
  both([[0, 1]]),
  both([[3, 0]]),
  both([]),
];

function edgeName(edge: Edge, c: number, r: number): string {
  if (edge === 0) return `h${c},${r}`;
  if (edge === 2) return `h${c},${r + 1}`;
  return edge === 3 ? `v${c},${r}` : `v${c + 1},${r}`;
}

/** Outside the field there is no number to interpolate with: the contour runs half a cell out, on the field's edge. */
function edgePoint(edge: Edge, c: number, r: number, corners: readonly [number, number, number, number], level: number): Point {
  const [a, b] = edge === 0 ? [0, 1] : edge === 1 ? [1, 2] : edge === 2 ? [3, 2] : [0, 3];
  const low = corners[a as 0] as number;
  const high = corners[b as 0] as number;
  const t = Number.isFinite(low) && Number.isFinite(high) ? (level - low) / (high - low) : 0.5;
  const x = c + 0.5;
  const y = r + 0.5;
  if (edge === 0) return [x + t, y];
  if (edge === 2) return [x + t, y + 1];
  return edge === 3 ? [x, y + t] : [x + 1, y + t];
}

function joinSegments(segments: Map<string, Segment>): Polygon[] {
  const polygons: Polygon[] = [];
  while (segments.size > 0) {
    const [first] = segments.values();
    const polygon: Point[] = [];
    for (let segment = first; segment !== undefined; segment = segments.get(segment.to)) {
      polygon.push(segment.start);
      segments.delete(segment.from);
    }
    if (polygon.length >= 3) polygons.push(polygon);
  }
  return polygons;
}

/** At most `pointCountMax` points: Douglas–Peucker with a tolerance that grows until they fit. */
export function simplifyPolygon(polygon: Polygon, tolerance: number, pointCountMax: number): Polygon {
  for (let reach = tolerance; ; reach *= 1.6) {
    const simple = simplifyClosed(polygon, reach);
    if (simple.length <= pointCountMax) return simple;
  }
}

function simplifyClosed(polygon: Polygon, tolerance: number): Polygon {
  const origin = polygon[0];
  if (origin === undefined || polygon.length <= 4) return polygon;
  let far = 0;
  for (const [i, p] of polygon.entries()) if (distance(p, origin) > distance(polygon[far] as Point, origin)) far = i;
  const there = simplifyOpen(polygon.slice(0, far + 1), tolerance);
  const back = simplifyOpen([...polygon.slice(far), origin], tolerance);
  const simple = [...there.slice(0, -1), ...back.slice(0, -1)];
  // A sliver narrower than the tolerance would end as a line: keep its widest point.
  return simple.length >= 3 ? simple : [origin, polygon[Math.floor(far / 2)] as Point, polygon[far] as Point, polygon[Math.floor((far + polygon.length) / 2)] as Point];
}

function simplifyOpen(line: readonly Point[], tolerance: number): readonly Point[] {
  const start = line[0];
  const end = line.at(-1);
  if (start === undefined || end === undefined || line.length <= 2) return line;
  let widest = 0;
  let off = 0;
  for (let i = 1; i < line.length - 1; i += 1) {
    const d = distanceToLine(line[i] as Point, start, end);
    if (d > off) [widest, off] = [i, d];
  }
  if (off <= tolerance) return [start, end];
  return [...simplifyOpen(line.slice(0, widest + 1), tolerance).slice(0, -1), ...simplifyOpen(line.slice(widest), tolerance)];
}

const distance = (a: Point, b: Point): number => Math.hypot(a[0] - b[0], a[1] - b[1]);

function distanceToLine(p: Point, a: Point, b: Point): number {
  const length = distance(a, b);
  if (length === 0) return distance(p, a);
  return Math.abs((b[0] - a[0]) * (a[1] - p[1]) - (a[0] - p[0]) * (b[1] - a[1])) / length;
}
