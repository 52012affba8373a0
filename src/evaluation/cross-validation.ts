/**
 * What a threshold chosen on these films may be expected to do on the next ones: ten-fold cross-validation, repeated. Each
 * film is judged by a threshold that was chosen without it and without any other film of its patient; cases and others
 * are spread evenly over the folds. Fixed seed: the same films give the same figures. PURE.
 */
import { seededRandom, BOOTSTRAP_SEED } from './bootstrap.ts';
import { countPatients, pickThresholds, thresholdOf } from './choose-threshold.ts';
import type { CalibrationFilm, ThresholdPlan, Thresholds, Wish } from './choose-threshold.ts';
import { wilson } from './intervals.ts';
import type { Interval } from './intervals.ts';

const FOLDS = 10;
const REPEATS = 20;

export interface CrossValidated {
  readonly sensitivity: number;
  /** Wilson's, of as many as there are patients: their films resemble each other. */
  readonly sensitivityInterval: Interval;
  readonly specificity: number;
  readonly specificityInterval: Interval;
  /** Share of these films. */
  readonly flagged: number;
  readonly folds: number;
  readonly repeats: number;
}

/** Where the other films allow no threshold (all ties), nothing of a fold is flagged: the pessimistic answer. */
const NOTHING: Thresholds = { common: Infinity, groups: [] };

export function crossValidate(films: readonly CalibrationFilm[], wish: Wish, plan: ThresholdPlan): CrossValidated {
  const random = seededRandom(BOOTSTRAP_SEED);
  const hits = { cases: 0, others: 0 };
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    const folds = spread(films, random);
    for (let fold = 0; fold < FOLDS; fold += 1) {
      const thresholds = pickThresholds(films.filter((_, i) => folds[i] !== fold), wish, plan) ?? NOTHING;
      films.forEach((film, i) => {
        if (folds[i] === fold && film.score >= thresholdOf(film, thresholds)) hits[film.positive ? 'cases' : 'others'] += 1;
      });
    }
  }
  const cases = films.filter((film) => film.positive).length;
  const others = films.length - cases;
  const [found, inVain] = [hits.cases / REPEATS, hits.others / REPEATS];
  const { caseCount, nonCaseCount } = countPatients(films);
  return {
    sensitivity: found / cases,
    sensitivityInterval: wilson(Math.round((found / cases) * caseCount), caseCount),
    specificity: 1 - inVain / others,
    specificityInterval: wilson(nonCaseCount - Math.round((inVain / others) * nonCaseCount), nonCaseCount),
    flagged: (found + inVain) / films.length,
    folds: FOLDS,
    repeats: REPEATS,
  };
}

/** A fold for each film; films of a patient share it. */
function spread(films: readonly CalibrationFilm[], random: () => number): readonly number[] {
  const patients = new Map<string, { readonly positive: boolean; readonly at: number[] }>();
  films.forEach((film, i) => {
    const key = film.patient === undefined ? `film ${i}` : `patient ${film.patient}`;
    const known = patients.get(key);
    if (known === undefined) patients.set(key, { positive: film.positive, at: [i] });
    else known.at.push(i);
  });
  const folds = new Array<number>(films.length).fill(0);
  for (const positive of [true, false]) {
    const own = [...patients.values()].filter((patient) => patient.positive === positive);
    for (let i = own.length - 1; i > 0; i -= 1) {
      const other = Math.floor(random() * (i + 1));
      [own[i], own[other]] = [own[other]!, own[i]!];
    }
    own.forEach(({ at }, place) => at.forEach((i) => { folds[i] = place % FOLDS; }));
  }
  return folds;
}
