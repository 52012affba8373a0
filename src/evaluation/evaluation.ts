/**
 * Films with truth and answer → everything that is measured of one model and family, as one JSON-safe value: what
 * evaluation.json holds and the page shows. Films that the models refused are measured both ways: left out, and counted
 * as not flagged (below every score), which is how the worklist treats them. PURE.
 */
import { hasRepeatedPatients } from './bootstrap.ts';
import { calibrationCurve } from './calibration-curve.ts';
import type { CalibrationCurve } from './calibration-curve.ts';
import { frocOf, pointing } from './froc.ts';
import type { Froc, Place } from './froc.ts';
import type { Interval, Proportion } from './intervals.ts';
import { judgeTriage, measureAt, thresholdForSensitivity, thresholdTable, WHO_TRIAGE } from './operating-points.ts';
import type { MeasureOptions, ThresholdRow, TriageVerdict } from './operating-points.ts';
import { aucIntervalOf, aucOf, rocOf } from './roc.ts';
import type { RocPoint, ScoredFilm } from './roc.ts';
import { findShortcuts } from './shortcuts.ts';
import type { Shortcut } from './shortcuts.ts';
import { measureSubGroups } from './sub-groups.ts';
import type { SubGroups } from './sub-groups.ts';

export interface EvaluatedFilm {
  /** What the page calls it: the file's name in its folder, or the accession number of several. */
  readonly name: string;
  readonly positive: boolean;
  readonly patient?: string;
  /** Undefined: the models refused it. */
  readonly score?: number;
  /** What this site judges this patient by, where it has a threshold of its own. */
  readonly siteThreshold?: number;
  readonly boxes: readonly (Place & { readonly score: number })[];
  readonly hottest?: { readonly x: number; readonly y: number };
  /** Undefined where no boxes are known: then it says nothing about places. Empty: nothing is to be found on it. */
  readonly places?: readonly Place[];
  /** By column: what sub-groups are made of. */
  readonly groups: Readonly<Record<string, string | undefined>>;
  readonly sources: Readonly<Record<string, string | undefined>>;
}

export interface Auc {
  readonly value: number;
  readonly interval: Interval;
  readonly method: string;
}

export interface Headline {
  readonly filmCount: number;
  readonly positiveCount: number;
  readonly auc?: Auc;
  readonly shipped: ThresholdRow;
}

export interface Mistake {
  readonly name: string;
  readonly score: number;
}

export interface Evaluation {
  readonly threshold: number;
  readonly scored: Headline;
  /** The same with refused films as "not flagged"; absent where none was refused. */
  readonly withRefused?: Headline & { readonly refusedPositiveCount: number; readonly refusedNegativeCount: number };
  /** At the highest threshold that finds 90 % of these positives. */
  readonly atSensitivity90?: ThresholdRow;
  readonly triage?: TriageVerdict;
  readonly roc: readonly RocPoint[];
  readonly thresholds: readonly ThresholdRow[];
  readonly calibration?: CalibrationCurve;
  /** Films in 20 bins of five points, by class. */
  readonly histogram: { readonly positives: readonly number[]; readonly negatives: readonly number[] };
  readonly froc?: Froc;
  readonly pointing?: Proportion;
  readonly subGroups: readonly SubGroups[];
  readonly shortcuts: readonly Shortcut[];
  readonly highestNegatives: readonly Mistake[];
  readonly lowestPositives: readonly Mistake[];
  readonly clusteredByPatient: boolean;
}

export const HISTOGRAM_BINS = 20;
const MISTAKES_SHOWN = 15;
const REFUSED_SCORE = -1;

export function evaluateFilms(films: readonly EvaluatedFilm[], threshold: number, options: MeasureOptions = {}): Evaluation {
  const read = films.flatMap((film) => (film.score === undefined ? [] : [{ ...film, score: film.score }]));
  const refused = films.filter((film) => film.score === undefined);
  const at90 = thresholdForSensitivity(read, WHO_TRIAGE.sensitivity);
  const atSensitivity90 = at90 === undefined ? undefined : measureAt(read, at90, options);
  const triage = judgeTriage(atSensitivity90);
  const calibration = calibrationCurve(read, options.level);
  const refusedPositiveCount = refused.filter((film) => film.positive).length;
  return {
    threshold,
    scored: headline(read, threshold, options),
    ...(refused.length === 0 ? {} : {
      withRefused: { ...headline(films.map((film) => ({ ...film, score: film.score ?? REFUSED_SCORE })), threshold, options), refusedPositiveCount, refusedNegativeCount: refused.length - refusedPositiveCount },
    }),
    ...(atSensitivity90 === undefined ? {} : { atSensitivity90 }),
    ...(triage === undefined ? {} : { triage }),
    roc: rocOf(read),
    thresholds: thresholdTable(read, options),
    ...(calibration === undefined ? {} : { calibration }),
    histogram: { positives: binScores(read.filter((film) => film.positive)), negatives: binScores(read.filter((film) => !film.positive)) },
    ...measurePlaces(read, options),
    subGroups: subGroupsOf(read, threshold, options),
    shortcuts: findShortcuts(read),
    highestNegatives: worst(read.filter((film) => !film.positive), -1),
    lowestPositives: worst(read.filter((film) => film.positive), 1),
    clusteredByPatient: hasRepeatedPatients(read.map((film) => film.patient)),
  };
}

function headline(films: readonly ScoredFilm[], threshold: number, options: MeasureOptions): Headline {
  const value = aucOf(films);
  const estimate = aucIntervalOf(films, options);
  return {
    filmCount: films.length,
    positiveCount: films.filter((film) => film.positive).length,
    ...(value === undefined || estimate === undefined ? {} : { auc: { value, ...estimate } }),
    shipped: measureAt(films, threshold, options),
  };
}

function binScores(films: readonly ScoredFilm[]): number[] {
  const counts = Array.from({ length: HISTOGRAM_BINS }, () => 0);
  for (const film of films) counts[Math.min(HISTOGRAM_BINS - 1, Math.max(0, Math.floor((film.score * HISTOGRAM_BINS) / 100)))]! += 1;
  return counts;
}

/** FROC where the model gives boxes, pointing where it gives heat; neither without marked places. */
function measurePlaces(films: readonly (EvaluatedFilm & ScoredFilm)[], options: MeasureOptions): Pick<Evaluation, 'froc' | 'pointing'> {
  const marked = films.flatMap((film) => (film.places === undefined ? [] : [{ ...film, places: film.places }]));
  if (marked.every((film) => film.places.length === 0)) return {};
  const pointed = marked.flatMap(({ hottest, places }) => (hottest === undefined ? [] : [{ hottest, places }]));
  const froc = marked.some((film) => film.boxes.length > 0) ? frocOf(marked, options) : undefined;
  return { ...(froc === undefined ? {} : { froc }), ...(pointed.length === 0 ? {} : { pointing: pointing(pointed) }) };
}

/** A column that says the same of every film makes no groups. */
function subGroupsOf(films: readonly (EvaluatedFilm & ScoredFilm)[], threshold: number, options: MeasureOptions): SubGroups[] {
  const columns = [...new Set(films.flatMap((film) => Object.keys(film.groups)))];
  return columns
    .filter((column) => new Set(films.map((film) => film.groups[column])).size > 1)
    .map((column) => measureSubGroups(column, films.map((film) => ({ ...film, group: film.groups[column] })), threshold, options));
}

const worst = (films: readonly (EvaluatedFilm & ScoredFilm)[], direction: 1 | -1): Mistake[] =>
  films.toSorted((a, b) => direction * (a.score - b.score) || a.name.localeCompare(b.name)).slice(0, MISTAKES_SHOWN).map(({ name, score }) => ({ name, score }));
