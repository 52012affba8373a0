/** The list with 10,000 studies of a real registry: what is in the document, how keys and scrolling reach the rest, what holds still. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { demoSite, type DemoSite } from '../api/demo-site.ts';
import { manyStudies } from '../api/demo-many.ts';
import { DEMO_CASES, demoStudy } from '../api/demo-studies.ts';
import { needPeer } from '../peers/need-peer.ts';
import { eventually, frames, handOn, openBrowser, openPage, serveSite } from './page-browser.ts';

const hasChromium = needPeer('chromium');
const COUNT = 10_000;
vi.setConfig({ testTimeout: 300_000, hookTimeout: 180_000 });
let browser: Browser;
let site: DemoSite;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  if (!hasChromium) return;
  browser = await openBrowser();
  site = await demoSite({ realClock: true, studies: manyStudies(COUNT, Date.now()) });
  const base = await serveSite(site);
  ({ page, complaints } = await openPage(browser));
  await page.goto(`${base}/sign-in?link=${site.auth.issueLink({ name: 'dr.linh', role: 'reader' })}`);
  await page.waitForSelector('tr.row');
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});

const ranks = async () => (await page.locator('tr.row .rank').allTextContents()).map(Number);
const scrollTo = (place: number) => page.evaluate(`document.querySelector('.list').scrollTop = ${place} * document.querySelector('tr.row').offsetHeight`);
const focusedRank = () => page.evaluate<string | undefined>("document.activeElement.closest('tr.row')?.querySelector('.rank').textContent");
const under = (x: number, y: number) => page.evaluate<string | undefined>(`document.elementFromPoint(${x}, ${y}).closest('tr.row')?.querySelector('.name').textContent`);

describe.skipIf(!hasChromium)('10,000 studies', () => {
  test('a screenful of rows in the document, the whole list in the numbers', async () => {
    expect(await page.locator('.worklist').getAttribute('aria-rowcount')).toBe(String(COUNT + 1));
    expect(await page.locator('tbody tr').count()).toBeLessThan(40);
    await eventually(() => page.locator('.tab').first().innerText()).toContain('10,000');
    await eventually(async () => (await ranks()).slice(0, 5)).toEqual([1, 2, 3, 4, 5]);
    expect(await page.locator('tr.row').first().getAttribute('aria-rowindex')).toBe('2');
  });

  test('scrolled anywhere, the rows of that place come, in order', async () => {
    await scrollTo(7_000);
    await eventually(async () => (await ranks()).includes(7_003)).toBe(true);
    const inOrder = async () => { const seen = await ranks(); return seen.join() === seen.toSorted((a, b) => a - b).join(); };
    await eventually(inOrder).toBe(true);
    await eventually(() => page.locator('tbody tr').count()).toBeLessThan(40);
    await scrollTo(0);
    await eventually(async () => (await ranks()).includes(1)).toBe(true);
  });

  test('End, PageUp, Home by key, the focus with them', async () => {
    await page.keyboard.press('j');
    await eventually(focusedRank).toBe('1');
    await page.keyboard.press('End');
    await eventually(focusedRank).toBe(String(COUNT));
    await page.keyboard.press('PageUp');
    await eventually(async () => Number(await focusedRank())).toBeLessThan(COUNT - 5);
    await page.keyboard.press('Home');
    await eventually(focusedRank).toBe('1');
  });

  test('the row with the focus stays in the document when it is scrolled away', async () => {
    await scrollTo(3_000);
    await eventually(async () => (await ranks()).includes(3_003)).toBe(true);
    await eventually(focusedRank).toBe('1');
    await scrollTo(0);
  });

  test('the server sorts by name and filters; the answer is the whole list\'s, not the screen\'s', async () => {
    await page.locator('.head-patient button').click();
    await eventually(() => page.locator('.head-patient').getAttribute('aria-sort')).toBe('ascending');
    await page.waitForSelector('.list:not(.asking)');
    const families = async () => new Set((await page.locator('tr.row .name').allTextContents()).slice(0, 10).map((name) => name.split(' ')[0]));
    await eventually(async () => (await families()).size).toBe(1);
    await page.locator('.head-rank button').click();
    await eventually(async () => (await ranks()).slice(0, 3)).toEqual([1, 2, 3]);
    await page.locator('.count.not-analysed').click();
    await eventually(async () => new Set(await page.locator('tr.row .flag').evaluateAll((all) => all.map((one) => /attention|not-analysed/.test(one.className)))).size).toBe(1);
    await page.locator('.count.not-analysed').click();
    await eventually(async () => (await ranks()).slice(0, 3)).toEqual([1, 2, 3]);
  });

  test('a burst of news does not move the row under a moving pointer, deep in the list', async () => {
    await scrollTo(500);
    await eventually(async () => (await ranks()).includes(505)).toBe(true);
    await page.waitForSelector('.list:not(.asking)');
    await frames(page);
    const hand = await handOn(page, 641, 402);
    await eventually(() => under(641, 402)).toBeDefined();
    const name = await under(641, 402);
    for (let at = 0; at < 5; at += 1) {
      site.add(...Array.from({ length: 5 }, (_one, index) => demoStudy({ ...DEMO_CASES[0]!, name: `MỚI^ĐẾN ${at} ${index}`, waitedMin: 1 }, COUNT + at * 5 + index, Date.now())));
      site.live.everythingChanged();
      // The count is written after the list has taken the answer: a response that has merely arrived may still be held after '.'.
      await eventually(() => page.locator('.tab').first().innerText()).toContain((COUNT + (at + 1) * 5).toLocaleString('en'));
      await frames(page);
      expect(await under(641, 402)).toBe(name);
    }
    await page.waitForSelector('.held .pill');
    await page.keyboard.press('.'); // asked for: the row under the pointer stays where it is even so
    await eventually(() => page.locator('.worklist').getAttribute('aria-rowcount')).toBe(String(COUNT + 26));
    await eventually(() => under(641, 402)).toBe(name);
    await hand.lift();
    expect(complaints).toEqual([]);
  });
});
