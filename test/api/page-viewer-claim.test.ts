/** The viewer's page holds the study that it shows, and none that it cannot show. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const VIEWER = new URL('../../src/api/viewer/', import.meta.url);
const RENEW_MS = 45_000;

let calls: string[];
let isThere: boolean;
let on: Map<string, (event: object) => void>;

const element = () => ({ append: () => undefined, setAttribute: () => undefined, replaceChildren: () => undefined });

beforeEach(() => {
  vi.useFakeTimers();
  vi.resetModules();
  [calls, isThere, on] = [[], true, new Map()];
  vi.stubGlobal('localStorage', { getItem: () => 'en', setItem: () => undefined });
  vi.stubGlobal('document', { documentElement: { lang: '', dataset: {} }, getElementById: element, createElement: element });
  vi.stubGlobal('location', { origin: 'http://page', href: 'http://page/viewer/', search: '?study=1.2' });
  vi.stubGlobal('addEventListener', (name: string, hear: (event: object) => void, { signal }: { signal?: AbortSignal } = {}) => {
    on.set(name, hear);
    signal?.addEventListener('abort', () => on.delete(name));
  });
  vi.stubGlobal('fetch', async (path: string) => {
    const verb = /studies\/1\.2\/(\w+)$/.exec(path)?.[1];
    if (verb !== undefined) calls.push(verb);
    // The claim is answered last.
    await new Promise((done) => setTimeout(done, verb === undefined ? 50 : 200));
    if (path === '/api/studies/1.2' && !isThere) return { ok: false, status: 404, json: async () => ({ error: { code: 'unknown-study' } }) };
    return { ok: true, json: async () => (path === '/api/session' ? { signedIn: true, permissions: ['claim'] } : { models: [], row: { studyInstanceUid: '1.2' }, claim: { by: 'me', mine: true } }) };
  });
});
afterEach(() => vi.useRealTimers());

test('a study that cannot be shown is given back, and not claimed again', async () => {
  const openDesk = vi.fn();
  vi.doMock(new URL('viewer-desk.js', VIEWER).pathname, () => ({ openDesk }));
  isThere = false;
  await import(new URL('main.js', VIEWER).href);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(calls).toEqual(['claim', 'release']);
  await vi.advanceTimersByTimeAsync(3 * RENEW_MS);
  for (const [name, hear] of on) if (name.startsWith('page')) hear({ persisted: true });
  expect(calls).toEqual(['claim', 'release']);
  expect(openDesk).not.toHaveBeenCalled();
});

test('handed over before the page has wholly loaded: not given back on the way', async () => {
  const { keepClaim } = (await import(new URL('claim.js', VIEWER).href)) as { keepClaim(uid: string): Promise<{ handOver(): void }> };
  const keeping = keepClaim('1.2');
  await vi.advanceTimersByTimeAsync(1_000);
  (await keeping).handOver();
  on.get('pageshow')!({ persisted: false });
  on.get('pagehide')!({});
  expect(calls).toEqual(['claim']);
  // Back by the browser's own button: asked for again, and given back from here.
  on.get('pageshow')!({ persisted: true });
  await vi.advanceTimersByTimeAsync(1_000);
  on.get('pagehide')!({});
  expect(calls).toEqual(['claim', 'claim', 'release']);
});
