/** The worklist page on a bad day: a slow line, a server that restarts, and what the first load weighs. */
import type { Page, Request } from 'playwright-core';
import { describe, expect, test, vi } from 'vitest';
import { demoSite, type DemoSite } from '../api/demo-site.ts';
import { browserForTests, eventually, frames, hasChromium, openPage, serveSite } from './page-browser.ts';

const FIRST_LOAD_BYTES_MAX = 200_000;
vi.setConfig({ testTimeout: 300_000 });
let site: DemoSite | undefined;
const browser = browserForTests(async () => {
  await site?.close();
  site = undefined;
});
let base: string;


const names = (page: Page) => page.locator('tr.row .name').allTextContents();

async function start() {
  site = await demoSite({ realClock: true });
  base = await serveSite(site);
  const { page } = await openPage(browser());
  const link = `${base}/sign-in?link=${site.auth.issueLink({ name: 'dr.linh', role: 'reader' })}`;
  return { page, link };
}

/** Bytes on the wire and round trips as a district hospital has them. */
async function slow(page: Page, kiloBytesPerSecond: number, latency: number) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Network.enable');
  await devtools.send('Network.emulateNetworkConditions', { offline: false, latency, downloadThroughput: kiloBytesPerSecond * 1_000, uploadThroughput: kiloBytesPerSecond * 1_000 });
  return devtools;
}

describe('what the first load is made of', () => {
  test.skipIf(!hasChromium)('it weighs less than 200 kB on the wire, list included', async () => {
    const { page, link } = await start();
    const devtools = await slow(page, 10_000, 0);
    let bytes = 0;
    devtools.on('Network.loadingFinished', ({ encodedDataLength }) => void (bytes += encodedDataLength));
    await page.goto(link);
    await page.waitForSelector('tr.row');
    await page.waitForSelector('.live.up'); // the last thing that the page opens
    await page.waitForTimeout(1_000); // and what might come behind it
    await eventually(() => bytes).toBeGreaterThan(20_000);
    expect(bytes).toBeLessThan(FIRST_LOAD_BYTES_MAX);
  });
});

describe.skipIf(!hasChromium)('on a slow line', () => {
  test('the frame of the page stands before the rows, nothing jumps when they come, and keys work', async () => {
    const { page, link } = await start();
    await slow(page, 40, 250);
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    await page.route('**/api/worklist?**', async (route) => {
      await held;
      await route.continue();
    });
    await page.goto(link);
    await page.waitForSelector('tr.skeleton');
    await eventually(() => page.locator('.worklist').getAttribute('aria-busy')).toBe('true');
    const places = () => page.evaluate<number[]>("['.top', '.list-bar', '.worklist thead', 'tbody tr', 'footer.only'].map((what) => document.querySelector(what).getBoundingClientRect().top)");
    const before = await places();
    release();
    await page.waitForSelector('tr.row');
    await eventually(places).toEqual(before);
    await eventually(() => page.locator('tr.row').first().evaluate((row) => row.getBoundingClientRect().height)).toBe(60);
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.panel:not([hidden]) h2');
  });

  test('typing asks once, when the typing rests; what comes late for an older question is thrown away', async () => {
    const { page, link } = await start();
    await page.goto(link);
    await page.waitForSelector('tr.row');
    const asked: string[] = [];
    let answered = (): void => undefined;
    const newer = new Promise<void>((resolve) => (answered = resolve));
    let late: Request | undefined;
    let lateEnded = false;
    const ended = (request: Request): void => void (request === late && (lateEnded = true));
    page.on('requestfinished', ended).on('requestfailed', ended);
    await page.route('**/api/worklist?**', async (route) => {
      const search = new URL(route.request().url()).searchParams.get('search');
      if (search !== null) asked.push(search);
      if (search === 'tran') {
        late ??= route.request();
        await newer; // its answer comes after that to the newer question
      }
      await route.continue().catch(() => undefined);
    });
    await page.keyboard.press('/');
    // Four letters faster than any rest, however busy the machine is.
    await page.evaluate("for (const written of ['t', 'tr', 'tra', 'tran']) { document.activeElement.value = written; document.activeElement.dispatchEvent(new Event('input', { bubbles: true })); }");
    await eventually(() => asked).toContain('tran');
    await page.locator('input[type=search]').fill('do thi lan');
    await eventually(() => names(page)).toEqual(['ĐỖ THỊ LAN']);
    answered();
    await eventually(() => lateEnded).toBe(true);
    await frames(page);
    expect(await names(page)).toEqual(['ĐỖ THỊ LAN']);
    expect(new Set(asked)).toEqual(new Set(['tran', 'do thi lan']));
  });
});

describe.skipIf(!hasChromium)('a server that restarts', () => {
  test('the list stays, greyed, and says how old it is; another question shows no rows of the first; it goes on by itself', async () => {
    const { page, link } = await start();
    await page.goto(link);
    await page.waitForSelector('tr.row');
    const before = await names(page);
    const sessions = [...site!.accounts.sessions];
    await site!.close();
    site = undefined;
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    await page.waitForSelector('.offline:not([hidden])');
    expect(await page.locator('.offline').innerText()).toMatch(/does not answer\. This list is from \d\d:\d\d:\d\d/);
    await eventually(() => page.locator('.list').getAttribute('class')).toContain('stale');
    expect(await names(page)).toEqual(before);
    await page.getByRole('tab', { name: 'Read', exact: true }).click();
    await page.waitForSelector('tr.skeleton');
    await eventually(() => names(page)).toEqual([]);
    await page.getByRole('tab', { name: 'My unread' }).click();

    site = await demoSite({ realClock: true });
    for (const [id, session] of sessions) site.accounts.sessions.set(id, session);
    await serveSite(site, Number(new URL(base).port));
    await eventually(() => names(page)).toEqual(before);
    await eventually(() => page.locator('.offline').isHidden()).toBe(true);
    await eventually(() => page.locator('.live.up').count()).toBe(1);
    await page.locator('tr.row').first().click();
    await page.waitForSelector('.panel:not([hidden]) h2');
  });
});
