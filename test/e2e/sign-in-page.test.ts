/** The door as people see it: every way in there may be, what is said when one is shut, in both languages, and to a screen reader. */
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { Oidc } from '../../src/api/oidc.ts';
import type { OidcSessions } from '../../src/api/oidc-sessions.ts';
import { hashPassword } from '../../src/api/passwords.ts';
import { demoSite, type DemoSite } from '../api/demo-site.ts';
import { browserForTests, eventually, hasChromium, openPage, serveSite } from './page-browser.ts';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const PASSWORD = 'trời mưa to quá';
let site: DemoSite;
const browser = browserForTests(async () => {
  await site?.close();
});


/** Where it leads is oidc.test.ts's matter; here, only whether it is there. */
const provider = (available: boolean, name = '') => ({ provider: { name, available: () => available } as unknown as Oidc, sessions: { close: () => undefined } as unknown as OidcSessions });

async function open({ users = true, oidc, locale = 'en-GB', path = '/', theme = 'dark' }: { users?: boolean; oidc?: ReturnType<typeof provider>; locale?: string; path?: string; theme?: string } = {}) {
  site = await demoSite({ realClock: true, ...(oidc === undefined ? {} : { oidc: () => oidc }) });
  if (users) site.accounts.saveUser({ name: 'linh', role: 'reader', passwordHash: await hashPassword(PASSWORD, { N: 1024, r: 8, p: 1 }) });
  const base = await serveSite(site);
  const { page, complaints } = await openPage(browser(), { locale, bypassCSP: true });
  await page.addInitScript(`localStorage.setItem('firstread.theme', '${theme}')`);
  await page.goto(base + path);
  await page.waitForSelector('.sign-in .card');
  return { page, complaints };
}

/** What fades in has too little contrast for a moment: a finding is what stays. */
async function axeFindsNothing(page: Page) {
  await page.addScriptTag({ path: AXE });
  await eventually(() => page.evaluate<unknown[]>("axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.slice(0, 2).map(({ html }) => html)]))")).toEqual([]);
}
const signIn = async (page: Page) => {
  await page.locator('input[name=name]:visible').fill('linh');
  await page.locator('input[name=password]:visible').fill(PASSWORD);
  await page.locator('.sign-in-form button[type=submit]').click();
};

describe.skipIf(!hasChromium)('the door', { timeout: 180_000 }, () => {
  test('name and password, the hospital\'s account, or both', async () => {
    const { page, complaints } = await open({ oidc: provider(true, 'BVĐK Tân Bình') });
    expect(await page.locator('a.oidc').textContent()).toBe('Sign in with BVĐK Tân Bình');
    expect(await page.locator('a.oidc').getAttribute('href')).toBe('/sign-in/oidc?to=%2F');
    await signIn(page);
    await page.waitForSelector('tr.row');
    expect(complaints).toEqual([]);
  });

  test('only the hospital\'s account: no empty form', async () => {
    const { page } = await open({ users: false, oidc: provider(true) });
    await eventually(async () => [await page.locator('a.oidc').count(), await page.locator('form').count()]).toEqual([1, 0]);
  });

  test('a provider that is away: the reason instead of the button, in the reader\'s language', async () => {
    const { page } = await open({ oidc: provider(false), locale: 'vi-VN' });
    expect(await page.locator('a.oidc').count()).toBe(0);
    expect(await page.locator('.oidc.away').textContent()).toContain('Hiện không thể đăng nhập bằng tài khoản bệnh viện');
    expect(await page.locator('input[name=password]').count()).toBe(1);
  });

  test.each([['oidc-no-role', 'no access to Firstread'], ['oidc-unavailable', 'does not answer'], ['oidc-refused', 'begin again'], ['oidc-name-taken', 'belongs to another user'], ['link-invalid', 'used before or has expired']])('%s is said, and does not stay in the address', async (code, words) => {
    const { page } = await open({ path: `/?refused=${code}`, oidc: provider(true) });
    expect(await page.locator('.card .problem:visible').textContent()).toContain(words);
    expect(page.url()).not.toContain('refused');
  });

  test('what is in the address is never shown as it is', async () => {
    const { page } = await open({ path: '/?refused=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E' });
    expect(await page.locator('img[src=x]').count()).toBe(0);
    expect(await page.locator('.card .problem:visible').count()).toBe(0);
  });

  test.each(['dark', 'light'])('axe finds nothing: door, change of password, session ended (%s)', async (theme) => {
    const { page } = await open({ oidc: provider(true), theme });
    await axeFindsNothing(page);
    await signIn(page);
    await page.waitForSelector('tr.row');
    await page.locator('button.person').click();
    await page.waitForSelector('dialog.account');
    await axeFindsNothing(page);
    await page.keyboard.press('Escape');
    site.accounts.removeSessionsOf('linh');
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))"); // the page asks again
    await page.waitForSelector('dialog.sign-in-again[open]');
    await axeFindsNothing(page);
  });
});
