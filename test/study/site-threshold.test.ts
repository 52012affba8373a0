/** Which of a site's own thresholds holds for whom. */
import { describe, expect, test } from 'vitest';
import { groupLabel, groupWording, judgingThresholds } from '../../src/study/site-threshold.ts';
import type { SiteThreshold } from '../../src/study/site-threshold.ts';

const site: SiteThreshold = {
  id: 'tb-1', family: 'tuberculosis', modelSha256: 'a'.repeat(64), threshold: 50, origin: 'our films',
  groups: [
    { sex: 'F', ageYearsMin: 0, ageYearsBelow: 35, threshold: 40 },
    { sex: 'M', ageYearsMin: 55, threshold: 60 },
  ],
};
const judged = (patientSex: string | undefined, patientAgeYears: number | undefined) =>
  judgingThresholds([site], { ...(patientSex === undefined ? {} : { patientSex }), ...(patientAgeYears === undefined ? {} : { patientAgeYears }) })[0];

describe('the number for a patient', () => {
  test.each([
    ['a young woman', 'F', 34, 40, { en: 'F, under 35 years', vi: 'nữ, dưới 35 tuổi' }],
    ['on her 35th birthday', 'F', 35, 50, undefined],
    ['an infant, aged in fractions', 'F', 0.3, 40, { en: 'F, under 35 years', vi: 'nữ, dưới 35 tuổi' }],
    ['an old man', 'M', 55, 60, { en: 'M, 55 years and over', vi: 'nam, từ 55 tuổi' }],
    ['an old man, written small', 'm ', 90, 60, { en: 'M, 55 years and over', vi: 'nam, từ 55 tuổi' }],
    ['a young man', 'M', 20, 50, undefined],
    ['sex not known', undefined, 20, 50, undefined],
    ['sex "other"', 'O', 20, 50, undefined],
    ['age not known', 'F', undefined, 50, undefined],
  ])('%s', (_who, sex, age, threshold, group) => {
    expect(judged(sex, age)).toEqual({ id: 'tb-1', family: 'tuberculosis', modelSha256: site.modelSha256, origin: 'our films', threshold, ...(group === undefined ? {} : { group }) });
  });

  test('a group by sex alone needs no age', () => {
    const bySex = { ...site, groups: [{ sex: 'F' as const, threshold: 33 }] };
    expect(judgingThresholds([bySex], { patientSex: 'F' })[0]).toMatchObject({ threshold: 33, group: { en: 'F', vi: 'nữ' } });
  });
});

test.each([
  [{ ageYearsMin: 35, ageYearsBelow: 55 }, '35–54 years', '35–54 tuổi'],
  [{ sex: 'M' as const }, 'M', 'nam'],
  [{}, 'everybody', 'mọi bệnh nhân'],
])('%j is called %s, or %s', (group, en, vi) => expect([groupLabel(group), groupWording(group)]).toEqual([en, { en, vi }]));
