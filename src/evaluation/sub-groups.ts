/**
 * The same figures for parts of the films: by sex, by age, by any column of the table. Groups are small and many: a
 * difference between two of them is a question, not an answer. PURE.
 */
import { measureAt } from './operating-points.ts';
import type { ThresholdRow } from './operating-points.ts';
import type { BootstrapOptions } from './bootstrap.ts';
import type { Interval } from './intervals.ts';
import { aucIntervalOf, aucOf } from './roc.ts';
import type { ScoredFilm } from './roc.ts';

/** Of one column; what is rarer goes together. */
export const GROUP_COUNT_MAX = 12;
export const UNKNOWN_GROUP = 'not known';
const OTHER_GROUP = 'all others';

export interface SubGroup {
  readonly group: string;
  readonly filmCount: number;
  readonly positiveCount: number;
  readonly auc?: { readonly value: number; readonly interval: Interval };
  readonly atThreshold: ThresholdRow;
}

export interface SubGroups {
  readonly column: string;
  readonly groups: readonly SubGroup[];
}

export function measureSubGroups(column: string, films: readonly (ScoredFilm & { readonly group: string | undefined })[], threshold: number, options: BootstrapOptions = {}): SubGroups {
  const byGroup = new Map<string, ScoredFilm[]>();
  const counts = new Map<string, number>();
  for (const { group = UNKNOWN_GROUP } of films) counts.set(group, (counts.get(group) ?? 0) + 1);
  const largest = [...counts].sort((a, b) => b[1] - a[1]).slice(0, counts.size > GROUP_COUNT_MAX ? GROUP_COUNT_MAX - 1 : GROUP_COUNT_MAX);
  const named = new Set(largest.map(([group]) => group));
  for (const { group = UNKNOWN_GROUP, ...film } of films) {
    const key = named.has(group) ? group : OTHER_GROUP;
    const own = byGroup.get(key);
    if (own === undefined) byGroup.set(key, [film]);
    else own.push(film);
  }
  const groups = [...byGroup].sort(([a], [b]) => placeOf(a) - placeOf(b) || a.localeCompare(b, 'en', { numeric: true })).map(([group, own]): SubGroup => {
    const value = aucOf(own);
    const interval = aucIntervalOf(own, options)?.interval;
    return {
      group,
      filmCount: own.length,
      positiveCount: own.filter((film) => film.positive).length,
      ...(value === undefined || interval === undefined ? {} : { auc: { value, interval } }),
      atThreshold: measureAt(own, threshold, options),
    };
  });
  return { column, groups };
}

/** What is not known, or lumped together, stands last. */
const placeOf = (group: string): number => (group === UNKNOWN_GROUP ? 2 : group === OTHER_GROUP ? 1 : 0);

const AGE_BANDS = [[0, 14], [15, 24], [25, 34], [35, 44], [45, 54], [55, 64], [65, 130]] as const;

/** The bands that WHO reports tuberculosis in. */
export function ageBand(years: number | undefined): string | undefined {
  if (years === undefined) return undefined;
  const band = AGE_BANDS.find(([from, to]) => years >= from && years < to + 1);
  return band === undefined ? undefined : band[1] === 130 ? `${band[0]} and over` : `${band[0]}–${band[1]}`;
}
