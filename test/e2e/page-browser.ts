/** A browser for the page's tests: Debian's Chromium, headless, with everything off that would look for the network. */
import { spawnSync } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import type { Role } from '../../src/api/ports.ts';
import type { DemoSite } from '../api/demo-site.ts';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export function openBrowser(): Promise<Browser> {
  const executablePath = spawnSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).stdout.trim();
  return chromium.launch({ executablePath, args: FLAGS });
}

/** A page whose every complaint (script error, CSP violation, failed load) is kept. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, locale: 'en-GB', timezoneId: 'Asia/Ho_Chi_Minh', ...options });
  const page = await context.newPage();
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
