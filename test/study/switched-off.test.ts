/** A model switched off: what is left of an answer, that no flag falls, and what asking again may change. */
import { describe, expect, test } from 'vitest';
import { reduce } from '../../src/study/transition.ts';
import { imagesToAskAgain, withholdFamilies } from '../../src/study/switched-off.ts';
import type { FindingFamily } from '../../src/study/types.ts';
import { after, analysed, finding, NOW_MS, scored, stored, UNREADABLE } from './sample-studies.ts';

const TB_OFF: ReadonlySet<FindingFamily> = new Set(['tuberculosis']);
const BOTH = scored(finding('tuberculosis', 87), finding('lung nodule', 12, 50));
const WITHHELD = withholdFamilies(BOTH, TB_OFF);
const RETRIED = { kind: 'retried', sopInstanceUid: '1.1', contentSha256: 'sha of 1.1', by: 'operator' } as const;

describe('what is left of an answer', () => {
  test('the family’s finding goes, and the reader is told why; the others stay', () => {
    expect(WITHHELD).toMatchObject({ findings: [{ family: 'lung nodule' }], notAssessed: [{ family: 'tuberculosis', reason: { code: 'model-off' } }] });
  });
  test('nothing changes where nothing is off, for another kind of answer, or where the model was not asked', () => {
    expect(withholdFamilies(BOTH, new Set())).toBe(BOTH);
    expect(withholdFamilies(UNREADABLE, TB_OFF)).toBe(UNREADABLE);
    const child = { ...scored(finding('lung nodule', 12, 50)), notAssessed: [{ family: 'tuberculosis' as const, reason: { code: 'age-below-minimum', text: 'x' } }] };
    expect(withholdFamilies(child, TB_OFF)).toBe(child);
  });
  test('a model in shadow goes on being compared', () => {
    const shadow = { ...finding('tuberculosis', 60), shadow: true };
    expect(withholdFamilies(scored(finding('tuberculosis', 87), shadow), TB_OFF)).toMatchObject({ findings: [shadow] });
  });
});

describe('the study', () => {
  test('stands by order and arrival, and its line says what was not assessed', () => {
    expect(after(stored('1.1'), analysed('1.1', withholdFamilies(BOTH, new Set<FindingFamily>(['tuberculosis', 'lung nodule']))))).toMatchObject({
      state: 'assessed', priority: 'routine', reason: { code: 'not-assessed', text: 'Not assessed: tuberculosis (model switched off), lung nodule (model switched off)' },
    });
    expect(after(stored('1.1'), analysed('1.1', WITHHELD)).reason.text).toBe('Below threshold: lung nodule 12 · tuberculosis not assessed: model switched off');
  });

  test('a flag given before stays, whatever a second image says while the model is off', () => {
    const study = after(stored('1.1'), analysed('1.1', BOTH), stored('1.2'), analysed('1.2', WITHHELD));
    expect(study).toMatchObject({ priority: 'urgent', reason: { code: 'flagged' }, assessment: { notAssessed: [] } });
    expect(study.reason.text).toBe('Tuberculosis 87 (threshold 41) · another image not assessed for tuberculosis: model switched off');
  });

  test('a later film that the model did not read is told on the line, below the threshold too, until it has been asked again', () => {
    const first = [stored('1.1'), analysed('1.1', scored(finding('tuberculosis', 9), finding('lung nodule', 12, 50)))];
    const later = [stored('1.2'), analysed('1.2', WITHHELD)];
    const missing = after(...first, ...later);
    expect(missing).toMatchObject({ priority: 'routine', reason: { code: 'below-threshold', text: 'Below threshold: lung nodule 12, tuberculosis 9 · another image not assessed for tuberculosis: model switched off' } });
    // Whichever came first.
    expect(after(...later, ...first).reason.text).toBe(missing.reason.text);
    const asked = reduce(missing, { ...RETRIED, sopInstanceUid: '1.2', contentSha256: 'sha of 1.2' }, NOW_MS).study;
    expect(asked.reason.text).toContain('another image not assessed');
    const answered = reduce(asked, analysed('1.2', scored(finding('tuberculosis', 3), finding('lung nodule', 2, 50))), NOW_MS).study;
    expect(answered.reason.text).toBe('Below threshold: lung nodule 12, tuberculosis 9');
  });

  test('of three films two were not read: one asked again, the line still says that another was not', () => {
    const study = after(stored('1.1'), analysed('1.1', BOTH), stored('1.2'), analysed('1.2', WITHHELD), stored('1.3'), analysed('1.3', WITHHELD), { ...RETRIED, sopInstanceUid: '1.2', contentSha256: 'sha of 1.2' }, analysed('1.2', BOTH));
    expect(study.reason.text).toContain('another image not assessed for tuberculosis');
  });

  test('asked again when it is on: the flag comes, once, and the first answer’s note goes', () => {
    const off = after(stored('1.1'), analysed('1.1', WITHHELD), { kind: 'reportsWritten', revision: 1, deliveryCount: 0 });
    expect(imagesToAskAgain(off, 'lung nodule')).toEqual([]);
    expect(imagesToAskAgain(off, 'tuberculosis')).toMatchObject([{ sopInstanceUid: '1.1' }]);
    const { study: asked, commands } = reduce(off, RETRIED, NOW_MS);
    expect(commands).toMatchObject([{ kind: 'analyse', sopInstanceUid: '1.1' }]);
    const { study } = reduce(asked, analysed('1.1', BOTH), NOW_MS);
    expect(study).toMatchObject({ priority: 'urgent', revision: 2, assessment: { notAssessed: [] }, instances: [{ status: 'scored', notAssessed: [] }] });
    expect(imagesToAskAgain(study, 'tuberculosis')).toEqual([]);
    expect(reduce(study, RETRIED, NOW_MS).study).toBe(study);
  });

  test.each([
    ['is unreadable now', analysed('1.1', UNREADABLE)],
    ['fails every time', { kind: 'analysisFailed', sopInstanceUid: '1.1', contentSha256: 'sha of 1.1', error: 'trap', attempts: 3 } as const],
  ])('asked again and the image %s: the first answer stands, a nodule’s flag with it', (_what, event) => {
    const flagged = withholdFamilies(scored(finding('tuberculosis', 87), finding('lung nodule', 77, 50)), TB_OFF);
    const study = after(stored('1.1'), analysed('1.1', flagged), RETRIED, event);
    expect(study).toMatchObject({ state: 'assessed', priority: 'urgent', instances: [{ status: 'scored', findings: [{ family: 'lung nodule', flagged: true }] }] });
    expect(study.attention).toBeUndefined();
  });
});
