/**
 * Two versions of a model on the same films: do their scores and flags agree, who flags more, and, where the truth is
 * known, which is better and by how much. PURE.
 *
 * Areas: paired difference with DeLong's interval (1988); where patients have several films, the bootstrap over patients.
 * Flags: Cohen's kappa; McNemar's exact test, of cases and of others apart.
 */
import { bootstrapIntervals, hasRepeatedPatients } from './bootstrap.ts';
import { normalQuantile } from './distributions.ts';
import type { Interval } from './intervals.ts';
import { pickThreshold } from './choose-threshold.ts';
import { aucIntervalOf, aucOf, placements } from './roc.ts';

export interface PairedFilm {
  /** Accession number or UID: what the film is called in the list of disagreements. */
  readonly name: string;
  readonly scores: readonly [a: number, b: number];
  /** As each was judged by its own threshold when it was scored. */
  readonly flagged: readonly [a: boolean, b: boolean];
  readonly patient?: string;
  readonly positive?: boolean;
}

export interface FlagTable {
  readonly both: number;
  readonly onlyA: number;
  readonly onlyB: number;
  readonly neither: number;
}

export interface Discordance {
  readonly onlyA: number;
  readonly onlyB: number;
  /** McNemar, exact, two-sided: how likely so uneven a split is where neither is better. */
  readonly p: number;
}

export interface TruthComparison {
  readonly caseCount: number;
  readonly nonCaseCount: number;
  readonly aucs: readonly [number, number];
  readonly aucIntervals: readonly [Interval, Interval];
  /** b − a. */
  readonly aucDifference: number;
  readonly aucDifferenceInterval: Interval;
  readonly method: 'DeLong' | 'bootstrap over patients';
  /** Cases that only one of them flags. */
  readonly cases: Discordance;
  /** The others that only one of them flags. */
  readonly others: Discordance;
}

export interface Difference extends PairedFilm {
  /** Of b's rank minus a's, as a share of all films: scores of two models have scales of their own, ranks have not. */
  readonly rankDifference: number;
}

export interface ModelComparison {
  readonly filmCount: number;
  readonly pearson: number;
  readonly spearman: number;
  readonly flags: FlagTable;
  readonly kappa: number;
  readonly flaggedShares: readonly [number, number];
  /** Flags by one of them alone, without regard to truth. */
  readonly workload: Discordance;
  /** The lowest threshold at which b flags no more of these films than a did, and what both then agree on. */
  readonly sameWorkload?: { readonly threshold: number; readonly flags: FlagTable; readonly kappa: number };
  readonly differences: readonly Difference[];
  readonly truth?: TruthComparison;
}

export function compareModels(films: readonly PairedFilm[], differenceCount: number): ModelComparison {
  const flags = countFlags(films);
  const [a, b] = [films.map(({ scores }) => scores[0]), films.map(({ scores }) => scores[1])];
  const [ranksA, ranksB] = [ranks(a), ranks(b)];
  const labelled = films.filter((film): film is PairedFilm & { readonly positive: boolean } => film.positive !== undefined);
  const truth = compareTruth(labelled);
  const same = atSameWorkload(films, b);
  return {
    filmCount: films.length,
    pearson: correlation(a, b),
    spearman: correlation(ranksA, ranksB),
    flags,
    kappa: kappaOf(flags),
    flaggedShares: [(flags.both + flags.onlyA) / films.length, (flags.both + flags.onlyB) / films.length],
    workload: discordance(flags),
    ...(same === undefined ? {} : { sameWorkload: same }),
    differences: films
      .map((film, i): Difference => ({ ...film, rankDifference: ((ranksB[i] ?? 0) - (ranksA[i] ?? 0)) / films.length }))
      .toSorted((x, y) => Math.abs(y.rankDifference) - Math.abs(x.rankDifference) || x.name.localeCompare(y.name))
      .slice(0, differenceCount),
    ...(truth === undefined ? {} : { truth }),
  };
}

function countFlags(films: readonly Pick<PairedFilm, 'flagged'>[]): FlagTable {
  const count = (a: boolean, b: boolean): number => films.filter(({ flagged }) => flagged[0] === a && flagged[1] === b).length;
  return { both: count(true, true), onlyA: count(true, false), onlyB: count(false, true), neither: count(false, false) };
}

/** Agreement beyond chance; 1 where both say the same of every film, however one-sided. */
export function kappaOf({ both, onlyA, onlyB, neither }: FlagTable): number {
  const n = both + onlyA + onlyB + neither;
  const seen = (both + neither) / n;
  const byChance = ((both + onlyA) * (both + onlyB) + (neither + onlyB) * (neither + onlyA)) / (n * n);
  return byChance === 1 ? 1 : (seen - byChance) / (1 - byChance);
}

const discordance = ({ onlyA, onlyB }: FlagTable): Discordance => ({ onlyA, onlyB, p: mcNemar(onlyA, onlyB) });

/** Exact and two-sided: a fair coin thrown onlyA + onlyB times. */
export function mcNemar(onlyA: number, onlyB: number): number {
  const n = onlyA + onlyB;
  let logTerm = -n * Math.LN2;
  let sum = 0;
  for (let k = 0; k <= Math.min(onlyA, onlyB); k += 1) {
    sum += Math.exp(logTerm);
    logTerm += Math.log(n - k) - Math.log(k + 1);
  }
  return Math.min(1, 2 * sum);
}

function atSameWorkload(films: readonly PairedFilm[], b: readonly number[]): ModelComparison['sameWorkload'] {
  const share = films.filter(({ flagged }) => flagged[0]).length / films.length;
  const threshold = pickThreshold([], { kind: 'flagged', flagged: share, scores: b });
  if (threshold === undefined) return undefined;
  const flags = countFlags(films.map(({ scores, flagged }) => ({ flagged: [flagged[0], scores[1] >= threshold] as const })));
  return { threshold, flags, kappa: kappaOf(flags) };
}

/** 0 where one of them says the same of every film. */
function correlation(x: readonly number[], y: readonly number[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(x), mean(y)];
  let [xy, xx, yy] = [0, 0, 0];
  x.forEach((value, i) => {
    const [dx, dy] = [value - meanX, (y[i] ?? 0) - meanY];
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  });
  return xx === 0 || yy === 0 ? 0 : xy / Math.sqrt(xx * yy);
}

/** From 1, ties sharing the middle of their places. */
function ranks(values: readonly number[]): readonly number[] {
  return placements(values, values).map((share) => share * values.length + 0.5);
}

/** Undefined where a class is missing. */
function compareTruth(films: readonly (PairedFilm & { readonly positive: boolean })[]): TruthComparison | undefined {
  const of = (model: 0 | 1) => films.map(({ scores, positive, patient }) => ({ score: scores[model], positive, ...(patient === undefined ? {} : { patient }) }));
  const [a, b] = [of(0), of(1)];
  const [aucA, aucB] = [aucOf(a), aucOf(b)];
  const [intervalA, intervalB] = [aucIntervalOf(a)?.interval, aucIntervalOf(b)?.interval];
  if (aucA === undefined || aucB === undefined || intervalA === undefined || intervalB === undefined) return undefined;
  const patients = films.map(({ patient }) => patient);
  const clustered = hasRepeatedPatients(patients);
  return {
    caseCount: films.filter(({ positive }) => positive).length,
    nonCaseCount: films.filter(({ positive }) => !positive).length,
    aucs: [aucA, aucB],
    aucIntervals: [intervalA, intervalB],
    aucDifference: aucB - aucA,
    aucDifferenceInterval: (clustered ? byBootstrap(films, patients) : undefined) ?? byDeLong(films, aucB - aucA),
    method: clustered ? 'bootstrap over patients' : 'DeLong',
    cases: discordance(countFlags(films.filter(({ positive }) => positive))),
    others: discordance(countFlags(films.filter(({ positive }) => !positive))),
  };
}

function byDeLong(films: readonly (PairedFilm & { readonly positive: boolean })[], difference: number): Interval {
  const scores = (positive: boolean, model: 0 | 1): number[] => films.filter((film) => film.positive === positive).map((film) => film.scores[model]);
  const [cases, others] = [[scores(true, 0), scores(true, 1)], [scores(false, 0), scores(false, 1)]] as const;
  // Each film's share of the area, b minus a: the variance of paired differences holds the covariance in it.
  const variance = (own: readonly [number[], number[]], against: readonly [number[], number[]], sign: 1 | -1): number => {
    const shares = [placements(own[0], against[0]), placements(own[1], against[1])] as const;
    const differences = shares[1].map((share, i) => sign * (share - (shares[0][i] ?? 0)));
    if (differences.length < 2) return 0;
    const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length;
    return differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (differences.length - 1) / differences.length;
  };
  const half = normalQuantile(0.975) * Math.sqrt(variance(cases, others, 1) + variance(others, cases, -1));
  return [Math.max(-1, difference - half), Math.min(1, difference + half)];
}

function byBootstrap(films: readonly (PairedFilm & { readonly positive: boolean })[], patients: readonly (string | undefined)[]): Interval | undefined {
  const [interval] = bootstrapIntervals(patients, (weights) => {
    const drawn = films.flatMap((film, i) => Array.from({ length: weights[i] ?? 0 }, () => film));
    const area = (model: 0 | 1): number | undefined => aucOf(drawn.map(({ scores, positive }) => ({ score: scores[model], positive })));
    const [a, b] = [area(0), area(1)];
    return [a === undefined || b === undefined ? undefined : b - a];
  }, { replicates: 1000 });
  return interval;
}
