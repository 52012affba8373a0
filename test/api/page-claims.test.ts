/** Whoever leafs through the list leaves no claim behind: what the server holds in the end is what the page shows, however late answers come. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

interface Claims {
  take(uid: string, row: object | undefined, nowMs: () => number): Promise<string>;
  show(uid: string): void;
  release(): Promise<void>;
  forget(uid: string): void;
  see(row: object): void;
}
interface Reading {
  open(uid: string): Promise<unknown>;
  close(): void;
  act(uid: string, verb: string, body?: object): Promise<void>;
  lost(by: string): void;
  keys: { down(key: string, repeat: boolean): void };
}
const WEB = new URL('../../src/api/web/', import.meta.url);
const ORDER = ['1.1', '1.2', '1.3', '1.4'];
const RENEW_MS = 45_000;

vi.stubGlobal('localStorage', { getItem: () => 'en', setItem: () => undefined });
/** What the button of the latest words does. */
let press: (() => void) | undefined;
/** Of the question whose study it is, too, which is answered with "back". */
const element = () => {
  const heard = new Map<string, () => void>();
  return { append: () => undefined, setAttribute: () => undefined, remove: () => undefined, children: [], returnValue: 'back',
    addEventListener(name: string, hear: () => void) {
      heard.set(name, hear);
      if (name === 'click') press = hear;
    },
    showModal: () => setTimeout(() => heard.get('close')!(), 10) };
};
vi.stubGlobal('document', { documentElement: { lang: '' }, createElement: element, getElementById: element, body: { append: () => undefined } });
const { createClaims } = (await import(new URL('claims.js', WEB).href)) as { createClaims(parts: object): Claims };
const { createReading } = (await import(new URL('reading.js', WEB).href)) as { createReading(parts: object): Reading };

/** Held at the server. */
let held: Set<string>;
let calls: string[];
/** Until a request is there, and until its answer is back. */
let wayMs: () => number;
let shown: string | undefined;
let reading: Reading;
let lost: string[];
/** Whether a call (`verb` undefined: the study itself) does not arrive, or its answer does not. */
let fails: (uid: string, verb: string | undefined) => 'call' | 'answer' | undefined;
/** Somebody else has these. */
let others: Set<string>;

const way = () => new Promise((done) => setTimeout(done, wayMs()));

beforeEach(() => {
  vi.useFakeTimers();
  [held, calls, lost, shown] = [new Set(), [], [], undefined];
  wayMs = () => 100;
  [fails, others] = [() => undefined, new Set()];
  vi.stubGlobal('fetch', async (path: string) => {
    await way();
    const [, uid, verb] = /studies\/([\d.]+)(?:\/(\w+))?$/.exec(path)!;
    const failing = fails(uid!, verb);
    if (failing === 'call') throw new TypeError('fetch failed');
    if (verb === 'claim' && others.has(uid!)) return { ok: false, status: 409, json: async () => ({ error: { code: 'claimed-by-other', claim: { by: 'other', sinceMs: Date.now() } } }) };
    if (verb === 'claim') held.add(uid!);
    if (verb === 'release') held.delete(uid!);
    if (verb !== undefined) calls.push(`${verb} ${uid}`);
    await way();
    if (failing === 'answer') throw new TypeError('fetch failed');
    return { ok: true, json: async () => (verb === undefined ? { row: { studyInstanceUid: uid, rank: 1, claim: null } } : { claim: { by: 'me', mine: true } }) };
  });
  let cursor: string | undefined;
  const list = {
    store: { rowOf: (uid: string) => ({ studyInstanceUid: uid, rank: 1, claim: null }) },
    cursor: () => cursor, after: (uid: string) => ORDER[ORDER.indexOf(uid) + 1], setOpen: (uid: string) => (cursor = uid), focus: () => undefined,
    move: (by: number) => (cursor = ORDER[ORDER.indexOf(cursor!) + by]),
  };
  const panel = { uid: () => shown, row: () => undefined, show: (detail: { row: { studyInstanceUid: string } }) => (shown = detail.row.studyInstanceUid), hide: () => (shown = undefined) };
  const claims = createClaims({ mayClaim: true, onLost: (by: string) => lost.push(by) });
  reading = createReading({
    session: { permissions: ['claim'] }, list, panel, claims, loading: { soon: () => undefined, refresh: way }, address: { study: () => undefined }, why: { isOpen: () => false }, onEnded: () => undefined,
  });
});
afterEach(() => vi.useRealTimers());

/** All that is on its way has arrived. */
const settle = () => vi.advanceTimersByTimeAsync(20_000);
const isAsShown = () => expect([...held]).toEqual(shown === undefined ? [] : [shown]);

describe('claims', () => {
  test('stepping faster than the server answers: only the last one is held, and nothing after closing', async () => {
    void reading.open('1.1');
    await settle();
    for (let at = 0; at < 3; at += 1) {
      reading.keys.down('j', false);
      await vi.advanceTimersByTimeAsync(120);
    }
    await settle();
    expect(shown).toBe('1.4');
    isAsShown();
    reading.close();
    await settle();
    isAsShown();
  });

  test('closed before the answer: released, and never renewed', async () => {
    void reading.open('1.2');
    await vi.advanceTimersByTimeAsync(50);
    reading.close();
    await settle();
    expect([...held]).toEqual([]);
    const before = calls.length;
    await vi.advanceTimersByTimeAsync(3 * RENEW_MS);
    expect(calls.length).toBe(before);
  });

  test('there and back again before the answers: the first one is held, and stays so', async () => {
    void reading.open('1.1');
    await vi.advanceTimersByTimeAsync(10);
    void reading.open('1.2');
    await vi.advanceTimersByTimeAsync(10);
    void reading.open('1.1');
    await settle();
    expect(shown).toBe('1.1');
    isAsShown();
    calls.length = 0;
    await vi.advanceTimersByTimeAsync(2 * RENEW_MS);
    expect(calls).toEqual(['claim 1.1', 'claim 1.1']);
  });

  test('closed while it is being renewed: the renewal does not arrive last', async () => {
    void reading.open('1.1');
    await settle();
    const ways = [5_000, 0, 0, 0];
    wayMs = () => ways.shift() ?? 100;
    await vi.advanceTimersByTimeAsync(RENEW_MS - 20_000 + 300);
    reading.close();
    await settle();
    isAsShown();
  });

  test('read, and the next opened before that is answered: the next keeps its claim', async () => {
    const claims = createClaims({ mayClaim: true, onLost: () => undefined });
    const row = { rank: 1, claim: null };
    void claims.take('1.1', row, Date.now);
    await settle();
    claims.show('1.1');
    const next = claims.take('1.2', row, Date.now);
    await settle();
    held.delete('1.1'); // by the server, with "read"
    claims.forget('1.1'); // the answer to "read" comes late
    expect(await next).toBe('claimed');
    claims.show('1.2');
    await vi.advanceTimersByTimeAsync(RENEW_MS);
    expect([...held]).toEqual(['1.2']);
    void claims.release();
    await settle();
    expect([...held]).toEqual([]);
  });

  test('given back in another window: asked for again as soon as the list says so, and once', async () => {
    const claims = createClaims({ mayClaim: true, onLost: (by: string) => lost.push(by) });
    const row = (part: object = {}) => ({ studyInstanceUid: '1.1', rank: 1, claim: null, ...part });
    void claims.take('1.1', row(), Date.now);
    await settle();
    claims.show('1.1');
    [held, calls] = [new Set(), []];
    const old = row();
    for (const seen of [row({ rank: null }), row({ claim: { by: 'me', mine: true } }), row({ studyInstanceUid: '1.2' }), old, old, row(), row()]) claims.see(seen);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([...held]).toEqual(['1.1']);
    for (let at = 0; at < 5; at += 1) claims.see(old);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(calls).toEqual(['claim 1.1']);
    void claims.release();
    await settle();
    expect([...held]).toEqual([]);
  });

  const isNotReached: [string, () => void][] = [
    ['is somebody else\'s, who is left alone', () => others.add('1.2')],
    ['is not there', () => (fails = (uid, verb) => (uid === '1.2' && verb === undefined ? 'call' : undefined))],
    ['cannot be asked for', () => (fails = (uid, verb) => (uid === '1.2' && verb === 'claim' ? 'call' : undefined))],
    ['is asked for without an answer', () => (fails = (uid, verb) => (uid === '1.2' && verb === 'claim' ? 'answer' : undefined))],
  ];
  test.each(isNotReached)('the next one %s: what is on screen stays held, and is renewed', async (_words, make) => {
    void reading.open('1.1');
    await settle();
    make();
    reading.keys.down('j', false);
    await settle();
    expect(shown).toBe('1.1');
    isAsShown();
    expect(calls).not.toContain('release 1.1');
    calls.length = 0;
    await vi.advanceTimersByTimeAsync(RENEW_MS);
    expect(calls).toContain('claim 1.1');
    reading.close();
    await settle();
    expect([...held]).toEqual([]);
  });

  test('taken over again while the next one is being opened: it stays on screen, and is held', async () => {
    void reading.open('1.1');
    await settle();
    for (const ms of [50, 150, 300]) {
      const ways = [1_000]; // the study itself comes later than its claim
      wayMs = () => ways.shift() ?? 100;
      reading.lost('other');
      void reading.open('1.2');
      await vi.advanceTimersByTimeAsync(ms);
      press!();
      await settle();
      expect(shown).toBe('1.1');
      isAsShown();
    }
  });

  test.each(Array.from({ length: 30 }, (_one, seed) => seed))('whatever is done, and however long each call is on its way (%i)', async (seed) => {
    let state = seed + 1;
    const random = (below: number) => ((state = (state * 48_271) % 2_147_483_647) % 1_000) * below / 1_000;
    wayMs = () => (random(1) < 0.2 ? random(6_000) : random(400));
    // Every other time the server is out of reach now and then; what is not released then lapses by itself.
    if (seed % 2 === 1) fails = (_uid, verb) => (verb === 'release' || random(1) < 0.8 ? undefined : random(1) < 0.5 ? 'call' : 'answer');
    for (let step = 0; step < 25; step += 1) {
      if (random(1) < 0.3 && shown !== undefined) reading.close();
      else void reading.open(ORDER[Math.floor(random(ORDER.length))]!);
      await vi.advanceTimersByTimeAsync(random(1) < 0.1 ? RENEW_MS : random(600));
    }
    // As long as the longest line of calls about one study may be.
    for (let at = 0; at < 20; at += 1) await settle();
    isAsShown();
    expect(lost).toEqual([]);
  });
});

describe('deeds', () => {
  test.each(['is done', 'fails'])('read while STAT is on its way: read too once that %s, and the next one opened', async (words) => {
    if (words === 'fails') fails = (_uid, verb) => (verb === 'prioritise' ? 'answer' : undefined);
    void reading.open('1.1');
    await settle();
    calls.length = 0;
    const stat = () => reading.act('1.1', 'prioritise', { stat: true });
    void stat();
    await vi.advanceTimersByTimeAsync(50);
    void stat();
    const read = reading.act('1.1', 'read');
    void reading.act('1.1', 'read');
    void reading.act('1.1', 'unread');
    expect(calls).toEqual([]);
    await settle();
    await read;
    expect(calls.filter((call) => call.endsWith(' 1.1'))).toEqual(['prioritise 1.1', 'read 1.1']);
    expect(shown).toBe('1.2');
    // And what is done is no longer in the way.
    void stat();
    await settle();
    expect(calls.at(-1)).toBe('prioritise 1.1');
  });
});
