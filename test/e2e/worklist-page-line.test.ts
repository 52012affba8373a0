/** The worklist page on a bad day: a slow line, a server that restarts, and what the first load weighs. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { demoSite, type DemoSite } from '../api/demo-site.ts';
import { needPeer } from '../peers/need-peer.ts';
import { openBrowser, openPage, serveSite } from './page-browser.ts';

const hasChromium = needPeer('chromium');
const FIRST_LOAD_BYTES_MAX = 200_000;
vi.setConfig({ testTimeout: 120_000 });
let browser: Browser;
let site: DemoSite | undefined;
let base: string;

beforeAll(async () => {
  if (hasChromium) browser = await openBrowser();
});
afterAll(() => browser?.close());
afterEach(async () => {
  for (const context of browser?.contexts() ?? []) await context.close();
  await site?.close();
  site = undefined;
});

const eventually = <T>(look: () => T) => expect.poll(look, { timeout: 30_000 });
const names = (page: Page) => page.locator('tr.row .name').allTextContents();

async function start() {
  site = await demoSite({ realClock: true });
  base = await serveSite(site);
  const { page } = await openPage(browser);
  page.setDefaultTimeout(60_000);
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
    await page.waitForTimeout(1_000);
    expect(bytes).toBeGreaterThan(20_000);
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
    expect(await page.locator('.worklist').getAttribute('aria-busy')).toBe('true');
    const places = () => page.evaluate<number[]>("['.top', '.list-bar', '.worklist thead', 'tbody tr', 'footer.only'].map((what) => document.querySelector(what).getBoundingClientRect().top)");
    const before = await places();
    release();
    await page.waitForSelector('tr.row');
    expect(await places()).toEqual(before);
    expect(await page.locator('tr.row').first().evaluate((row) => row.getBoundingClientRect().height)).toBe(60);
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.panel:not([hidden]) h2');
  });

  test('typing asks once, when the typing rests; what comes late for an older question is thrown away', async () => {
    const { page, link } = await start();
    await page.goto(link);
    await page.waitForSelector('tr.row');
    const asked: string[] = [];
    let lateAnswers = 0;
    await page.route('**/api/worklist?**', async (route) => {
      const search = new URL(route.request().url()).searchParams.get('search');
      if (search !== null) asked.push(search);
      if (search === 'tran') await new Promise((resolve) => setTimeout(resolve, 1_500)).then(() => (lateAnswers += 1));
      await route.continue().catch(() => undefined);
    });
    await page.keyboard.press('/');
    await page.keyboard.type('tran');
    await eventually(() => asked).toContain('tran');
    await page.locator('input[type=search]').fill('do thi lan');
    await eventually(() => names(page)).toEqual(['ĐỖ THỊ LAN']);
    await eventually(() => lateAnswers).toBeGreaterThan(0);
    await page.waitForTimeout(500);
    expect(await names(page)).toEqual(['ĐỖ THỊ LAN']);
    expect(new Set(asked).size).toBeLessThanOrEqual(3);
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
    expect(await page.locator('.list').getAttribute('class')).toContain('stale');
    expect(await names(page)).toEqual(before);
    await page.getByRole('tab', { name: 'Read', exact: true }).click();
    await page.waitForSelector('tr.skeleton');
    expect(await names(page)).toEqual([]);
    await page.getByRole('tab', { name: 'My unread' }).click();

    site = await demoSite({ realClock: true });
    for (const [id, session] of sessions) site.accounts.sessions.set(id, session);
    await serveSite(site, Number(new URL(base).port));
    await eventually(() => names(page)).toEqual(before);
    expect(await page.locator('.offline').isHidden()).toBe(true);
    await eventually(() => page.locator('.live.up').count()).toBe(1);
    await page.locator('tr.row').first().click();
    await page.waitForSelector('.panel:not([hidden]) h2');
  });
});
