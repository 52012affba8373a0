/** Whoever signs out leaves nothing of patients in the tab, whatever became of the call. */
import { expect, test, vi } from 'vitest';

const WEB = new URL('../../src/api/web/', import.meta.url);

vi.stubGlobal('localStorage', { getItem: () => 'en', setItem: () => undefined });
vi.stubGlobal('document', { documentElement: { lang: '' }, getElementById: () => ({ replaceChildren: () => undefined }) });
const { openDoor } = (await import(new URL('door.js', WEB).href)) as { openDoor(open: (...page: unknown[]) => () => void): Promise<void> };

test.each(['answered', 'not answered', 'answered by a proxy'])('signing out, %s: another document, without the question in its address', async (answer) => {
  const done: string[] = [];
  vi.stubGlobal('history', { replaceState: (_state: null, _title: string, path: string) => done.push(path) });
  vi.stubGlobal('location', { pathname: '/', hash: '#study=1.2', reload: () => done.push('reload') });
  vi.stubGlobal('fetch', async (path: string) => {
    if (path === '/api/session') return { ok: true, json: async () => ({ signedIn: true, name: 'linh' }) };
    if (answer === 'not answered') throw new TypeError('fetch failed');
    return { ok: answer === 'answered', status: answer === 'answered' ? 200 : 502, json: async () => (answer === 'answered' ? {} : Promise.reject(new SyntaxError('<'))) };
  });
  let opened = 0;
  let page: { onSignOut(): Promise<void>; onEnded(): void } | undefined;
  await openDoor((_app, _session, leaving) => {
    opened += 1;
    page = leaving as typeof page;
    return () => undefined;
  });
  const signingOut = page!.onSignOut();
  page!.onEnded(); // by the live feed
  await signingOut;
  expect(done).toEqual(['/', 'reload']);
  expect(opened).toBe(1);
});
