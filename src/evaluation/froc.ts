/**
 * Free-response ROC: of the marked places, how many are found at so many false boxes a film. Criterion: a box finds a
 * place when its centre lies inside the true box, or when the two overlap by at least a fifth (intersection over union).
 * A place is found once; further boxes on a found place count neither way. All other boxes are false, on positive films
 * too. For heatmap models, which give no boxes: whether the hottest point lies in a true box ("pointing"). PURE.
 */
import { bootstrapIntervals } from './bootstrap.ts';
import type { BootstrapOptions } from './bootstrap.ts';
import { proportion } from './intervals.ts';
import type { Interval, Proportion } from './intervals.ts';

export const OVERLAP_MIN = 0.2;
export const FALSE_BOXES_PER_FILM = [0.125, 0.25, 0.5, 1, 2, 4] as const;

/** Pixels of the film. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface MarkedFilm {
  readonly boxes: readonly (Place & { readonly score: number })[];
  /** Empty on negative films. */
  readonly places: readonly Place[];
  readonly patient?: string;
}

export interface FrocPoint {
  readonly threshold: number;
  readonly falseBoxesPerFilm: number;
  readonly sensitivity: number;
}

export interface Froc {
  readonly filmCount: number;
  readonly placeCount: number;
  /** Thresholds falling; sensitivity and false boxes rising. */
  readonly points: readonly FrocPoint[];
  /** The best sensitivity at no more false boxes than these; intervals by the bootstrap over patients (or films). */
  readonly at: readonly { readonly falseBoxesPerFilm: number; readonly sensitivity: number; readonly interval: Interval | undefined }[];
}

/** Undefined without a marked place. */
export function frocOf(films: readonly MarkedFilm[], options: BootstrapOptions = {}): Froc | undefined {
  const placeCount = films.reduce((sum, film) => sum + film.places.length, 0);
  if (placeCount === 0) return undefined;
  // In columns, best box first: the bootstrap walks over them hundreds of times.
  const marks = films.flatMap((film, at) => judgeBoxes(film).map((mark) => ({ ...mark, film: at }))).sort((a, b) => b.score - a.score);
  const filmOf = Uint32Array.from(marks, (mark) => mark.film);
  const hit = Uint8Array.from(marks, (mark) => Number(mark.hit));
  const lastOfItsScore = Uint8Array.from(marks, (mark, i) => Number(marks[i + 1]?.score !== mark.score));
  const placesOn = Uint32Array.from(films, (film) => film.places.length);
  const walk = (weights: Uint32Array, visit: (mark: number, falseBoxesPerFilm: number, sensitivity: number) => void): void => {
    let [filmWeight, places, found, wrong] = [0, 0, 0, 0];
    for (let i = 0; i < weights.length; i += 1) {
      filmWeight += weights[i]!;
      places += weights[i]! * placesOn[i]!;
    }
    if (places === 0) return;
    for (let i = 0; i < filmOf.length; i += 1) {
      const weight = weights[filmOf[i]!]!;
      if (hit[i] === 1) found += weight;
      else wrong += weight;
      if (lastOfItsScore[i] === 1) visit(i, wrong / filmWeight, found / places);
    }
  };
  /** Undefined where no place was drawn. */
  const bestAt = (weights: Uint32Array): (number | undefined)[] => {
    const best = FALSE_BOXES_PER_FILM.map((): number => 0);
    if (placesOn.every((count, i) => count === 0 || weights[i] === 0)) return best.map(() => undefined);
    walk(weights, (_, falseBoxes, sensitivity) => {
      for (let k = best.length - 1; k >= 0 && falseBoxes <= FALSE_BOXES_PER_FILM[k]! + 1e-12; k -= 1) best[k] = sensitivity;
    });
    return best;
  };
  const points: FrocPoint[] = [];
  const once = new Uint32Array(films.length).fill(1);
  walk(once, (mark, falseBoxesPerFilm, sensitivity) => void points.push({ threshold: marks[mark]!.score, falseBoxesPerFilm, sensitivity }));
  const own = bestAt(once);
  const intervals = bootstrapIntervals(films.map((film) => film.patient), bestAt, { replicates: 500, ...options });
  return { filmCount: films.length, placeCount, points, at: FALSE_BOXES_PER_FILM.map((allowed, i) => ({ falseBoxesPerFilm: allowed, sensitivity: own[i] ?? 0, interval: intervals[i] })) };
}

/** Best boxes choose first. A box on a place that is already found is neither right nor wrong. */
function judgeBoxes({ boxes, places }: MarkedFilm): { readonly score: number; readonly hit: boolean }[] {
  const found = new Set<number>();
  return boxes.toSorted((a, b) => b.score - a.score).flatMap((box) => {
    const matching = places.map((_, i) => i).filter((i) => finds(box, places[i]!));
    const fresh = matching.filter((i) => !found.has(i)).sort((a, b) => overlap(box, places[b]!) - overlap(box, places[a]!));
    if (fresh[0] !== undefined) found.add(fresh[0]);
    return matching.length > 0 && fresh.length === 0 ? [] : [{ score: box.score, hit: fresh.length > 0 }];
  });
}

export const finds = (box: Place, place: Place): boolean => contains(place, box.x + box.width / 2, box.y + box.height / 2) || overlap(box, place) >= OVERLAP_MIN;

const contains = (place: Place, x: number, y: number): boolean => x >= place.x && x <= place.x + place.width && y >= place.y && y <= place.y + place.height;

/** Intersection over union. */
export function overlap(a: Place, b: Place): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  return (width * height) / (a.width * a.height + b.width * b.height - width * height);
}

export interface PointedFilm {
  /** Centre of the hottest cell. */
  readonly hottest: { readonly x: number; readonly y: number };
  readonly places: readonly Place[];
}

/** Of the films with a marked place, on how many the hottest point lies in one. */
export function pointing(films: readonly PointedFilm[]): Proportion {
  const marked = films.filter((film) => film.places.length > 0);
  return proportion(marked.filter(({ hottest, places }) => places.some((place) => contains(place, hottest.x, hottest.y))).length, marked.length);
}
