/** The worklist page for everybody: axe-core finds nothing serious in both themes and languages; hostile and foreign names; the phone. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { demoSite, drawnChest, type DemoSite } from '../api/demo-site.ts';
import { browserForTests, eventually, hasChromium, openPage, serveSite, together } from './page-browser.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
vi.setConfig({ testTimeout: 300_000 });
let picture: Uint8Array;
let site: DemoSite;
const browser = browserForTests(async () => {
  await site?.close();
});

beforeAll(async () => {
  if (hasChromium) picture = await drawnChest();
});

async function open({ theme = 'dark', language = 'en', ...options }: BrowserContextOptions & { theme?: string; language?: string } = {}): Promise<Page> {
  site = await demoSite({ picture, realClock: true });
  const base = await serveSite(site);
  const { page } = await openPage(browser(), { ...options, bypassCSP: true });
  await page.addInitScript(`localStorage.setItem('firstread.theme', '${theme}'); localStorage.setItem('firstread.language', '${language}')`);
  await page.goto(`${base}/sign-in?link=${site.auth.issueLink({ name: 'dr.linh', role: 'admin' })}`);
  await page.waitForSelector('tr.row');
  return page;
}

interface Finding {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** What keeps somebody out: serious and critical only. */
async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const found = await page.evaluate<readonly Finding[]>("axe.run(document, { resultTypes: ['violations'] }).then((result) => result.violations)");
  return found.filter(({ impact }) => impact === 'serious' || impact === 'critical').flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary.slice(0, 200)}`));
}

describe.skipIf(!hasChromium)('axe', () => {
  test.each([['dark', 'en'], ['dark', 'vi'], ['light', 'en'], ['light', 'vi']])('%s, %s: list, menu, study, help, nothing found', async (theme, language) => {
    const page = await open({ theme, language });
    // What fades in has too little contrast for a moment: a barrier is what stays.
    const barriersLeft = () => eventually(() => barriers(page));
    await barriersLeft().toEqual([]);
    await page.locator('.by-state').click();
    await page.waitForSelector('.menu-sheet:not([hidden]) .choice');
    await barriersLeft().toEqual([]);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.filter-chip');
    await page.waitForSelector('.list:not(.asking)');
    await page.locator('tr.row').first().click();
    await page.waitForSelector('.panel:not([hidden]) h2');
    await page.waitForSelector('.panel .picture[data-shown="reduced"]');
    await barriersLeft().toEqual([]);
    await page.keyboard.press('?');
    await page.waitForSelector('dialog[open]');
    await barriersLeft().toEqual([]);
    await page.keyboard.press('Escape');
    await page.keyboard.press('/');
    await page.keyboard.type('zzzz');
    await page.waitForSelector('.empty:not([hidden])');
    await barriersLeft().toEqual([]);
  });
});

describe.skipIf(!hasChromium)('names', () => {
  test('Arabic runs from right to left inside its own place, Chinese and Vietnamese stand as written, nothing turns its neighbours', async () => {
    const page = await open();
    const bidi = await page.locator('tr.row .name', { hasText: 'محمد' }).evaluate((name) => [name.tagName, (globalThis as unknown as { getComputedStyle(of: unknown): { unicodeBidi: string } }).getComputedStyle(name).unicodeBidi]);
    expect(bidi).toEqual(['BDI', 'isolate']);
    for (const name of ['王 小东', 'NGUYỄN VĂN ĐỨC']) expect(await page.locator('tr.row .name', { hasText: name }).count()).toBe(1);
    // The line below an Arabic name stays on its left edge.
    await together(async () => {
      const lefts = await page.locator('tr.row', { hasText: 'محمد' }).locator('.patient').evaluate((cell) => [cell.querySelector('.name-line')!.getBoundingClientRect().left, cell.querySelector('.sub')!.getBoundingClientRect().left]);
      expect(lefts[0]).toBe(lefts[1]);
    });
    await eventually(() => page.locator('tr.row').evaluateAll((rows) => [...new Set(rows.map((row) => row.getBoundingClientRect().height))])).toEqual([60]);
  });

  test('a screen reader is told the row: its place, its state in words, the name', async () => {
    const page = await open();
    const row = page.getByRole('grid', { name: 'Worklist, most pressing first' }).getByRole('row').nth(1);
    expect(await row.getAttribute('aria-rowindex')).toBe('2');
    await eventually(() => row.getByRole('gridcell').allInnerTexts()).toEqual(expect.arrayContaining(['1', 'Flagged', expect.stringContaining('LÊ THỊ HOA')]));
  });
});

describe.skipIf(!hasChromium)('a phone', () => {
  test('rows are cards, a study covers the screen, nothing sticks out', async () => {
    const page = await open({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
    const fits = () => page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth && innerWidth === 390');
    await eventually(fits).toBe(true);
    await eventually(async () => (await page.locator('tr.row').first().boundingBox())!.height).toBeGreaterThan(90);
    expect(await page.locator('.worklist thead').isHidden()).toBe(true);
    await page.locator('tr.row').first().tap();
    await page.waitForSelector('.panel:not([hidden]) h2');
    await eventually(() => page.locator('.panel').boundingBox()).toMatchObject({ x: 0, y: 0, width: 390, height: 844 });
    await eventually(fits).toBe(true);
    await page.goBack();
    await eventually(() => page.locator('.panel').isHidden()).toBe(true);
  });
});
