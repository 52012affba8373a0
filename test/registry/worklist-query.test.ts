import { describe, expect, test } from 'vitest';
import type { StudyEvent } from '../../src/study/events.ts';
import type { InstanceHeader, OrderContext } from '../../src/study/types.ts';
import { analysed, finding, LATERAL, NOW_MS, ORDINARY, scored } from '../study/sample-studies.ts';
import { image, opened } from './registry-folder.ts';

const MINUTE_MS = 60_000;
const STAT: OrderContext = { stat: true, statSource: 'device ER1', inpatient: false };

function filled() {
  const registry = opened();
  const add = (uid: string, minutesAgo: number, over: Partial<InstanceHeader> = {}, order = ORDINARY): void => {
    const one = image(`${uid}.1`, { studyInstanceUid: uid, accessionNumber: `A${uid}`, patientId: `P${uid}`, ...over });
    registry.recordInstance({ ...one, origin: { ...one.origin, receivedAtMs: NOW_MS - minutesAgo * MINUTE_MS, callingAeTitle: `ROOM${uid}` } }, order, NOW_MS);
  };
  const answer = (uid: string, event: StudyEvent): void => void registry.applyStudyEvent(uid, { ...event, contentSha256: `content of ${uid}.1` } as StudyEvent, NOW_MS);
  add('1', 30, { patientName: 'NGUYỄN^VĂN ĐỨC' });
  add('2', 20, { patientName: 'Trần^Thị Bình'.normalize('NFD') });
  add('3', 10, { patientName: 'MÜLLER^Jörg' }, STAT);
  add('4', 600, { patientName: '50%_off\\' });
  add('5', 5, { patientName: 'O_X' });
  answer('1', analysed('1.1', scored(finding('tuberculosis', 10), finding('lung nodule', 12, 50))));
  answer('2', analysed('2.1', scored(finding('tuberculosis', 87))));
  answer('3', analysed('3.1', scored(finding('lung nodule', 60, 50))));
  answer('4', analysed('4.1', LATERAL));
  return { registry, add };
}

const uids = (rows: readonly { studyInstanceUid: string }[]): string[] => rows.map(({ studyInstanceUid }) => studyInstanceUid);

describe('the list', () => {
  test('is ranked: critical, the overdue and the new in turns, then the rest', () => {
    const { rows, openCount, matchingCount } = filled().registry.worklist({ nowMs: NOW_MS });
    expect(uids(rows)).toEqual(['3', '4', '2', '5', '1']);
    expect(rows.map(({ rank, priority, lane }) => [rank, priority, lane])).toEqual([
      [1, 'critical', 'critical'],
      [2, 'routine', 'overdue'],
      [3, 'urgent', 'fresh'],
      [4, 'undetermined', 'fresh'],
      [5, 'routine', 'ordinary'],
    ]);
    expect({ openCount, matchingCount }).toEqual({ openCount: 5, matchingCount: 5 });
  });

  test('a row keeps its promise, field by field', () => {
    const [, , row] = filled().registry.worklist({ nowMs: NOW_MS }).rows;
    expect(row).toMatchObject({
      rank: 3,
      studyInstanceUid: '2',
      accessionNumber: 'A2',
      patientId: 'P2',
      state: 'assessed',
      priority: 'urgent',
      reason: { code: 'flagged', text: 'Tuberculosis 87 (threshold 41)' },
      receivedAt: '2026-11-21T08:40:00.000Z',
      findings: [{ label: 'tuberculosis', score: 87, threshold: 41, flagged: true }],
      waitingMs: 20 * MINUTE_MS,
      capMs: 60 * MINUTE_MS,
      breachInMs: 40 * MINUTE_MS,
      overdue: false,
    });
    expect(row?.patientName.normalize('NFC')).toBe('Trần^Thị Bình');
  });

  test('pages do not overlap and filters keep the rank of the whole list', () => {
    const { registry } = filled();
    const page = (offset: number) => uids(registry.worklist({ nowMs: NOW_MS, offset, limit: 2 }).rows);
    expect([page(0), page(2), page(4), page(6)]).toEqual([['3', '4'], ['2', '5'], ['1'], []]);
    const filtered = (filter: Parameters<typeof registry.worklist>[0]['filter']) => registry.worklist({ nowMs: NOW_MS, filter }).rows.map(({ studyInstanceUid, rank }) => [studyInstanceUid, rank]);
    expect(filtered({ flagged: 'tuberculosis' })).toEqual([['2', 3]]);
    expect(filtered({ states: ['analysing', 'ineligible'] })).toEqual([['4', 2], ['5', 4]]);
    expect(filtered({ priorities: ['critical'] })).toEqual([['3', 1]]);
    expect(filtered({ callingAeTitle: 'ROOM1' })).toEqual([['1', 5]]);
    expect(filtered({ receivedFromMs: NOW_MS - 15 * MINUTE_MS })).toEqual([['3', 1], ['5', 4]]);
    expect(filtered({ search: "x' OR 1=1 --" })).toEqual([]);
  });

  test('what was read leaves, and follows when it is asked for', () => {
    const { registry } = filled();
    registry.applyStudyEvent('3', { kind: 'read', by: 'anna', where: 'here' }, NOW_MS + 1);
    registry.applyStudyEvent('2', { kind: 'closed', by: 'anna', reason: 'test film' }, NOW_MS + 2);
    expect(uids(registry.worklist({ nowMs: NOW_MS }).rows)).toEqual(['4', '5', '1']);
    const all = registry.worklist({ nowMs: NOW_MS, scope: 'all' }).rows;
    expect(all.map(({ studyInstanceUid, rank }) => [studyInstanceUid, rank])).toEqual([['4', 1], ['5', 2], ['1', 3], ['2', null], ['3', null]]);
    expect(all.at(-1)).toMatchObject({ readBy: 'anna', readAt: '2026-11-21T09:00:00.001Z' });
    const paged = (offset: number) => uids(registry.worklist({ nowMs: NOW_MS, scope: 'all', offset, limit: 2 }).rows);
    expect([paged(0), paged(2), paged(4)]).toEqual([['4', '5'], ['1', '2'], ['3']]);
    expect(uids(registry.worklist({ nowMs: NOW_MS, scope: 'all', filter: { reader: 'anna' } }).rows)).toEqual(['3']);
  });

  test('a ranking is used again only while nothing has changed, and never after a rollback', () => {
    const { registry, add } = filled();
    const list = () => uids(registry.worklist({ nowMs: NOW_MS }).rows);
    expect(list()).toHaveLength(5);
    add('6', 1);
    expect(list()).toHaveLength(6);
    const halfway = () => registry.transact(() => {
      add('7', 1);
      expect(list()).toHaveLength(7);
      throw new Error('halfway');
    });
    expect(halfway).toThrow('halfway');
    expect(list()).toHaveLength(6);
    expect(registry.worklist({ nowMs: NOW_MS + 61 * MINUTE_MS }).rows.filter(({ overdue }) => overdue)).toHaveLength(5);
  });

  test('why, for any two on the list', () => {
    const { registry } = filled();
    expect(registry.explain('1', '3', NOW_MS)?.explanation).toBe('The first is critical (Lung nodule 60 (threshold 50) · STAT (device ER1)); the second is routine.');
    expect(registry.explain('1', 'nobody', NOW_MS)).toBeUndefined();
    expect(registry.row('2', NOW_MS)?.rank).toBe(3);
    expect(registry.row('nobody', NOW_MS)).toBeUndefined();
    expect(registry.openCounts()).toContainEqual({ state: 'assessed', priority: 'critical', flag: 'flagged', count: 1 });
    expect(registry.waitingSinceMs()).toBe(NOW_MS - Math.max(...registry.worklist({ nowMs: NOW_MS }).rows.map(({ waitingMs }) => waitingMs)));
  });
});

describe('search', () => {
  test.each([
    ['nguyen', ['1']],
    ['Nguyễn'.normalize('NFC'), ['1']],
    ['Nguyễn'.normalize('NFD'), ['1']],
    ['duc van', ['1']],
    ['NGUYỄN^VĂN', ['1']],
    ['tran thi binh', ['2']],
    ['muller', ['3']],
    ['P4', ['4']],
    ['a5', ['5']],
    ['50%', ['4']],
    ['_off', ['4']],
    ['off\\', ['4']],
    ['o_x', ['5']],
    ['nobody', []],
  ])('%s', (query, found) => {
    const { registry } = filled();
    expect(uids(registry.search(query, 10, NOW_MS))).toEqual(found);
    expect(uids(registry.worklist({ nowMs: NOW_MS, filter: { search: query } }).rows)).toEqual(found);
  });

  test('finds what has left the list too, and an empty search finds the latest', () => {
    const { registry } = filled();
    registry.applyStudyEvent('1', { kind: 'read', by: 'anna', where: 'here' }, NOW_MS);
    expect(registry.search('nguyen', 10, NOW_MS)[0]).toMatchObject({ studyInstanceUid: '1', rank: null });
    expect(uids(registry.search('', 2, NOW_MS))).toEqual(['5', '3']);
  });
});
