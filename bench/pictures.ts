/**
 * The pictures of the pages in docs/images: the demo's morning and the week before it, in a real browser, 1366 × 768.
 * Each is named by its page; the study, the viewer, the models' cards and a report are viewer-pictures.ts'. Chromium is Debian's, the server is the real one, no patient is.
 *
 *   bin/node24 bench/pictures.ts [--only devices,worklist]
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { BrowserContextOptions, Page } from 'playwright-core';
import sharp from 'sharp';
import { drawChest } from '../fixtures/draw-chest.ts';
import { demoSite } from '../test/api/demo-site.ts';
import { openBrowser, openPage, serveSite } from '../test/e2e/page-browser.ts';

interface Picture {
  readonly name: string;
  readonly address: string;
  /** Is on the screen when there is something to see. */
  readonly shows: string;
  readonly theme?: 'light';
  readonly language?: 'vi';
  readonly browser?: BrowserContextOptions;
  /** At the door, by nobody yet. */
  readonly signedOut?: true;
  /** What is done before the picture is taken. */
  readonly act?: (page: Page) => Promise<void>;
}

const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

const PICTURES: readonly Picture[] = [
  { name: 'worklist', address: '/?list=unread', shows: 'tr.row', act: async (page) => {
    await page.locator('tr.row', { hasText: 'TRẦN QUỐC BẢO' }).click();
    await page.waitForSelector('.panel:not([hidden]) h2');
    await page.mouse.move(0, 0);
  } },
  { name: 'worklist-light', address: '/?list=unread', shows: 'tr.row', theme: 'light', language: 'vi' },
  { name: 'worklist-phone', address: '/?list=unread', shows: 'tr.row', browser: PHONE },
  { name: 'sign-in', address: '/', shows: '.sign-in', signedOut: true },
  { name: 'devices', address: '/operations.html#devices', shows: '.ops-table' },
  { name: 'deliveries', address: '/operations.html#deliveries', shows: '.ops-cards' },
  { name: 'set-aside', address: '/operations.html#set-aside', shows: '.ops-main h1, main h1' },
  { name: 'system', address: '/operations.html#system', shows: '.ops-main h1, main h1' },
  { name: 'turnaround', address: '/operations.html#turnaround', shows: '.chart-bar' },
];
/** Numbers on the rail, pictures in a card: what comes a moment later. */
const SETTLE_MS = 3_000;

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const folder = fileURLToPath(new URL('../docs/images/', import.meta.url));
const site = await demoSite({ realClock: true, history: true, picture: await film() });
for (const name of ['listener', 'models', 'queue', 'disk', 'audit']) site.readiness.add(name, () => ({ ok: true }));
const base = await serveSite(site);
// A colleague is reading as well.
await site.app.inject({ method: 'POST', url: `/api/studies/${site.studies[1]!.study.studyInstanceUid}/claim`, payload: {}, headers: { host: 'localhost', 'x-firstread': '1', cookie: site.session('reader', 'dr.lan') } });
const browser = await openBrowser();
const door = (await openPage(browser)).page;
await door.goto(`${base}/sign-in?link=${site.auth.issueLink({ name: 'dr.linh', role: 'admin' })}`);
await door.waitForSelector('tr.row', { timeout: 90_000 });
const storageState = await door.context().storageState();
await door.context().close();
for (const { name, address, shows, theme = 'dark', language = 'en', browser: device, signedOut, act } of PICTURES.filter((one) => values.only === undefined || values.only.split(',').includes(one.name))) {
  const { page } = await openPage(browser, { ...device, ...(signedOut === true ? {} : { storageState }) });
  await page.addInitScript(`localStorage.setItem('firstread.theme', '${theme}'); localStorage.setItem('firstread.language', '${language}')`);
  await page.goto(`${base}${address}`);
  await page.waitForSelector(shows, { state: 'attached', timeout: 90_000 });
  await act?.(page);
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  await page.screenshot({ path: `${folder}${name}.png` });
  console.log(`docs/images/${name}.png`);
  await page.context().close();
}
await browser.close();
await site.close();
process.exit(0);

/** Drawn, with an infiltrate and a nodule where the demo's findings lie. */
async function film(): Promise<Uint8Array> {
  const [width, height] = [1_024, 1_195];
  const canvas = drawChest({
    seed: 11, width, height,
    lesions: [{ kind: 'infiltrate', x: 0.69, y: 0.26, radius: 0.075, strength: 0.4 }, { kind: 'nodule', x: 0.331, y: 0.454, radius: 0.026, strength: 0.3 }],
  });
  return sharp(Buffer.from(canvas.cells.map((cell) => Math.round(cell * 255))), { raw: { width, height, channels: 1 } }).jpeg({ quality: 88 }).toBuffer();
}
