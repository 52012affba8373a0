/**
 * The pages on a slow line: requests and bytes as the server sees them, and how long a person waits, with an empty cache
 * and on a reload. Chromium's own throttle: each request waits for the latency, all share the rate; it leaves out what
 * opening a connection costs. Six connections, HTTP/1.1. On a busy machine the best round is the nearest to the line's own time.
 */
import type { Socket } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { hashPassword } from '../src/api/passwords.ts';
import { demoSite, drawnChest } from '../test/api/demo-site.ts';
import { openPage, serveSite } from '../test/e2e/page-browser.ts';
import { median } from './figures.ts';

export interface Line {
  readonly latencyMs: number;
  readonly kilobytesPerSecond: number;
}

const PLACES = [
  { name: 'sign-in', path: '/', signedIn: false, ready: '.sign-in button.primary' },
  { name: 'list', path: '/', signedIn: true, ready: 'tr.row .name' },
  { name: 'list, then the picture of a study', path: '/', signedIn: true, ready: 'tr.row .name', open: true },
  { name: 'operations', path: '/operations.html', signedIn: true, ready: '.ops-body tbody td' },
] as const;

/** Resolves with the page's own clock, counted from the beginning of the navigation (or from now). */
const painted = (condition: string, from = '0'): string =>
  `new Promise((done) => { const from = ${from}; const look = () => (${condition}) ? requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - from))) : requestAnimationFrame(look); look(); })`;

/** Rows of a table: place, cache, requests, kB, best, median. */
export async function measureLine(browser: Browser, line: Line, rounds: number): Promise<string[][]> {
  const site = await demoSite({ picture: await drawnChest(), realClock: true, history: true });
  const base = await serveSite(site);
  site.accounts.saveUser({ name: 'bench', role: 'admin', passwordHash: await hashPassword('four words are enough') });
  const sockets = new Set<Socket>();
  let requests = 0;
  let gone = 0;
  site.app.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => {
      gone += socket.bytesWritten;
      sockets.delete(socket);
    });
  });
  site.app.server.on('request', () => void (requests += 1));
  const bytes = (): number => [...sockets].reduce((sum, socket) => sum + socket.bytesWritten, gone);

  const throttle = async (page: Page): Promise<void> => {
    const devTools = await page.context().newCDPSession(page);
    await devTools.send('Network.emulateNetworkConditions', { offline: false, latency: line.latencyMs, downloadThroughput: line.kilobytesPerSecond * 1000, uploadThroughput: line.kilobytesPerSecond * 1000 });
  };

  const rows: string[][] = [];
  for (const place of PLACES) {
    const seen: Record<'cold' | 'reload', { requests: number; bytes: number; ms: number }[]> = { cold: [], reload: [] };
    for (let round = 0; round < rounds; round += 1) {
      const { page } = await openPage(browser);
      if (place.signedIn) {
        const value = site.session('admin').split('=')[1]!;
        await page.context().addCookies([{ name: 'firstread_session', value, url: base }]);
      }
      await throttle(page);
      for (const cache of ['cold', 'reload'] as const) {
        const before = { requests, bytes: bytes() };
        if (cache === 'cold') await page.goto(base + place.path, { waitUntil: 'commit' });
        else await page.reload({ waitUntil: 'commit' });
        let ms = await page.evaluate<number>(painted(`document.querySelector('${place.ready}')?.checkVisibility()`));
        if ('open' in place) {
          await page.waitForTimeout(1_500);
          ms = await page.evaluate<number>(`(() => { document.querySelectorAll('tr.row')[5].click(); return ${painted("document.querySelector('.panel .picture')?.dataset.shown === 'reduced'", 'performance.now()')}; })()`);
        }
        await page.waitForTimeout(1_500);
        seen[cache].push({ requests: requests - before.requests, bytes: bytes() - before.bytes, ms });
        if ('open' in place) await page.keyboard.press('Escape');
      }
      await page.context().close();
    }
    for (const cache of ['cold', 'reload'] as const) {
      const of = (what: 'requests' | 'bytes' | 'ms'): number => median(seen[cache].map((one) => one[what]));
      rows.push([place.name, cache, String(of('requests')), (of('bytes') / 1000).toFixed(1), `${Math.round(Math.min(...seen[cache].map((one) => one.ms)))} ms`, `${Math.round(of('ms'))} ms`]);
    }
  }
  await site.close();
  return rows;
}
