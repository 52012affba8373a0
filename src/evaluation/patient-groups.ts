/**
 * The groups that a site may give thresholds of their own: by sex, by age band, by both. Every film belongs to one of them
 * or, where its header says neither, to none. PURE.
 */
import type { PatientGroup } from '../study/site-threshold.ts';

export type Grouping = 'age' | 'sex';

/** Three bands: with more, hardly any site has enough cases in each. */
export const AGE_CUTS: readonly number[] = [35, 55];

/** `cuts`: the ages at which a new band begins, ascending. */
export function patientGroups(by: readonly Grouping[], cuts: readonly number[] = AGE_CUTS): readonly PatientGroup[] {
  const sexes: readonly PatientGroup[] = by.includes('sex') ? [{ sex: 'F' }, { sex: 'M' }] : [{}];
  const edges = [0, ...cuts];
  const bands: readonly PatientGroup[] = by.includes('age')
    ? edges.map((ageYearsMin, i) => ({ ageYearsMin, ...(edges[i + 1] === undefined ? {} : { ageYearsBelow: edges[i + 1] as number }) }))
    : [{}];
  return by.length === 0 ? [] : sexes.flatMap((sex) => bands.map((band) => ({ ...sex, ...band })));
}
