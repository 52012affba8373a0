/**
 * How fast the worklist page is in a real browser: first paint of the list with 10,000 open studies, bytes of the first
 * load, how smoothly it scrolls (frames that came late), and how soon a study's picture is there once its row is opened.
 * Chromium is Debian's, the server is the real one.
 *
 *   bin/node24 bench/page.ts [--studies 10000] [--rounds 5]
 *   bin/node24 bench/page.ts --latency 200 --kilobytes-per-second 100 [--rounds 3]   the pages on such a line instead
 */
import { gzipSync } from 'node:zlib';
import { parseArgs } from 'node:util';
import { demoSite, drawnChest } from '../test/api/demo-site.ts';
import { manyStudies } from '../test/api/demo-many.ts';
import { openBrowser, openPage, serveSite } from '../test/e2e/page-browser.ts';
import { median } from './figures.ts';
import { measureLine } from './page-line.ts';
import { formatTable } from './table.ts';

const { values } = parseArgs({ options: {
  studies: { type: 'string', default: '10000' }, rounds: { type: 'string', default: '5' },
  latency: { type: 'string' }, 'kilobytes-per-second': { type: 'string', default: '100' },
} });

if (values.latency !== undefined) {
  const browser = await openBrowser();
  const rows = await measureLine(browser, { latencyMs: Number(values.latency), kilobytesPerSecond: Number(values['kilobytes-per-second']) }, Number(values.rounds));
  await browser.close();
  console.log(formatTable(['', 'cache', 'requests', 'kB', 'there after, best', 'median'], rows));
  process.exit(0);
}

const site = await demoSite({ studies: manyStudies(Number(values.studies), Date.now()), realClock: true });
const base = await serveSite(site);
const browser = await openBrowser();
const door = (await openPage(browser)).page;
await door.goto(`${base}/sign-in?link=${site.auth.issueLink({ name: 'bench', role: 'reader' })}`);
await door.waitForSelector('tr.row');
// Signed in, and with nothing in its cache.
const { page } = await openPage(browser, { storageState: await door.context().storageState() });
await door.close();

let bytes = 0;
const bodies: Promise<void>[] = [];
// The live feed never ends.
page.on('response', (response) => void (response.url().includes('/api/live') || bodies.push(response.body().then((body) => void (bytes += gzipSync(body).length), () => undefined))));

/** From the beginning of the navigation until the first row with a name has been painted. */
const paints: number[] = [];
const servers: number[] = [];
for (let round = 0; round < Number(values.rounds); round += 1) {
  await page.goto(`${base}/?list=unread&round=${round}`, { waitUntil: 'commit' });
  paints.push(await page.evaluate<number>(`new Promise((done) => { const look = () => document.querySelector('tr.row .name')?.textContent ? requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))) : requestAnimationFrame(look); look(); })`));
  await page.waitForTimeout(500);
  servers.push(await page.evaluate<number>(`(() => { const one = performance.getEntriesByType('resource').find((entry) => entry.name.includes('/api/worklist?')); return one.responseEnd - one.requestStart; })()`));
  if (round === 0) {
    await Promise.all(bodies);
    page.removeAllListeners('response');
  }
}

/** Scrolls by 400 px a frame through 40,000 px, then jumps to the end. */
const frames = await page.evaluate<number[]>(`new Promise((done) => {
  const list = document.querySelector('.list'); const gaps = []; let before = performance.now();
  const step = (now) => { gaps.push(now - before); before = now; list.scrollTop += 400; if (gaps.length < 100) requestAnimationFrame(step); else done(gaps.slice(1)); };
  requestAnimationFrame(step);
})`);
const jump = await page.evaluate<number>(`new Promise((done) => {
  const list = document.querySelector('.list'); const from = performance.now(); list.scrollTop = list.scrollHeight;
  const look = () => [...document.querySelectorAll('tr.row')].at(-1)?.getAttribute('aria-rowindex') === document.querySelector('.worklist').getAttribute('aria-rowcount') ? done(performance.now() - from) : requestAnimationFrame(look); look();
})`);

await site.close();

/**
 * From the click on a row, or the key, until its picture has been painted. Rows are opened from the last one up, so that
 * none has been fetched ahead; then j goes down to those that have been.
 */
const small = await demoSite({ picture: await drawnChest(), realClock: true });
const desk = (await openPage(browser)).page;
await desk.goto(`${await serveSite(small)}/sign-in?link=${small.auth.issueLink({ name: 'bench', role: 'reader' })}`);
await desk.waitForSelector('tr.row');
const shown = (act: string): Promise<number | null> => desk.evaluate<number | null>(`new Promise((done) => {
  const before = document.querySelector('.panel h2 bdi')?.textContent; const from = performance.now(); ${act};
  const look = () => {
    const name = document.querySelector('.panel h2 bdi')?.textContent; const picture = document.querySelector('.panel .picture');
    if (name && name !== before && picture?.dataset.shown === 'reduced') requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - from)));
    else if (performance.now() - from > 3000) done(null); else requestAnimationFrame(look);
  }; look(); })`);
const opened: (number | null)[] = [];
const next: (number | null)[] = [];
for (const row of [11, 9, 6, 3, 0]) {
  opened.push(await shown(`document.querySelectorAll('tr.row')[${row}].click()`));
  await desk.waitForTimeout(700);
  next.push(await shown("document.dispatchEvent(new KeyboardEvent('keydown', { key: 'j', bubbles: true }))"));
  await desk.waitForTimeout(300);
}
/** Some of the demo's studies have no picture: they say so and are not counted. */
const withPicture = (times: readonly (number | null)[]): number[] => times.filter((time) => time !== null);

await browser.close();
await small.close();

const ms = (value: number): string => `${Math.round(value)} ms`;
console.log(formatTable(['', 'median', 'worst'], [
  ['first paint of the list', ms(median(paints)), ms(Math.max(...paints))],
  ['of that, the list from the server', ms(median(servers)), ms(Math.max(...servers))],
  ['frame while scrolling 400 px a frame', ms(median(frames)), ms(Math.max(...frames))],
  ['frames later than 50 ms', String(frames.filter((gap) => gap > 50).length), `of ${frames.length}`],
  ['jump to the end until its rows are there', ms(jump), ''],
  ['picture of a row opened, nothing fetched ahead', ms(median(withPicture(opened))), ms(Math.max(...withPicture(opened)))],
  ['picture of the next study', ms(median(withPicture(next))), ms(Math.max(...withPicture(next)))],
  ['first load, gzipped', `${(bytes / 1000).toFixed(1)} kB`, ''],
]));
