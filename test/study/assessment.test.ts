import { expect, test } from 'vitest';
import { priorityOf } from '../../src/study/assessment.ts';
import { reasonEntry, reasonOf, REASONS, type ReasonCode } from '../../src/study/reasons.ts';
import { reduce } from '../../src/study/transition.ts';
import { after, analysed, finding, NOW_MS, scored, stored } from './sample-studies.ts';

test('two flags stand on the line, the higher score first', () => {
  const study = after(stored('1.1'), analysed('1.1', scored(finding('lung nodule', 61, 50), finding('tuberculosis', 87))));
  expect(study.reason.text).toBe('Tuberculosis 87 (threshold 41), lung nodule 61 (threshold 50)');
});

test('a score just under its threshold never reads as if it had reached it', () => {
  const study = after(stored('1.1'), analysed('1.1', scored(finding('tuberculosis', 40.9, 41))));
  expect(study.reason.text).toBe('Below threshold: tuberculosis 40');
});

test('with two models of a family a flag outweighs a higher score that is below its own threshold', () => {
  const study = after(stored('1.1'), analysed('1.1', scored(finding('tuberculosis', 60, 80), finding('tuberculosis', 45, 41))));
  expect(study.assessment.findings).toEqual([expect.objectContaining({ score: 45, flagged: true })]);
  expect(study.priority).toBe('urgent');
});

test('a shadow finding is kept with its image and shown nowhere', () => {
  const study = after(stored('1.1'), analysed('1.1', scored({ ...finding('tuberculosis', 99), shadow: true }, finding('tuberculosis', 10))));
  expect(study.priority).toBe('routine');
  expect(study.reason.text).toBe('Below threshold: tuberculosis 10');
  expect(study.instances[0]?.findings).toHaveLength(2);
});

test('a model that was not asked is named, with the reason; asked on another image, it is not', () => {
  const notAssessed = [{ family: 'tuberculosis' as const, reason: reasonOf('age-below-minimum', 'patient is under 15') }];
  const child = after(stored('1.1'), analysed('1.1', { ...scored(finding('lung nodule', 8, 50)), notAssessed } as never));
  expect(child.reason.text).toBe('Below threshold: lung nodule 8 · tuberculosis not assessed: patient is under 15');
  const nothing = after(stored('1.1'), analysed('1.1', { ...scored(), notAssessed } as never));
  expect(nothing).toMatchObject({ state: 'assessed', priority: 'routine', reason: { code: 'not-assessed', text: 'Not assessed: tuberculosis (patient is under 15)' } });
  const both = reduce(reduce(child, stored('1.2'), NOW_MS).study, analysed('1.2', scored(finding('tuberculosis', 9))), NOW_MS).study;
  expect(both.assessment.notAssessed).toEqual([]);
});

test("a site's score for critical raises, and the line says so", () => {
  const rules = { criticalScoreMin: { tuberculosis: 80 } };
  const flagged = analysed('1.1', scored(finding('tuberculosis', 87)));
  const { study } = reduce(after(stored('1.1')), flagged, NOW_MS, undefined, rules);
  expect(study).toMatchObject({ priority: 'critical', reason: { text: 'Tuberculosis 87 (threshold 41) · critical from 80' } });
  expect(priorityOf(study)).toBe('urgent');
});

test('many slices make one reason, three kinds make three', () => {
  const ct = (uid: string, text: string) => stored(uid, undefined, { header: { verdict: 'ineligible', reason: reasonOf('modality', text), remarks: [] } });
  expect(after(ct('1', 'CT'), ct('2', 'CT'), ct('3', 'CT')).reason.text).toBe('Not analysed: CT');
  expect(after(ct('1', 'CT'), ct('2', 'MR'), ct('3', 'US'), ct('4', 'PT')).reason.text).toBe('Not analysed: CT, MR, US');
});

test('every reason has words that a reader may see', () => {
  for (const code of Object.keys(REASONS) as ReasonCode[]) {
    const { text } = reasonOf(code);
    expect(text).not.toMatch(/\bnormal|\babsent|negative/i);
    expect(text).not.toMatch(/[.:]$/);
    expect(reasonEntry(code)?.text).toBe(text);
  }
  expect(reasonEntry('toString')).toBeUndefined();
});
