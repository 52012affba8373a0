/** What a hand does without meaning it: a key held down, a mouse left lying. Neither marks nor opens what nobody has looked at. */
import type { Page } from 'playwright-core';
import { describe, expect, test, vi } from 'vitest';
import { demoSite, type DemoSite } from '../api/demo-site.ts';
import { DEMO_CASES, demoStudy } from '../api/demo-studies.ts';
import { browserForTests, eventually, hasChromium, openPage, serveSite } from './page-browser.ts';

vi.setConfig({ testTimeout: 300_000 });
let site: DemoSite;
const browser = browserForTests(async () => {
  await site?.close();
});

async function open(count: number) {
  site = await demoSite({ realClock: true, studies: DEMO_CASES.slice(0, count).map((one, index) => demoStudy(one, index, Date.now())) });
  const base = await serveSite(site);
  const { page } = await openPage(browser());
  await page.goto(`${base}/sign-in?link=${site.auth.issueLink({ name: 'dr.linh', role: 'reader' })}`);
  await page.waitForSelector('tr.row');
  return page;
}

const names = (page: Page) => page.locator('tr.row .name').allTextContents();
const openName = (page: Page) => page.locator('.panel:not([hidden]) h2 bdi').textContent();

/** What the page has asked to be done to studies, in order; `all` waits until everything asked so far is among it. */
function watchDeeds(page: Page) {
  const deeds: string[] = [];
  page.on('request', (request) => void (/\/(read|unread|prioritise)$/.test(request.url()) && deeds.push(request.url().split('/').at(-1)!)));
  return {
    async all() {
      const [reported] = [page.waitForRequest('**/fence'), await page.evaluate("void fetch('/fence').catch(() => undefined)")];
      await reported;
      return deeds;
    },
  };
}

describe.skipIf(!hasChromium)('a key held down', () => {
  test('r marks the one study that was looked at, s sets STAT once; j goes on', async () => {
    const page = await open(6);
    const order = await names(page);
    const deeds = watchDeeds(page);
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await eventually(() => openName(page)).toBe(order[0]);
    await page.keyboard.down('r');
    await eventually(() => openName(page)).toBe(order[1]);
    for (let at = 0; at < 3; at += 1) await page.keyboard.down('r');
    await page.keyboard.up('r');
    expect(await deeds.all()).toEqual(['read']);
    expect(await openName(page)).toBe(order[1]);

    await page.keyboard.down('s');
    await eventually(() => page.locator('.panel [data-keep=prioritise]').textContent()).toContain('Clear STAT');
    for (let at = 0; at < 3; at += 1) await page.keyboard.down('s');
    await page.keyboard.up('s');
    expect(await deeds.all()).toEqual(['read', 'prioritise']);

    await page.keyboard.press('Escape');
    await page.keyboard.press('Home');
    for (let at = 0; at < 3; at += 1) await page.keyboard.down('j');
    await page.keyboard.up('j');
    await eventually(() => page.evaluate<string>("document.activeElement.closest('tr.row').querySelector('.rank').textContent")).toBe('4');
  });

  test('pressed twice before the server has answered, a thing is asked for once', async () => {
    const page = await open(3);
    const deeds = watchDeeds(page);
    let answer = (): void => undefined;
    const held = new Promise<void>((resolve) => (answer = resolve));
    await page.route('**/prioritise', async (route) => {
      await held;
      await route.continue();
    });
    await page.keyboard.press('j');
    await page.keyboard.press('s');
    await page.keyboard.press('s');
    expect(await deeds.all()).toEqual(['prioritise']);
    answer();
    await page.waitForSelector('.toast');
  });
});
