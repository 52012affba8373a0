/** The pure halves of the list's page: which row stands where while a hand is on it, and the question as the address tells it. */
import { describe, expect, test } from 'vitest';

const WEB = new URL('../../src/api/web/', import.meta.url);
interface Store {
  take(answer: { offset: number; limit: number; rows: object[]; total: number }, atMs: number, how?: { hold?: boolean; generation?: 'new' | 'same' }): boolean;
  apply(): boolean;
  changeCount(): number;
  cameCount(): number;
  uidAt(place: number): string | undefined;
  goneAs(uid: string): string | undefined;
  rowOf(uid: string): { n?: number } | undefined;
  total(): number;
  staleRange(first: number, last: number): { offset: number; limit: number } | undefined;
}
const { createRowStore } = (await import(new URL('row-store.js', WEB).href)) as { createRowStore(): Store };
const query = (await import(new URL('query.js', WEB).href)) as {
  readQuery(written: string, scope?: string): Record<string, unknown>;
  writeQuery(asked: Record<string, unknown>, scope?: string): string;
  dateRange(date: string, nowMs: number): { fromMs: number; toMs: number } | undefined;
};

const answer = (uids: string, total = uids.length, offset = 0, n = 0) => ({ offset, limit: 100, rows: [...uids].map((studyInstanceUid) => ({ studyInstanceUid, n })), total });
const shown = (store: Store) => Array.from({ length: Math.min(10, store.total()) }, (_one, place) => store.uidAt(place) ?? '·').join('');

describe('row-store', () => {
  test('held: what rows say is new at once, where they stand is not, and the changes are counted', () => {
    const store = createRowStore();
    store.take(answer('abcd'), 0);
    expect(store.take(answer('xabdc', 5, 0, 7), 1, { hold: true, generation: 'new' })).toBe(true);
    expect(shown(store)).toBe('abcd');
    expect(store.rowOf('a')!.n).toBe(7);
    expect([store.changeCount(), store.cameCount()]).toEqual([2, 1]);
    store.apply();
    expect(shown(store)).toBe('xabdc');
    expect(store.changeCount()).toBe(0);
  });

  test('what has gone is marked while held, and gone when applied', () => {
    const store = createRowStore();
    store.take(answer('abc'), 0);
    store.take(answer('ac'), 1, { hold: true });
    expect([shown(store), store.goneAs('b'), store.goneAs('a')]).toEqual(['abc', 'moved', undefined]);
    store.apply();
    expect([shown(store), store.rowOf('b')]).toEqual(['ac', undefined]);
  });

  test('no study stands at two places: one that moved to another page leaves a hole that is asked for again', () => {
    const store = createRowStore();
    const page = (letter: string) => Array.from({ length: 100 }, (_one, index) => ({ studyInstanceUid: `${letter}${index}` }));
    store.take({ offset: 0, limit: 100, rows: page('a'), total: 200 }, 0, { generation: 'new' });
    store.take({ offset: 100, limit: 100, rows: page('b'), total: 200 }, 0);
    expect(store.staleRange(0, 199)).toBeUndefined();
    store.take({ offset: 0, limit: 100, rows: [{ studyInstanceUid: 'b5' }, ...page('a').slice(0, 99)], total: 200 }, 1);
    expect([store.uidAt(0), store.uidAt(105)]).toEqual(['b5', undefined]);
    expect(store.staleRange(0, 199)).toEqual({ offset: 100, limit: 100 });
  });
});

describe('query', () => {
  test('written and read it is the same; what is not known is left out', () => {
    const written = 'list=read&search=%C4%91%E1%BB%97+lan&state=flagged%2Canalysing&site=A%26B&date=2026-11-21&sort=name&direction=desc';
    expect(query.writeQuery(query.readQuery(written))).toBe(written);
    expect(query.writeQuery(query.readQuery('list=x&state=y&finding=z&date=2026-13-45&sort=1&direction=up'))).toBe('');
    expect((query.readQuery(`search=${'x'.repeat(5_000)}`)['search'] as string).length).toBe(200);
  });

  test('today is the local day, as long as it is', () => {
    const { fromMs, toMs } = query.dateRange('today', new Date(2026, 10, 21, 14, 5).getTime())!;
    expect([fromMs, toMs]).toEqual([new Date(2026, 10, 21).getTime(), new Date(2026, 10, 22).getTime()]);
    expect(query.dateRange('2026-11-21', 0)).toEqual({ fromMs, toMs });
    expect(query.dateRange('', 0)).toBeUndefined();
  });
});
