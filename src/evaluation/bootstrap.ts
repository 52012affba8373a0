/**
 * Bootstrap over patients (Efron; the cluster form, as films of one patient resemble each other and n films then say
 * less than n patients would). Draws patients with replacement and hands the statistic how often each film counts.
 * Percentile intervals, fixed seed: the same films give the same figures. PURE.
 */
import assert from 'node:assert';
import type { Interval } from './intervals.ts';

export const BOOTSTRAP_SEED = 20_261_121;
export const BOOTSTRAP_REPLICATES = 2000;

/** mulberry32: 32 bits of state are plenty to draw patients with. Gives [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface BootstrapOptions {
  readonly level?: number;
  readonly seed?: number;
  readonly replicates?: number;
}

/**
 * `patients`: one entry per film, equal for films of one patient; films without one stand for themselves.
 * `statistics`: what is estimated, from weights (how often each film was drawn); undefined where it cannot be (a
 * replicate without positives), which is left out. One interval for each number of the answer.
 */
export function bootstrapIntervals(patients: readonly (string | undefined)[], statistics: (weights: Uint32Array) => readonly (number | undefined)[], options: BootstrapOptions = {}): readonly (Interval | undefined)[] {
  const { level = 0.95, seed = BOOTSTRAP_SEED, replicates = replicatesFor(patients.length) } = options;
  assert(patients.length > 0 && replicates > 0);
  const { clusterOf, count } = numberClusters(patients);
  const random = seededRandom(seed);
  const drawn = new Uint32Array(count);
  const weights = new Uint32Array(patients.length);
  const samples: number[][] = [];
  for (let replicate = 0; replicate < replicates; replicate += 1) {
    drawn.fill(0);
    for (let i = 0; i < count; i += 1) drawn[Math.floor(random() * count)]! += 1;
    for (let i = 0; i < weights.length; i += 1) weights[i] = drawn[clusterOf[i]!]!;
    statistics(weights).forEach((value, at) => {
      samples[at] ??= [];
      if (value !== undefined) samples[at].push(value);
    });
  }
  return samples.map((values) => percentileInterval(values, level, replicates));
}

/** Of very many films each replicate says more, and costs more. */
const replicatesFor = (filmCount: number): number => Math.max(400, Math.min(BOOTSTRAP_REPLICATES, Math.round(20_000_000 / filmCount)));

/** Whether any patient has several films: only then does clustering matter. */
export const hasRepeatedPatients = (patients: readonly (string | undefined)[]): boolean => numberClusters(patients).count < patients.length;

function numberClusters(patients: readonly (string | undefined)[]): { readonly clusterOf: Uint32Array; readonly count: number } {
  const numbers = new Map<string, number>();
  let count = 0;
  const clusterOf = Uint32Array.from(patients, (patient) => {
    if (patient === undefined) return count++;
    const known = numbers.get(patient);
    if (known !== undefined) return known;
    numbers.set(patient, count);
    return count++;
  });
  return { clusterOf, count };
}

/** Where fewer than half of the replicates could be computed, an interval of the rest would be a lucky selection. */
function percentileInterval(values: number[], level: number, replicates: number): Interval | undefined {
  if (values.length < replicates / 2) return undefined;
  const sorted = Float64Array.from(values).sort();
  const at = (p: number): number => {
    const place = p * (sorted.length - 1);
    const below = Math.floor(place);
    const low = sorted[below]!;
    return low + (place - below) * ((sorted[below + 1] ?? low) - low);
  };
  return [at((1 - level) / 2), at((1 + level) / 2)];
}
