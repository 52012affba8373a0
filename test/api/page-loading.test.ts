/** How the page asks for the list while news pours in over a slow line: all by the clock of the test. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

interface Loading {
  soon(): void;
  range(places: { offset: number; limit: number }): void;
  fromStart(): Promise<{ search: string } | undefined>;
  refresh(how: { byReader?: boolean; background?: boolean }): Promise<object | undefined> | undefined;
  close(): void;
}
interface Asked {
  readonly search: string;
  readonly offset: number;
  readonly byItself: boolean;
  answered: boolean;
}
const WEB = new URL('../../src/api/web/', import.meta.url);
const ANSWER_MS = 1_000;
const NEWS_EVERY_MS = 250;

vi.stubGlobal('localStorage', { getItem: () => 'en', setItem: () => undefined });
vi.stubGlobal('document', { documentElement: { lang: '' }, hidden: false, addEventListener: () => undefined, removeEventListener: () => undefined });
const { createLoading } = (await import(new URL('loading.js', WEB).href)) as { createLoading(parts: object): Loading };
const { emptyQuery } = (await import(new URL('query.js', WEB).href)) as { emptyQuery(): object };

let asked: Asked[];
/** What has reached the list, by the search that it answers and where it begins. */
let taken: string[];
let search: string;
let loading: Loading;
let serverIsAway: boolean;
let failures: string[];

beforeEach(() => {
  vi.useFakeTimers();
  [asked, taken, failures, search, serverIsAway] = [[], [], [], '', false];
  vi.stubGlobal('fetch', async (path: string, { headers }: { headers: Record<string, string> }) => {
    const parameters = new URL(path, 'http://page').searchParams;
    const one: Asked = { search: parameters.get('search') ?? '', offset: Number(parameters.get('offset') ?? 0), byItself: headers['x-firstread'] === 'refresh', answered: false };
    asked.push(one);
    await new Promise((done) => setTimeout(done, ANSWER_MS));
    one.answered = true;
    if (serverIsAway) throw new TypeError('fetch failed');
    return { ok: true, json: async () => ({ search: one.search, total: 1_000, rows: [], serverNowMs: Date.now() }) };
  });
  loading = createLoading({
    list: {
      take: ({ offset }: { offset: number }, answer: { search: string }) => void taken.push(`${answer.search}@${offset}`),
      range: () => ({ offset: 0, limit: 100 }), store: { goneUids: () => [] }, render: () => undefined, forget: () => undefined,
    },
    queryNow: () => ({ ...emptyQuery(), search }), onAnswer: () => undefined, onBecame: () => undefined, onFailure: (error: { code: string }) => void failures.push(error.code),
  });
});
afterEach(() => {
  loading.close();
  vi.useRealTimers();
});

const waiting = () => asked.filter(({ answered }) => !answered);
async function news(forMs: number): Promise<void> {
  for (let ms = 0; ms < forMs; ms += NEWS_EVERY_MS) {
    loading.soon();
    await vi.advanceTimersByTimeAsync(NEWS_EVERY_MS);
    expect(waiting().filter(({ byItself }) => byItself).length).toBeLessThanOrEqual(1);
  }
}

describe('news faster than answers', () => {
  test('the list goes on: one question at a time, each answered, and the last one asked after the last news', async () => {
    await news(10_000);
    expect(taken.length).toBeGreaterThanOrEqual(7);
    const asks = asked.length;
    await vi.advanceTimersByTimeAsync(3 * ANSWER_MS);
    expect(taken.length).toBe(asked.length);
    expect(asked.length - asks).toBeLessThanOrEqual(1);
    expect(waiting()).toEqual([]);
  });

  test('news closer together than they are gathered do not put the question off for ever', async () => {
    for (let ms = 0; ms < 3_000; ms += 100) {
      loading.soon();
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(taken.length).toBeGreaterThanOrEqual(1);
  });

  test('what the reader asks does not wait, is answered, and nothing of the older question comes after it', async () => {
    await news(2_100);
    search = 'tran';
    const own = loading.fromStart();
    expect(waiting().filter(({ byItself }) => !byItself)).toHaveLength(1);
    const before = taken.length;
    await news(1_500);
    expect(await own).toMatchObject({ search: 'tran' });
    expect(taken.slice(before)).not.toContain('@0');
    await news(2_000);
    expect(taken.length).toBeGreaterThan(before + 1);
  });

  test('of two that the reader asked the later one counts', async () => {
    search = 'tr';
    const first = loading.fromStart();
    await vi.advanceTimersByTimeAsync(ANSWER_MS / 2);
    search = 'tran';
    const second = loading.fromStart();
    await vi.advanceTimersByTimeAsync(2 * ANSWER_MS);
    expect(await first).toBeUndefined();
    expect(await second).toMatchObject({ search: 'tran' });
    expect(taken).toEqual(['tran@0']);
  });

  test('what comes into view is asked for at once, once, and the overtaken news after it', async () => {
    void loading.refresh({ background: true });
    for (let at = 0; at < 5; at += 1) {
      loading.range({ offset: 300, limit: 100 });
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(asked.map(({ offset }) => offset)).toEqual([0, 300]);
    await vi.advanceTimersByTimeAsync(3 * ANSWER_MS);
    expect(taken).toEqual(['@300', '@0']);
  });

  test('a server that is away is asked every few seconds, however much was waiting; then all goes on', async () => {
    serverIsAway = true;
    await news(2_000);
    await vi.advanceTimersByTimeAsync(1_500);
    const asks = asked.length;
    expect(failures).toContain('offline');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked.length - asks).toBeLessThanOrEqual(3);
    serverIsAway = false;
    await vi.advanceTimersByTimeAsync(6_000);
    expect(taken.length).toBeGreaterThanOrEqual(1);
  });

  test('a refresh that failed is asked again also where places came into view meanwhile, and were answered', async () => {
    serverIsAway = true;
    void loading.refresh({ background: true });
    await vi.advanceTimersByTimeAsync(ANSWER_MS);
    serverIsAway = false;
    loading.range({ offset: 300, limit: 100 });
    await vi.advanceTimersByTimeAsync(6_000);
    expect(taken).toEqual(['@300', '@0']);
  });
});
