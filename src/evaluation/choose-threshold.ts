/**
 * From scores with truth to the threshold that does what a site wants: find so many of its cases, or flag at most so many
 * of its films; for everybody, and for groups that are large enough. Refuses where the films cannot bear the answer and
 * says what is missing. A refusal is a value: it is the ordinary end for a small site. PURE.
 *
 * The threshold is chosen and judged on the same films, so its figures are given twice: as they are (apparent) and
 * cross-validated (cross-validation.ts). What it costs beside other thresholds: threshold-costs.ts.
 */
import type { PatientGroup } from '../study/site-threshold.ts';
import { belongsTo, groupLabel } from '../study/site-threshold.ts';
import type { Interval } from './intervals.ts';
import { measureAt, thresholdForSensitivity } from './operating-points.ts';
import type { ThresholdRow } from './operating-points.ts';
import { aucIntervalOf, aucOf } from './roc.ts';
import type { ScoredFilm } from './roc.ts';
import { countNeeded, MARGIN_MIN, UNKNOWN_SHARE } from './sample-size.ts';

/** A study with its truth and the score that it would be judged by. */
export interface CalibrationFilm extends ScoredFilm {
  readonly patientSex?: string;
  readonly patientAgeYears?: number;
}

export type Wish =
  | { readonly kind: 'sensitivity'; readonly sensitivity: number }
  /** At most this share of films. `scores`: of all films of the site, labelled or not; absent: of the labelled ones. */
  | { readonly kind: 'flagged'; readonly flagged: number; readonly scores?: readonly number[] };

export interface Thresholds {
  readonly common: number;
  readonly groups: readonly (PatientGroup & { readonly threshold: number })[];
}

/** Which numbers there are, before any is chosen: the same for every fold of a cross-validation. */
export interface ThresholdPlan {
  readonly own: readonly PatientGroup[];
  readonly commonFrom: 'everybody' | 'rest';
}

export interface GroupReading {
  readonly group: PatientGroup;
  readonly label: string;
  readonly caseCount: number;
  readonly nonCaseCount: number;
  /** Its own; absent where the common one holds, and why. */
  readonly threshold?: number;
  readonly whyCommon?: string;
  readonly at: ThresholdRow;
}

export interface Proposal {
  readonly kind: 'proposed';
  readonly thresholds: Thresholds;
  readonly plan: ThresholdPlan;
  /** One number for everybody, without groups. */
  readonly forAll: number;
  readonly caseCount: number;
  readonly nonCaseCount: number;
  readonly auc: number;
  readonly aucInterval: Interval;
  readonly groups: readonly GroupReading[];
  /** On the very films that it was chosen on. */
  readonly apparent: ThresholdRow;
}

export type RefusalCode = 'no-cases' | 'no-non-cases' | 'too-few' | 'no-separation' | 'wrong-way' | 'out-of-reach';

export interface Refusal {
  readonly kind: 'refused';
  readonly code: RefusalCode;
  readonly text: string;
  readonly caseCount: number;
  readonly nonCaseCount: number;
  readonly casesNeeded?: number;
  readonly nonCasesNeeded?: number;
}

export interface ChoiceOptions {
  readonly margin: number;
  readonly groups?: readonly PatientGroup[];
}

export function chooseThreshold(films: readonly CalibrationFilm[], wish: Wish, { margin, groups = [] }: ChoiceOptions): Proposal | Refusal {
  const counts = countPatients(films);
  const refuse = (code: RefusalCode, text: string, needed: Partial<Refusal> = {}): Refusal => ({ kind: 'refused', code, text, ...counts, ...needed });
  const tooFew = judgeCounts(films, wish, margin);
  if (tooFew !== undefined) return refuse(tooFew.code, tooFew.text, { casesNeeded: tooFew.casesNeeded, nonCasesNeeded: tooFew.nonCasesNeeded });
  const separation = judgeSeparation(films);
  if ('text' in separation) return refuse(separation.code, separation.text);
  const forAll = pickThreshold(films, wish);
  if (forAll === undefined) return refuse('out-of-reach', 'even the highest score is shared by more films than may be flagged: nothing between "all" and "none" can be chosen');
  const judged = groups.map((group) => ({ group, why: whyNoOwn(films.filter((film) => belongsTo(film, group)), wish, margin) }));
  const plan = planOf(films, judged.flatMap(({ group, why }) => (why === undefined ? [group] : [])), wish, margin);
  const thresholds = pickThresholds(films, wish, plan) ?? { common: forAll, groups: [] };
  const readings = judged.map(({ group, why }) => readGroup(group, why, films, thresholds));
  return { kind: 'proposed', thresholds, plan, forAll, ...counts, ...separation, groups: readings, apparent: measureWith(films, thresholds) };
}

/** Whom the common threshold is chosen on: with the larger groups gone it should find enough of those who are left. */
function planOf(films: readonly CalibrationFilm[], own: readonly PatientGroup[], wish: Wish, margin: number): ThresholdPlan {
  const rest = films.filter((film) => !own.some((group) => belongsTo(film, group)));
  return { own, commonFrom: own.length > 0 && judgeCounts(rest, wish, margin) === undefined ? 'rest' : 'everybody' };
}

/** Undefined where one of them cannot be picked. */
export function pickThresholds(films: readonly CalibrationFilm[], wish: Wish, { own, commonFrom }: ThresholdPlan): Thresholds | undefined {
  const common = pickThreshold(commonFrom === 'everybody' ? films : films.filter((film) => !own.some((group) => belongsTo(film, group))), wish);
  const groups = own.map((group) => ({ ...group, threshold: pickThreshold(films.filter((film) => belongsTo(film, group)), wish) }));
  if (common === undefined || groups.some(({ threshold }) => threshold === undefined)) return undefined;
  return { common, groups: groups as Thresholds['groups'] };
}

/** The highest threshold that finds enough, or the lowest that flags few enough; undefined where there is none. */
export function pickThreshold(films: readonly ScoredFilm[], wish: Wish): number | undefined {
  if (wish.kind === 'sensitivity') return thresholdForSensitivity(films.filter((film) => film.positive), wish.sensitivity);
  const scores = (wish.scores ?? films.map((film) => film.score)).toSorted((a, b) => b - a);
  const allowed = Math.floor(wish.flagged * scores.length + 1e-9);
  // Among the allowed, the lowest score that no film beyond them shares.
  let last = allowed - 1;
  while (last >= 0 && last + 1 < scores.length && scores[last] === scores[last + 1]) last -= 1;
  return scores[last];
}

/** As a worklist with these thresholds would have judged. */
export function measureWith(films: readonly CalibrationFilm[], thresholds: Thresholds): ThresholdRow {
  const above = films.map((film) => ({ ...film, score: film.score - thresholdOf(film, thresholds) }));
  return { ...measureAt(above, 0, { replicates: 500 }), threshold: thresholds.common };
}

export const thresholdOf = (film: CalibrationFilm, { common, groups }: Thresholds): number => groups.find((group) => belongsTo(film, group))?.threshold ?? common;

/** Patients, not films: five films of one patient say little more than one. */
export function countPatients(films: readonly ScoredFilm[]): { readonly caseCount: number; readonly nonCaseCount: number } {
  const count = (positive: boolean): number => new Set(films.flatMap((film, i) => (film.positive === positive ? [film.patient ?? i] : []))).size;
  return { caseCount: count(true), nonCaseCount: count(false) };
}

interface TooFew extends Pick<Refusal, 'code' | 'text' | 'casesNeeded' | 'nonCasesNeeded'> {
  readonly short: string;
}

function judgeCounts(films: readonly CalibrationFilm[], wish: Wish, margin: number): TooFew | undefined {
  const { caseCount, nonCaseCount } = countPatients(films);
  const share = wish.kind === 'sensitivity' ? wish.sensitivity : UNKNOWN_SHARE;
  const needed = { casesNeeded: countNeeded(share, margin), nonCasesNeeded: countNeeded(UNKNOWN_SHARE, margin) };
  const short = `too few: ${needed.casesNeeded} cases and ${needed.nonCasesNeeded} others are needed`;
  if (caseCount === 0) return { code: 'no-cases', short, text: 'none of these films is of a case: without cases no sensitivity can be told', ...needed };
  if (nonCaseCount === 0) return { code: 'no-non-cases', short, text: 'all of these films are of cases: without others nobody can tell how many would be flagged in vain', ...needed };
  const scores = wish.kind === 'flagged' ? (wish.scores?.length ?? films.length) : Infinity;
  const filmsNeeded = wish.kind === 'flagged' ? countNeeded(1 - wish.flagged, Math.max(margin / 2, MARGIN_MIN)) : 0;
  const missing = [
    ...(caseCount >= needed.casesNeeded ? [] : [`${needed.casesNeeded} cases (here: ${caseCount})`]),
    ...(nonCaseCount >= needed.nonCasesNeeded ? [] : [`${needed.nonCasesNeeded} patients without the disease (here: ${nonCaseCount})`]),
    ...(scores >= filmsNeeded ? [] : [`${filmsNeeded} films to tell the workload by, to half of that (here: ${scores})`]),
  ];
  if (missing.length === 0) return undefined;
  return { code: 'too-few', short, text: `too few: needed are ${missing.join(' and ')}; then the true share lies at most ${Math.round(margin * 100)} percentage points below what is seen (exact 95 % bound; --margin)`, ...needed };
}

function judgeSeparation(films: readonly ScoredFilm[]): { readonly auc: number; readonly aucInterval: Interval } | { readonly code: 'no-separation' | 'wrong-way'; readonly text: string } {
  const auc = aucOf(films) ?? UNKNOWN_SHARE;
  const aucInterval = aucIntervalOf(films, { replicates: 500 })?.interval ?? [0, 1];
  const shown = `AUC ${auc.toFixed(2)}, 95 % interval ${aucInterval[0].toFixed(2)}–${aucInterval[1].toFixed(2)}`;
  if (aucInterval[1] < UNKNOWN_SHARE) return { code: 'wrong-way', text: `cases score lower than others (${shown}): is the truth the wrong way round, or for other films?` };
  if (aucInterval[0] <= UNKNOWN_SHARE) return { code: 'no-separation', text: `the scores do not tell cases from others here (${shown}, which includes 0.5): no threshold would be better than drawing lots` };
  return { auc, aucInterval };
}

/** Why a group keeps the common threshold; undefined: it bears one of its own. */
function whyNoOwn(films: readonly CalibrationFilm[], wish: Wish, margin: number): string | undefined {
  const tooFew = judgeCounts(films, wish, margin);
  if (tooFew !== undefined) return tooFew.short;
  const separation = judgeSeparation(films);
  if ('text' in separation) return separation.text;
  return pickThreshold(films, wish) === undefined ? 'no threshold of its own can be chosen' : undefined;
}

function readGroup(group: PatientGroup, why: string | undefined, all: readonly CalibrationFilm[], thresholds: Thresholds): GroupReading {
  const films = all.filter((film) => belongsTo(film, group));
  const about = { group, label: groupLabel(group), ...countPatients(films), at: measureWith(films, thresholds) };
  const own = thresholds.groups.find((each) => groupLabel(each) === about.label)?.threshold;
  return own === undefined ? { ...about, whyCommon: why ?? 'no threshold of its own can be chosen' } : { ...about, threshold: own };
}
