/** Claims, feedback, saved views, prior studies and turnaround on a real registry. */
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import type { Feedback } from '../../src/registry/feedback-rows.ts';
import { SAVED_VIEWS_MAX } from '../../src/registry/saved-view-rows.ts';
import type { InstanceHeader } from '../../src/study/types.ts';
import { analysed, finding, NOW_MS, ORDINARY, scored, STUDY_UID } from '../study/sample-studies.ts';
import { image, opened, registryPath, removableFiles } from './registry-folder.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

function withStudies(path = registryPath()) {
  const registry = opened(path);
  const add = (uid: string, over: Partial<InstanceHeader> = {}, atMs = NOW_MS): void => {
    const one = image(`${uid}.1`, { studyInstanceUid: uid, ...over });
    registry.recordInstance({ ...one, origin: { ...one.origin, receivedAtMs: atMs } }, ORDINARY, atMs);
  };
  const answer = (uid: string, score: number, atMs = NOW_MS): void =>
    void registry.applyStudyEvent(uid, analysed(`${uid}.1`, scored(finding('tuberculosis', score)), `content of ${uid}.1`), atMs);
  return { registry, add, answer, path };
}

describe('claims', () => {
  const forMs = 5 * MINUTE_MS;
  const quietly = { forMs, takeOver: false };

  test('one holds it; a renewal keeps its beginning; lapsed it counts for nothing, also before it is swept', () => {
    const { registry, add } = withStudies();
    add('1');
    expect(registry.claim('1', 'anna', quietly, NOW_MS)).toEqual({ kind: 'claimed', claim: { by: 'anna', sinceMs: NOW_MS, untilMs: NOW_MS + forMs } });
    expect(registry.claim('1', 'binh', quietly, NOW_MS + 1)).toMatchObject({ kind: 'claimed-by-other', claim: { by: 'anna' } });
    expect(registry.claim('1', 'anna', quietly, NOW_MS + MINUTE_MS)).toMatchObject({ kind: 'renewed', claim: { sinceMs: NOW_MS, untilMs: NOW_MS + MINUTE_MS + forMs } });
    expect(registry.heldByOthers('binh', NOW_MS + 5 * MINUTE_MS)).toBe(1);
    expect(registry.claimOf('1', NOW_MS + 6 * MINUTE_MS - 1)).toBeDefined();
    expect(registry.claimOf('1', NOW_MS + 6 * MINUTE_MS)).toBeUndefined();
    expect(registry.heldByOthers('binh', NOW_MS + 6 * MINUTE_MS)).toBe(0);
    expect(registry.claim('1', 'binh', quietly, NOW_MS + 6 * MINUTE_MS)).toEqual({ kind: 'claimed', claim: expect.objectContaining({ by: 'binh' }) });
    expect(registry.sweepClaims(NOW_MS + 10 * MINUTE_MS)).toEqual([]);
    expect(registry.sweepClaims(NOW_MS + 11 * MINUTE_MS)).toEqual([{ studyInstanceUid: '1', by: 'binh' }]);
    expect(registry.sweepClaims(NOW_MS + 11 * MINUTE_MS)).toEqual([]);
  });

  test('survive a restart, and end when the study leaves the list in any way', () => {
    const { registry, add, path } = withStudies();
    for (const uid of ['1', '2', '3']) {
      add(uid);
      registry.claim(uid, 'anna', quietly, NOW_MS);
    }
    registry.applyStudyEvent('1', { kind: 'read', by: 'system', where: 'final-report' }, NOW_MS);
    registry.applyStudyEvent('2', { kind: 'closed', by: 'rule', reason: 'waited too long' }, NOW_MS);
    expect(['1', '2', '3'].map((uid) => registry.claimOf(uid, NOW_MS)?.by)).toEqual([undefined, undefined, 'anna']);
    expect(registry.claim('1', 'anna', quietly, NOW_MS)).toEqual({ kind: 'off-list' });
    expect(registry.claim('nobody', 'anna', quietly, NOW_MS)).toEqual({ kind: 'unknown-study' });
    registry.close();
    expect(opened(path).claimOf('3', NOW_MS)).toEqual({ by: 'anna', sinceMs: NOW_MS, untilMs: NOW_MS + forMs });
  });

  test('the filters know them', () => {
    const { registry, add } = withStudies();
    for (const uid of ['1', '2', '3']) add(uid);
    registry.claim('1', 'anna', quietly, NOW_MS);
    registry.claim('2', 'binh', quietly, NOW_MS);
    const uids = (filter: object, nowMs = NOW_MS) => registry.worklist({ nowMs, filter }).rows.map((row) => row.studyInstanceUid);
    expect(uids({ freeFor: 'anna' })).toEqual(['1', '3']);
    expect(uids({ reader: 'binh' })).toEqual(['2']);
    registry.release('2', 'binh', NOW_MS);
    expect(uids({ freeFor: 'anna' })).toEqual(['1', '2', '3']);
    expect(uids({ freeFor: 'binh' })).toEqual(['2', '3']);
    expect(uids({ freeFor: 'binh' }, NOW_MS + forMs)).toEqual(['1', '2', '3']);
  });
});

describe('feedback', () => {
  const given = (over: Partial<Feedback> = {}): Feedback => ({
    studyInstanceUid: STUDY_UID, family: 'tuberculosis', by: 'anna', atMs: NOW_MS, verdict: 'agree', note: '',
    model: { name: 'tb', version: '1', sha256: 'ab'.repeat(32) }, score: 80, threshold: 41, flagged: true, sopInstanceUid: '1.1', ...over,
  });

  test('the latest of a person and family counts, all of it is kept; the same again is nothing new', () => {
    const { registry } = withStudies();
    expect(registry.addFeedback(given())).toBe(true);
    expect(registry.addFeedback(given({ atMs: NOW_MS + 1 }))).toBe(false);
    expect(registry.addFeedback(given({ by: 'binh', verdict: 'disagree', note: 'rib' }))).toBe(true);
    expect(registry.addFeedback(given({ family: 'lung nodule' }))).toBe(true);
    expect(registry.addFeedback(given({ verdict: 'disagree', atMs: NOW_MS + 2 }))).toBe(true);
    expect(registry.addFeedback(given({ verdict: 'disagree', atMs: NOW_MS + 3, model: { name: 'tb', version: '2', sha256: 'cd'.repeat(32) } }))).toBe(true);
    expect(registry.feedbackCount(STUDY_UID)).toBe(3);
    expect(registry.feedbackOf(STUDY_UID).map(({ by, family, verdict, model }) => [by, family, verdict, model.version])).toEqual([
      ['anna', 'tuberculosis', 'disagree', '2'], ['anna', 'lung nodule', 'agree', '1'], ['binh', 'tuberculosis', 'disagree', '1'],
    ]);
    const first = registry.feedbackAfter(0, 2);
    const all = [...first, ...registry.feedbackAfter(first.at(-1)!.id, 100)];
    expect(all.map(({ counts }) => counts)).toEqual([false, true, true, false, true]);
  });

  test('cannot be changed or removed, and outlives the images', () => {
    const { registry, add, answer, path } = withStudies();
    add('1');
    answer('1', 80);
    registry.addFeedback(given({ studyInstanceUid: '1' }));
    registry.applyStudyEvent('1', { kind: 'read', by: 'anna', where: 'here' }, NOW_MS);
    registry.recordReports('1', 1, [], [], NOW_MS);
    expect(registry.takeRemovable(NOW_MS + 1, 10, NOW_MS + 1).files).toHaveLength(1);
    expect(registry.feedbackOf('1')).toHaveLength(1);
    const raw = new DatabaseSync(path);
    expect(() => raw.exec("UPDATE feedback SET verdict = 'disagree'")).toThrow('append-only');
    expect(() => raw.exec('DELETE FROM feedback')).toThrow('append-only');
    raw.close();
  });

  test('images of a study that somebody holds stay: it is on the list', () => {
    const { registry, add, answer } = withStudies();
    add('1');
    answer('1', 80);
    registry.recordReports('1', 1, [], [], NOW_MS);
    registry.applyStudyEvent('1', { kind: 'read', by: 'anna', where: 'here' }, NOW_MS);
    registry.applyStudyEvent('1', { kind: 'unread', by: 'anna' }, NOW_MS);
    registry.claim('1', 'anna', { forMs: MINUTE_MS, takeOver: false }, NOW_MS);
    expect(removableFiles(registry, NOW_MS + HOUR_MS)).toEqual([]);
  });
});

describe('saved views', () => {
  test('belong to one person, are replaced by name, and are at most so many', () => {
    const { registry } = withStudies();
    const save = (person: string, name: string, query = 'scope=mine') => registry.saveView(person, { name, query, savedAtMs: NOW_MS });
    for (let n = 0; n < SAVED_VIEWS_MAX; n += 1) expect(save('anna', `view ${n}`)).toBe(true);
    expect(save('anna', 'one more')).toBe(false);
    expect(save('anna', 'view 7', 'scope=read')).toBe(true);
    expect(registry.views('anna').find(({ name }) => name === 'view 7')).toEqual({ name: 'view 7', query: 'scope=read', savedAtMs: NOW_MS });
    expect(registry.views('binh')).toEqual([]);
    expect(registry.removeView('binh', 'view 7')).toBe(false);
    expect(registry.removeView('anna', 'view 7')).toBe(true);
    expect(registry.views('anna')).toHaveLength(SAVED_VIEWS_MAX - 1);
  });
});

describe('prior studies', () => {
  const duc = { patientId: 'VN7', patientName: 'NGUYỄN^VĂN ĐỨC', patientBirthDate: '19700101', patientSex: 'M' };
  const priors = (registry: ReturnType<typeof withStudies>['registry'], uid: string) => registry.priorsOf(uid, registry.studyFacts(uid)!).map(({ summary }) => summary.studyInstanceUid);

  test('the same number, issuer and name; newest first by the film\'s own date; never somebody else', () => {
    const { registry, add } = withStudies();
    add('1', { ...duc, studyDate: '20261121' });
    add('2', { ...duc, patientName: 'DUC NGUYEN VAN', studyDate: '20250101' }, NOW_MS + 5);
    add('3', { ...duc, studyDate: '20260101' }, NOW_MS + 1);
    add('4', { ...duc, issuerOfPatientId: 'OTHER HOSPITAL', studyDate: '20240101' });
    add('5', { ...duc, patientName: 'TRẦN^THỊ BÌNH' });
    add('6', { ...duc, patientBirthDate: '19880808' });
    add('7', { ...duc, patientId: 'VN70' });
    expect(priors(registry, '1')).toEqual(['3', '2', '4']);
    registry.applyStudyEvent('3', { kind: 'read', by: 'anna', where: 'here' }, NOW_MS);
    registry.markRemoved(['file of 3.1 content of 3.1'], NOW_MS);
    expect(registry.priorsOf('1', registry.studyFacts('1')!)[0]?.images).toEqual([
      { sopInstanceUid: '3.1', fileKey: 'file of 3.1 content of 3.1', hasPixels: true, viewPosition: 'PA', removed: true },
    ]);
  });

  test('two issuers that differ are two patients', () => {
    const { registry, add } = withStudies();
    add('1', { ...duc, issuerOfPatientId: 'HERE' });
    add('2', { ...duc, issuerOfPatientId: 'THERE' });
    add('3', { ...duc, issuerOfPatientId: 'here' });
    expect(priors(registry, '1')).toEqual(['3']);
  });

  test.each(['', '0000', 'UNKNOWN', 'test 01', 'XXXX', '123456'])('a number that is none (%j) has no priors', (patientId) => {
    const { registry, add } = withStudies();
    add('1', { ...duc, patientId });
    add('2', { ...duc, patientId });
    expect(priors(registry, '1')).toEqual([]);
  });

  test('another patient\'s image that came under the study is not shown', () => {
    const { registry, add } = withStudies();
    add('1', duc);
    add('2', duc);
    registry.recordInstance(image('2.2', { studyInstanceUid: '2', ...duc, patientId: 'VN8', patientName: 'SOMEBODY^ELSE' }), ORDINARY, NOW_MS);
    expect(registry.priorsOf('1', registry.studyFacts('1')!)[0]?.images.map(({ sopInstanceUid }) => sopInstanceUid)).toEqual(['2.1']);
  });
});

describe('turnaround', () => {
  test('arrival to flag and to the first reading, by class and by hour of arrival; what was never read does not count', async () => {
    const { registry, add, answer } = withStudies();
    const eightMs = new Date(2026, 10, 21, 8, 10).getTime();
    const nineMs = new Date(2026, 10, 21, 9, 50).getTime();
    for (const [uid, atMs, score, afterMs] of [['1', eightMs, 80, 2_000], ['2', eightMs, 10, 4_000], ['3', nineMs, 10, 60_000]] as const) {
      add(uid, {}, atMs);
      answer(uid, score, atMs + afterMs);
    }
    add('4', {}, nineMs);
    registry.applyStudyEvent('1', { kind: 'read', by: 'anna', where: 'here' }, eightMs + 10 * MINUTE_MS);
    registry.applyStudyEvent('1', { kind: 'unread', by: 'anna' }, eightMs + 11 * MINUTE_MS);
    registry.applyStudyEvent('1', { kind: 'read', by: 'anna', where: 'here' }, eightMs + HOUR_MS);
    registry.applyStudyEvent('2', { kind: 'closed', by: 'anna', reason: 'double' }, eightMs + HOUR_MS);
    registry.applyStudyEvent('3', { kind: 'read', by: 'anna', where: 'here' }, nineMs + 30 * MINUTE_MS);

    const { flag, read, byClass, byHour } = await registry.turnaround(eightMs - HOUR_MS, nineMs + 1);
    expect(flag).toEqual({ count: 3, medianMs: 4_000, p95Ms: 60_000, maxMs: 60_000 });
    expect(read).toEqual({ count: 2, medianMs: 10 * MINUTE_MS, p95Ms: 30 * MINUTE_MS, maxMs: 30 * MINUTE_MS });
    expect(byClass.map((one) => [one.priority, one.flag.count, one.read.count])).toEqual([['critical', 0, 0], ['urgent', 1, 1], ['undetermined', 0, 0], ['routine', 2, 1]]);
    expect(byHour).toHaveLength(24);
    expect(byHour[8]).toMatchObject({ hour: 8, flag: { count: 2, maxMs: 4_000 }, read: { count: 1 } });
    expect(byHour[9]).toMatchObject({ hour: 9, flag: { count: 1 }, read: { count: 1 } });
    expect(byHour[3]).toEqual({ hour: 3, flag: { count: 0, medianMs: null, p95Ms: null, maxMs: null }, read: { count: 0, medianMs: null, p95Ms: null, maxMs: null } });
    expect((await registry.turnaround(nineMs, nineMs + 1)).flag.count).toBe(1);
    expect((await registry.turnaround(eightMs + 1, nineMs)).flag.count).toBe(0);
  });
});
