/** A browser for the page's tests: Debian's Chromium, headless, with everything off that would look for the network. */
import { spawnSync } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, vi } from 'vitest';
import type { Role } from '../../src/api/ports.ts';
import type { DemoSite } from '../api/demo-site.ts';
import { needPeer } from '../peers/need-peer.ts';

export const hasChromium = needPeer('chromium');

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** As long as a machine may need that is busy with other tests. Only the waiting: what must come about says the test. */
export const PATIENCE_MS = 60_000;

/** A page lives: what it shows is looked at again until it is so. */
export const eventually = <T>(look: () => T) => expect.poll(look, { timeout: PATIENCE_MS });
/** The same for several things that must be so at one moment, such as a mark and the picture that it lies on. */
export const together = (look: () => Promise<void>): Promise<void> => vi.waitFor(look, { timeout: PATIENCE_MS, interval: 100 });
/** What was drawn is on the screen. */
export const frames = (page: Page) => page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');

/** A hand that stays on its place of the list, moving a little: a pointer that rests for seconds holds nothing (web/hand.js). */
export async function handOn(page: Page, x: number, y: number): Promise<{ lift(): Promise<void> }> {
  let lifted = false;
  await page.mouse.move(x, y);
  const moving = (async () => {
    for (let at = 0; !lifted; at += 1) {
      await pause(400);
      if (!lifted) await page.mouse.move(x + (at % 2), y).catch(() => (lifted = true));
    }
  })();
  return { lift: () => ((lifted = true), moving) };
}

export function openBrowser(): Promise<Browser> {
  const executablePath = spawnSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).stdout.trim();
  return chromium.launch({ executablePath, args: FLAGS });
}

/** One browser for a file's tests, where there is one; after each test its pages close, then `end` takes down what they showed. */
export function browserForTests(end: () => Promise<void>): () => Browser {
  let browser: Browser | undefined;
  beforeAll(async () => {
    if (hasChromium) browser = await openBrowser();
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    for (const context of browser?.contexts() ?? []) await context.close();
    await end();
  });
  return () => browser as Browser;
}

/** A page whose every complaint (script error, CSP violation, failed load) is kept. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, locale: 'en-GB', timezoneId: 'Asia/Ho_Chi_Minh', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints: string[] = [];
  page.on('pageerror', (error) => void complaints.push(error.message));
  page.on('console', (message) => void (message.type() === 'error' && complaints.push(`${message.text()} ${message.location().url}`)));
  page.on('dialog', (dialog) => {
    complaints.push(`a script dialog opened: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return { page, complaints };
}

export async function serveSite(site: DemoSite, port = 0): Promise<string> {
  await site.app.listen({ port, host: '127.0.0.1' });
  return `http://127.0.0.1:${(site.app.server.address() as AddressInfo).port}`;
}

export async function signIn(page: Page, site: DemoSite, base: string, role: Exclude<Role, 'worker'> = 'reader'): Promise<void> {
  await page.goto(`${base}/sign-in?link=${site.auth.issueLink({ name: `the-${role}`, role })}`);
  await page.waitForSelector('tr.row');
}
