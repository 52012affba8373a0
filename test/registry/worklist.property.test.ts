/**
 * The list that is kept in memory and mended with each saved study is the list that a reader makes who opens the file
 * anew: after any history, rollbacks included, for any question. And pages put together are the whole.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { WorklistOptions } from '../../src/registry/worklist-query.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { analysed, finding, NOW_MS, ORDINARY, scored, UNREADABLE } from '../study/sample-studies.ts';
import { image, opened, registryPath } from './registry-folder.ts';

const NAMES = ['NGUYỄN^VĂN AN', 'Trần^Thị Bình', 'ĐỖ^Hoa', '', '王^小东', 'ZED'];
const uidOf = fc.integer({ min: 1, max: 9 }).map((n) => `1.${n}`);
const step = fc.oneof(
  fc.record({ do: fc.constant('store' as const), uid: uidOf, name: fc.constantFrom(...NAMES), room: fc.constantFrom('A', 'B'), site: fc.constantFrom('X', 'Y', undefined), age: fc.constantFrom(3, 40, 80, undefined), ago: fc.integer({ min: 0, max: 600 }) }),
  fc.record({ do: fc.constant('answer' as const), uid: uidOf, score: fc.constantFrom(5, 30, 60, 95, undefined) }),
  fc.record({ do: fc.constantFrom('read' as const, 'unread' as const, 'stat' as const, 'claim' as const, 'release' as const, 'broken' as const, 'ask' as const), uid: uidOf, who: fc.constantFrom('anna', 'binh') }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const question: fc.Arbitrary<Omit<WorklistOptions, 'nowMs'>> = fc.record(
  {
    scope: fc.constantFrom('unread' as const, 'all' as const, 'read' as const),
    sort: fc.constantFrom('rank' as const, 'received' as const, 'name' as const, 'age' as const),
    direction: fc.constantFrom('asc' as const, 'desc' as const),
    filter: fc.record(
      {
        search: fc.constantFrom('nguyen', 'do hoa', 'P1', 'zz'), flags: fc.subarray(['flagged', 'not-flagged', 'analysing', 'not-analysed'] as const, { minLength: 1 }),
        flagged: fc.constant('tuberculosis' as const), callingAeTitle: fc.constantFrom('A', 'B'), institutionName: fc.constantFrom('X', 'Z'),
        receivedFromMs: fc.constant(NOW_MS - 300_000), receivedBeforeMs: fc.constant(NOW_MS - 100_000), reader: fc.constantFrom('anna', 'binh'), freeFor: fc.constantFrom('anna', 'binh'),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);

function take(registry: Registry, one: Step): void {
  const known = registry.study(one.uid) !== undefined;
  switch (one.do) {
    case 'store': {
      const { uid, name, room, site, age, ago } = one;
      const stored = image(`${uid}.${ago}`, { studyInstanceUid: uid, patientName: name, patientId: `P${uid}`, ...(site === undefined ? {} : { institutionName: site }) });
      registry.recordInstance({ ...stored, origin: { ...stored.origin, callingAeTitle: room, receivedAtMs: NOW_MS - ago * 1_000 } }, { ...ORDINARY, ...(age === undefined ? {} : { patientAgeYears: age }) }, NOW_MS);
      return;
    }
    case 'answer': {
      const pending = registry.study(one.uid)?.instances.find(({ status }) => status === 'pending');
      if (pending === undefined) return;
      const { sopInstanceUid, contentSha256 } = pending;
      registry.applyStudyEvent(one.uid, analysed(sopInstanceUid, one.score === undefined ? UNREADABLE : scored(finding('tuberculosis', one.score)), contentSha256), NOW_MS + 1_000);
      return;
    }
    case 'broken':
      if (!known) return;
      expect(() =>
        registry.transact(() => {
          registry.applyStudyEvent(one.uid, { kind: 'read', by: one.who, where: 'here' }, NOW_MS);
          registry.worklist({ nowMs: NOW_MS });
          throw new Error('the disk');
        }),
      ).toThrow('the disk');
      return;
    case 'claim':
      registry.claim(one.uid, one.who, { forMs: 60_000, takeOver: false }, NOW_MS);
      return;
    case 'release':
      registry.release(one.uid, one.who, NOW_MS);
      return;
    case 'ask':
      registry.worklist({ nowMs: NOW_MS });
      return;
    default:
      if (!known) return;
      registry.applyStudyEvent(one.uid, one.do === 'read' ? { kind: 'read', by: one.who, where: 'here' } : one.do === 'unread' ? { kind: 'unread', by: one.who } : { kind: 'prioritised', stat: true, by: one.who }, NOW_MS + 2_000);
  }
}

test('memory and file give the same list, and its pages are the whole', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 8, maxLength: 30 }), fc.array(question, { minLength: 4, maxLength: 8 }), (steps, questions) => {
      const path = registryPath();
      const hub = opened(path);
      hub.worklist({ nowMs: NOW_MS }); // from here on it is mended, not read
      for (const one of steps) take(hub, one);
      const reader = opened(path, { readOnly: true });
      for (const options of questions) {
        const mine = hub.worklist({ nowMs: NOW_MS, ...options });
        expect(mine).toEqual(reader.worklist({ nowMs: NOW_MS, ...options }));
        expect(mine.rows).toHaveLength(mine.matchingCount);
        const paged = Array.from({ length: 5 }, (_, page) => hub.worklist({ nowMs: NOW_MS, ...options, offset: page * 2, limit: 2 }).rows).flat();
        expect(paged).toEqual(mine.rows.slice(0, 10));
      }
      expect([...hub.analysingOrder()]).toEqual([...reader.analysingOrder()]);
      const byKind = (counts: readonly object[]): string[] => counts.map((count) => JSON.stringify(count)).sort();
      expect(byKind(hub.openCounts())).toEqual(byKind(reader.openCounts()));
      reader.close();
      hub.close();
    }),
    { numRuns: 20 },
  );
});
