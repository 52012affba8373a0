import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { minutes, whyAbove, type OrderCode } from '../../src/study/explain-order.ts';
import type { Priority } from '../../src/study/types.ts';
import { DEFAULT_CAPS_MINUTES, isOnWorklist, rankWorklist, type Rankable } from '../../src/study/worklist-order.ts';
import { NOW_MS } from './sample-studies.ts';

const MINUTE_MS = 60_000;

interface Waiting extends Rankable {
  readonly reason: { readonly code: string; readonly text: string };
}

function waiting(studyInstanceUid: string, priority: Priority, waitedMinutes: number, over: Partial<Rankable> = {}): Waiting {
  const receivedAtMs = NOW_MS - waitedMinutes * MINUTE_MS;
  return { studyInstanceUid, priority, receivedAtMs, order: { inpatient: false }, reason: { code: priority, text: `${priority} text` }, ...over };
}

const rank = (studies: readonly Waiting[]) => rankWorklist(studies, DEFAULT_CAPS_MINUTES, NOW_MS);
const names = (studies: readonly Waiting[]): string[] => rank(studies).map(({ study }) => study.studyInstanceUid);

describe('order', () => {
  test('inside the caps: critical, urgent, undetermined, routine', () => {
    expect(names([waiting('r', 'routine', 50), waiting('u', 'urgent', 1), waiting('n', 'undetermined', 30), waiting('c', 'critical', 0)])).toEqual(['c', 'u', 'n', 'r']);
  });

  test('inside a class the longest waiting first', () => {
    expect(names([waiting('a', 'urgent', 6), waiting('b', 'urgent', 40), waiting('c', 'urgent', 20)])).toEqual(['b', 'c', 'a']);
  });

  test('past its cap a routine study outranks new flags, one by one', () => {
    const studies = [
      ...[1, 2, 3].map((n) => waiting(`stale${n}`, 'routine', 500 - n * 5)),
      ...[1, 2, 3].map((n) => waiting(`flag${n}`, 'urgent', 30 - n * 5)),
      waiting('calm', 'routine', 100),
    ];
    expect(names(studies)).toEqual(['stale1', 'flag1', 'stale2', 'flag2', 'stale3', 'flag3', 'calm']);
  });

  test('five hundred stale studies cannot bury a new flag, five hundred flags cannot starve a stale study', () => {
    const stale = Array.from({ length: 500 }, (_, n) => waiting(`s${n}`, 'routine', 600 + n));
    const flags = Array.from({ length: 500 }, (_, n) => waiting(`f${n}`, 'urgent', n / 10));
    expect(names([...stale, waiting('new', 'urgent', 0)]).indexOf('new')).toBe(1);
    expect(names([...flags, waiting('old', 'routine', 481)]).indexOf('old')).toBe(0);
    expect(names([...stale, ...flags, waiting('stat', 'critical', 0)]).indexOf('stat')).toBe(0);
  });

  test('overdue among themselves: by priority, then by how long', () => {
    expect(names([waiting('r', 'routine', 2000), waiting('u', 'urgent', 61), waiting('u2', 'urgent', 90), waiting('n', 'undetermined', 70)])).toEqual(['u2', 'u', 'n', 'r']);
  });

  test('inside five minutes of arrival inpatients come first, then the young and the old', () => {
    const at = (id: string, over: Partial<Rankable['order']>, waited: number) => waiting(id, 'urgent', waited, { order: { inpatient: false, ...over } });
    // NOW_MS is a full hour: 20 to 16 minutes before it are one step.
    expect(names([at('adult', { patientAgeYears: 40 }, 19), at('old', { patientAgeYears: 70 }, 18), at('ward', { inpatient: true }, 17), at('early', {}, 25)])).toEqual(['early', 'ward', 'old', 'adult']);
  });

  test('a study that came back waits from then on', () => {
    const [back] = rank([waiting('back', 'undetermined', 5000, { reopenedAtMs: NOW_MS - 2 * MINUTE_MS })]);
    expect(back).toMatchObject({ waitingMs: 2 * MINUTE_MS, lane: 'fresh', overdueMs: 0 });
  });

  test('read and closed studies have left; a clock set back makes nobody wait less than nothing', () => {
    expect(names([waiting('read', 'critical', 1, { readAtMs: NOW_MS }), waiting('closed', 'urgent', 1, { closedAtMs: NOW_MS }), waiting('future', 'routine', -90)])).toEqual(['future']);
    expect(rank([waiting('future', 'routine', -90)])[0]?.waitingMs).toBe(0);
  });

  const anyStudies = fc
    .array(fc.record({ priority: fc.constantFrom<Priority>('critical', 'urgent', 'undetermined', 'routine'), waited: fc.integer({ min: 0, max: 1000 }), inpatient: fc.boolean(), left: fc.boolean() }), { maxLength: 60 })
    .map((all) => all.map(({ priority, waited, inpatient, left }, n) => waiting(`s${n}`, priority, waited, { order: { inpatient }, ...(left ? { readAtMs: NOW_MS } : {}) })));

  test('nobody is lost, and the order does not depend on the order of the question', () => {
    fc.assert(
      fc.property(anyStudies, (studies) => {
        const ranked = rank(studies);
        expect(ranked.map(({ rank: place }) => place)).toEqual(ranked.map((_, at) => at + 1));
        expect(ranked.map(({ study }) => study.studyInstanceUid).sort()).toEqual(studies.filter(isOnWorklist).map((one) => one.studyInstanceUid).sort());
        expect(names([...studies].reverse())).toEqual(names(studies));
      }),
    );
  });

  test('the undetermined never stand behind a fresh routine study, and of each class the more overdue come first', () => {
    fc.assert(
      fc.property(anyStudies, (studies) => {
        const ranked = rank(studies);
        const lastMattering = ranked.findLastIndex(({ study }) => study.priority !== 'routine');
        const firstCalm = ranked.findIndex(({ lane }) => lane === 'ordinary');
        if (firstCalm >= 0) expect(lastMattering).toBeLessThan(firstCalm);
        for (const priority of ['urgent', 'routine'] as const) {
          const overdue = ranked.filter((one) => one.lane === 'overdue' && one.study.priority === priority).map(({ overdueMs }) => overdueMs);
          expect(overdue).toEqual([...overdue].sort((a, b) => b - a));
        }
        // Taking turns: while both wait, no two neighbours come from the same lane.
        const turns = ranked.filter(({ lane }) => lane === 'overdue' || lane === 'fresh').map(({ lane }) => lane);
        const paired = 2 * Math.min(turns.filter((lane) => lane === 'overdue').length, turns.filter((lane) => lane === 'fresh').length);
        turns.slice(0, paired).forEach((lane, at) => expect(lane).toBe(at % 2 === 0 ? 'overdue' : 'fresh'));
      }),
    );
  });
});

describe('why is A above B', () => {
  const explain = (...studies: readonly Waiting[]) => {
    const [a, b] = rank(studies);
    if (!a || !b) throw new Error('two studies');
    expect(whyAbove(b, a)).toEqual(whyAbove(a, b));
    return whyAbove(a, b);
  };

  test.each<[Waiting, Waiting, OrderCode, string]>([
    [waiting('a', 'critical', 1), waiting('b', 'routine', 900), 'critical-first', 'The first is critical (critical text); the second is routine.'],
    [waiting('a', 'routine', 500), waiting('b', 'urgent', 5), 'overdue-in-turn', 'The first has waited 20 min past the cap of 8 h for routine studies; overdue studies and new urgent ones take turns, and its turn came first.'],
    [waiting('a', 'urgent', 5), waiting('b', 'undetermined', 20), 'class-within-lane', 'Both matter now, but the first is urgent and the second not yet determined.'],
    [waiting('a', 'urgent', 5), waiting('b', 'routine', 20), 'fresh-before-ordinary', 'The first is urgent (urgent text); the second is routine and inside its cap of 8 h.'],
    [waiting('a', 'urgent', 45), waiting('b', 'urgent', 20), 'waited-longer', 'Both are urgent; the first has waited 45 min, the second 20 min.'],
    [waiting('a', 'urgent', 90), waiting('b', 'urgent', 61), 'longer-overdue', 'Both are past their cap, the first by 30 min, the second by 1 min.'],
    [waiting('a', 'urgent', 90), waiting('b', 'routine', 600), 'class-within-lane', 'Both are past their cap, but the first is urgent and the second routine.'],
    [waiting('a', 'routine', 600), waiting('b', 'routine', 60), 'overdue-before-ordinary', 'The first has waited 2 h past the cap of 8 h for routine studies; the second is routine and inside its cap.'],
    [waiting('a', 'urgent', 17, { order: { inpatient: true } }), waiting('b', 'urgent', 19), 'inpatient', 'Both are urgent; they arrived within the same 5 min and the first is an inpatient.'],
    [waiting('a', 'urgent', 17, { order: { inpatient: false, patientAgeYears: 2 } }), waiting('b', 'urgent', 19), 'fragile-age', 'Both are urgent; they arrived within the same 5 min and the first patient is very young or old.'],
    [waiting('a', 'urgent', 17), waiting('b', 'urgent', 17), 'same-moment', 'Both are urgent; they arrived at the same moment.'],
  ])('%#', (a, b, code, sentence) => {
    const why = explain(a, b);
    expect([why.code, why.explanation]).toEqual([code, sentence]);
    expect([why.above, why.below]).toEqual([a.studyInstanceUid, b.studyInstanceUid]);
    expect(why.facts.above).toMatchObject({ rank: 1, priority: a.priority, reason: a.reason, inpatient: a.order.inpatient });
  });

  test('a flag above an overdue study says that they take turns', () => {
    const ranked = rank([waiting('s1', 'routine', 600), waiting('s2', 'routine', 500), waiting('f', 'urgent', 1)]);
    const [, flag, stale] = ranked;
    if (!flag || !stale) throw new Error('three studies');
    expect(whyAbove(flag, stale).code).toBe('fresh-in-turn');
    expect(whyAbove(flag, stale).explanation).toBe('The first is urgent (urgent text); it takes turns with overdue studies such as the second, and its turn came first.');
  });

  test('durations as people say them', () => {
    expect([40_000, 4 * MINUTE_MS, 65 * MINUTE_MS, 120 * MINUTE_MS].map(minutes)).toEqual(['40 s', '4 min', '1 h 5 min', '2 h']);
  });
});
