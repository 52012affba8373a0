/** A session that ends in mid-click, in a real browser: the place, the words and the click are kept; another person begins afresh. */
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { WEB_FOLDER } from '../../src/api/page-sources.ts';
import { hashPassword } from '../../src/api/passwords.ts';
import { demoSite, drawnChest, type DemoSite, type DemoSiteOptions } from '../api/demo-site.ts';
import { browserForTests, eventually, hasChromium, openPage, serveSite } from './page-browser.ts';

const PASSWORD = 'trời mưa to quá';
let site: DemoSite;
const browser = browserForTests(async () => {
  await site?.close();
});
let base: string;
let passwordHash: string;

beforeAll(async () => {
  passwordHash = await hashPassword(PASSWORD, { N: 1024, r: 8, p: 1 });
});

async function start(options: DemoSiteOptions = {}) {
  site = await demoSite({ realClock: true, ...options });
  for (const [name, role] of [['linh', 'reader'], ['mai', 'reader']] as const) site.accounts.saveUser({ name, role, passwordHash });
  base = await serveSite(site);
  const { page, complaints } = await openPage(browser());
  await page.goto(base);
  await signIn(page, 'linh');
  await page.waitForSelector('tr.row');
  return { page, complaints };
}

async function signIn(page: Page, name: string, password = PASSWORD) {
  await page.locator('input[name=name]:visible').fill(name);
  await page.locator('input[name=password]:visible').fill(password);
  await page.locator('.sign-in-form button[type=submit]').click();
}
const endSessions = () => site.accounts.removeSessionsOf('linh');
const readHere = () => site.studies.filter(({ study }) => ['linh', 'mai'].includes(site.registry.study(study.studyInstanceUid)?.readBy ?? ''));
const readBy = () => readHere().map(({ study }) => site.registry.study(study.studyInstanceUid)!.readBy);

describe.skipIf(!hasChromium)('a session that ends in mid-click', { timeout: 180_000 }, () => {
  test('the door opens in front of the page; the same person\'s click is done after all, in the same place', async () => {
    const { page } = await start();
    for (const key of ['j', 'j', 'j', 'Enter']) await page.keyboard.press(key);
    await page.waitForSelector('.panel h2 bdi');
    const name = await page.locator('.panel h2 bdi').textContent();
    await page.locator('input[type=search]').fill('   '); // something half written
    await page.keyboard.press('Escape');
    endSessions();
    await page.keyboard.press('r');
    await page.waitForSelector('dialog.sign-in-again[open]');
    expect(readBy()).toEqual([]);
    await eventually(() => page.locator('dialog.sign-in-again').innerText()).toContain('linh');
    await eventually(() => page.locator('input[name=name]:visible').inputValue()).toBe('linh');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    expect(await page.locator('dialog.sign-in-again[open]').count()).toBe(1);

    await signIn(page, 'linh', 'wrong');
    await eventually(() => page.locator('.sign-in-form .problem').textContent()).toContain('wrong');
    await eventually(() => page.locator('input[name=password]:visible').inputValue()).toBe('');
    await signIn(page, 'linh');
    await eventually(() => page.locator('dialog.sign-in-again').count()).toBe(0);
    await eventually(readBy).toEqual(['linh']);
    expect(readHere()[0]!.facts.patientName?.replace('^', ' ')).toBe(name);
    expect(await page.locator('tr.row').count()).toBeGreaterThan(5);
  });

  test('what was being written is there still', async () => {
    const { page } = await start();
    for (const key of ['j', 'j', 'j', 'Enter']) await page.keyboard.press(key);
    await page.waitForSelector('.panel h2 bdi');
    await page.keyboard.press('n');
    await page.locator('dialog.note-ask textarea').fill('nodule behind the heart?');
    endSessions();
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))"); // the page asks again
    await page.waitForSelector('dialog.sign-in-again[open]');
    await signIn(page, 'linh');
    await eventually(() => page.locator('dialog.sign-in-again').count()).toBe(0);
    expect(await page.locator('dialog.note-ask textarea').inputValue()).toBe('nodule behind the heart?');
    await eventually(() => page.evaluate<string>('document.activeElement.tagName')).toBe('TEXTAREA');
    // And once more between writing and sending.
    endSessions();
    const sent = page.waitForRequest((request) => request.url().endsWith('/feedback') && request.postData()?.includes('nodule behind the heart?') === true);
    await page.locator('dialog.note-ask button.primary').click();
    await sent;
    await page.waitForSelector('dialog.sign-in-again[open]');
    const again = page.waitForResponse((response) => response.url().endsWith('/feedback') && response.status() === 200);
    await signIn(page, 'linh');
    expect((await again).request().postData()).toContain('nodule behind the heart?');
  });

  test('many calls at once: one door, and all of them go on', async () => {
    // The page from its sources: what it asks with can be reached there.
    const { page } = await start({ server: { pages: { web: WEB_FOLDER, built: '/nowhere/' } } });
    endSessions();
    const answers = page.evaluate<number>("import('/api.js').then((api) => Promise.all([api.models(), api.models(), api.models()])).then((all) => all.filter((one) => Array.isArray(one.models)).length)");
    await page.waitForSelector('dialog.sign-in-again[open]');
    expect(await page.locator('dialog.sign-in-again').count()).toBe(1);
    await signIn(page, 'linh');
    expect(await answers).toBe(3);
  });

  test('nobody touches anything: the page covers itself, and nobody who passes by reads what lies behind', async () => {
    const { page } = await start({ limits: { heartbeatMs: 200 } });
    await page.waitForSelector('.live.up');
    endSessions();
    await page.waitForSelector('dialog.sign-in-again[open]');
    await eventually(() => page.evaluate<string>("getComputedStyle(document.querySelector('.sign-in-again'), '::backdrop').backdropFilter")).toContain('blur');
    await eventually(() => page.evaluate<boolean>("document.elementFromPoint(400, 300).closest('dialog') !== null || document.elementFromPoint(400, 300) === document.documentElement")).toBe(true);
  });

  test('another person: the page begins afresh, and the click of the one before is not theirs', async () => {
    const { page } = await start();
    for (const key of ['j', 'j', 'j', 'Enter']) await page.keyboard.press(key);
    await page.waitForSelector('.panel h2 bdi');
    endSessions();
    await page.keyboard.press('r');
    await page.waitForSelector('dialog.sign-in-again[open]');
    await Promise.all([page.waitForEvent('load'), signIn(page, 'mai')]);
    await page.waitForSelector('tr.row');
    expect(await page.locator('.sign-in-again').count()).toBe(0);
    expect(readBy()).toEqual([]);
    expect(await page.evaluate<string>('location.hash')).toBe('');
    expect(await page.evaluate<string>("fetch('/api/session').then((answer) => answer.json()).then((one) => one.name)")).toBe('mai');
  });

  test('signed out in this tab: whoever signs in next fetches the pictures anew, under their own name', async () => {
    const { page } = await start({ picture: await drawnChest() });
    const fetched: string[] = [];
    page.on('request', (request) => void (request.url().endsWith('/preview') && fetched.push(new URL(request.url()).pathname)));
    const openFirst = async () => {
      await page.locator('tr.row').first().click();
      await page.waitForSelector('.panel .picture[data-shown="reduced"]');
    };
    await openFirst();
    const first = fetched[0]!;
    await page.locator('button.out').click();
    await page.waitForSelector('input[name=password]:visible');
    fetched.length = 0;
    await signIn(page, 'mai');
    await page.waitForSelector('tr.row');
    expect(new URL(page.url()).hash).toBe('');
    await openFirst();
    await eventually(() => fetched).toContain(first);
  });

  test('signed in in another window: this one notices', async () => {
    const { page } = await start();
    endSessions();
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))"); // the page asks again
    await page.waitForSelector('dialog.sign-in-again[open]');
    const other = await page.context().newPage();
    await other.goto(base);
    await signIn(other, 'linh');
    await other.waitForSelector('tr.row');
    await eventually(() => page.locator('dialog.sign-in-again').count()).toBe(0);
  });

  test('one\'s own password: the old one is asked, the rules are said, other sessions end', async () => {
    const { page } = await start();
    const elsewhere = `firstread_session=${await site.auth.signIn('linh', PASSWORD, 'elsewhere')}`;
    await page.locator('button.person').click();
    const fill = async (...values: string[]) => {
      for (const [at, value] of values.entries()) await page.locator('dialog.account input[type=password]').nth(at).fill(value);
      await page.locator('dialog.account button[type=submit]').click();
    };
    const problem = () => page.locator('dialog.account .problem').textContent();
    await fill(PASSWORD, 'one of these two', 'the other of them');
    await eventually(problem).toContain('differ');
    await fill('not the old one', 'sông dài cá lội', 'sông dài cá lội');
    await eventually(problem).toContain('so far is wrong');
    await fill(PASSWORD, 'matkhau123456', 'matkhau123456');
    await eventually(problem).toContain('first that are tried');
    await fill(PASSWORD, 'ngắn', 'ngắn');
    await eventually(problem).toContain('at least 12');
    await fill(PASSWORD, 'sông dài cá lội', 'sông dài cá lội');
    await eventually(() => page.locator('dialog.account').count()).toBe(0);
    expect((await fetch(`${base}/api/models`, { headers: { cookie: elsewhere } })).status).toBe(401);
    await page.reload();
    await page.waitForSelector('tr.row');
    await expect(site.auth.signIn('linh', PASSWORD, 'x')).rejects.toMatchObject({ code: 'credentials-wrong' });
    await expect(site.auth.signIn('linh', 'sông dài cá lội', 'y')).resolves.toBeTypeOf('string');
  });
});
