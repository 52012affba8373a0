/**
 * The pictures of the pages in docs/images: the demo's morning and the week before it, in a real browser, 1366 × 768.
 * Each is named by its page. Chromium is Debian's, the server is the real one, no patient is.
 *
 *   bin/node24 bench/pictures.ts [--only devices,models]
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { demoSite, drawnChest } from '../test/api/demo-site.ts';
import { openBrowser, openPage, serveSite } from '../test/e2e/page-browser.ts';

interface Picture {
  readonly name: string;
  readonly address: string;
  /** Is on the screen when there is something to see. */
  readonly shows: string;
}

const PICTURES: readonly Picture[] = [
  { name: 'devices', address: '/operations.html#devices', shows: '.ops-table' },
  { name: 'models', address: '/operations.html#models', shows: '.model-card' },
  { name: 'turnaround', address: '/operations.html#turnaround', shows: '.chart-bar' },
];
/** Numbers on the rail, pictures in a card: what comes a moment later. */
const SETTLE_MS = 1_500;

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const folder = fileURLToPath(new URL('../docs/images/', import.meta.url));
const site = await demoSite({ realClock: true, history: true, picture: await drawnChest() });
for (const name of ['listener', 'models', 'queue', 'disk', 'audit']) site.readiness.add(name, () => ({ ok: true }));
const base = await serveSite(site);
const browser = await openBrowser();
const { page } = await openPage(browser);
await page.goto(`${base}/sign-in?link=${site.auth.issueLink({ name: 'dr.linh', role: 'admin' })}`);
await page.waitForSelector('tr.row');
for (const { name, address, shows } of PICTURES.filter((one) => values.only === undefined || values.only.split(',').includes(one.name))) {
  await page.goto('about:blank');
  await page.goto(`${base}${address}`);
  await page.waitForSelector(shows, { state: 'attached' });
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  await page.screenshot({ path: `${folder}${name}.png` });
  console.log(`docs/images/${name}.png`);
}
await browser.close();
await site.close();
process.exit(0);
