/** The page in a real browser: what a reader sees and does, and what hostile names and a lost server do to it. */
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { demoSite, drawnChest, type DemoSite } from '../api/demo-site.ts';
import { DEMO_CASES, demoStudy } from '../api/demo-studies.ts';
import { browserForTests, eventually, handOn, hasChromium, openPage, serveSite, signIn, together } from './page-browser.ts';

vi.setConfig({ testTimeout: 300_000 });
let picture: Uint8Array;
let site: DemoSite | undefined;
const browser = browserForTests(async () => {
  await site?.close();
  site = undefined;
});

beforeAll(async () => {
  if (hasChromium) picture = await drawnChest();
});

async function start(role: 'reader' | 'operator' | 'admin' = 'reader', options: Parameters<typeof openPage>[1] = {}) {
  site = await demoSite({ picture, realClock: true });
  const base = await serveSite(site);
  const { page, complaints } = await openPage(browser(), options);
  await signIn(page, site, base, role);
  return { site, base, page, complaints };
}

const names = (page: Page) => page.locator('tr.row .name').allTextContents();
const words = (page: Page) => page.locator('tr.row .flag .word').allTextContents();

/** Compares a cell of Vietnamese capitals as the page shows it with the same cell when nothing may clip it. */
async function looksClipped(page: Page, place: string): Promise<'whole' | 'clipped' | 'redrawn meanwhile'> {
  const element = page.locator(place).first();
  await element.evaluate((one) => void (one.textContent = 'ỄẤỔẰ'));
  const { x, y, height } = (await element.boundingBox())!;
  const look = async () => (await page.screenshot({ clip: { x, y: y - 6, width: 40, height: height + 4 } })).toString('base64');
  const clipped = await look();
  await element.evaluate((one) => void one.setAttribute('style', 'overflow: visible'));
  const unclipped = await look();
  const still = await element.evaluate((one) => one.getAttribute('style') === 'overflow: visible' && one.textContent === 'ỄẤỔẰ');
  await element.evaluate((one) => void one.removeAttribute('style'));
  if (!still) return 'redrawn meanwhile';
  return clipped === unclipped ? 'whole' : 'clipped';
}

describe.skipIf(!hasChromium)('the page', () => {
  test('shows the ranked list with four states in words, and nothing called normal', async () => {
    const { page, complaints } = await start();
    expect((await page.locator('tr.row .rank').allTextContents())).toEqual(Array.from({ length: 13 }, (_one, at) => String(at + 1)));
    expect((await names(page))[0]).toBe('LÊ THỊ HOA');
    expect(new Set(await words(page))).toEqual(new Set(['Flagged', 'Not flagged', 'Analysing', 'Could not be analysed', 'Not analysed']));
    const text = await page.locator('body').innerText();
    expect(text).not.toMatch(/\bnormal\b/i);
    expect(text).toContain('prioritisation only');
    // Waiting ticks by itself.
    const waited = page.locator('tr.row .waited').first();
    const before = await waited.textContent();
    await eventually(() => waited.textContent()).not.toBe(before);
    expect(complaints).toEqual([]);
  });

  test('a link works once; the address bar keeps no secret', async () => {
    const { site, base, page } = await start();
    expect(page.url()).toBe(`${base}/`);
    const link = `${base}/sign-in?link=${site.auth.issueLink({ name: 'x', role: 'reader' })}`;
    await page.goto(link);
    await page.waitForSelector('tr.row');
    const other = await openPage(browser());
    await other.page.goto(link);
    await other.page.waitForSelector('.sign-in .problem:not([hidden])');
    expect(await other.page.locator('.problem:not([hidden])').textContent()).toContain('used before or has expired');
    expect(await other.page.locator('tr.row').count()).toBe(0);
  });

  test('names are text: HTML, right-to-left marks, 400 letters', async () => {
    const { page, complaints } = await start();
    expect(await page.locator('img[src="x"], script:not([src])').count()).toBe(0);
    const all = await names(page);
    expect(all.some((name) => name.startsWith('<img src'))).toBe(true);
    expect(all.join('')).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
    expect(Math.max(...all.map((name) => name.length))).toBeLessThan(130);
    await eventually(() => page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    await page.locator('tr.row', { hasText: '<img src' }).click();
    await page.waitForSelector('.panel h2');
    expect(await page.locator('img[src="x"]').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test('no mark of a Vietnamese capital is cut off: what is clipped looks as it does unclipped', async () => {
    const { page } = await start();
    await page.locator('tr.row').nth(2).click();
    await page.waitForSelector('.panel h2 bdi');
    for (const place of ['tr.row .name', '.panel h2 bdi', 'tr.row .reason-text', 'tr.row .patient .sub']) {
      // The list lives: between two pictures it may draw the row anew or fade. Such a pair says nothing about cutting;
      // marks that are cut off differ in every pair.
      await expect.poll(async () => looksClipped(page, place), { message: place, timeout: 30_000 }).toBe('whole');
    }
  });

  test('the keyboard opens a study, toggles the overlay, marks it read and takes it back', async () => {
    const { site, page } = await start();
    for (const key of ['j', 'j', 'j', 'Enter']) await page.keyboard.press(key);
    await page.waitForSelector('.picture[data-shown="reduced"]');
    const name = await page.locator('.panel h2 bdi').textContent();
    expect(name).toBe((await names(page))[2]);
    await eventually(() => page.locator('.overlay .mark').count()).toBeGreaterThan(0);
    await eventually(() => page.locator('.panel .burn:not([hidden])').textContent()).toBe('Prioritisation only');
    await eventually(() => page.locator('.panel .score').allTextContents()).toEqual([expect.stringMatching(/73.*threshold 42.*flagged.*tb 1\.2\.0 · interim model/), expect.stringMatching(/21.*threshold 50.*below threshold.*nodule 0\.9\.1/)]);
    let fetched = 0; // the next study's picture is fetched ahead, under another address
    page.on('request', (request) => void (/\/api\/instances\/.*\/preview$/.test(request.url()) && (fetched += 1)));
    await page.keyboard.press('o');
    await eventually(() => page.locator('.panel .overlay-layer').isHidden()).toBe(true);
    await page.keyboard.press('o');
    await eventually(() => page.locator('.panel .overlay-layer').isVisible()).toBe(true);
    expect(fetched).toBe(0);

    await eventually(() => page.locator('.technical dd').allTextContents()).toEqual(expect.arrayContaining([expect.stringMatching(/XR_ROOM_1|MOBILE_2/), expect.stringContaining('2400 × 2800')]));
    await page.locator('tr.row').nth(4).hover(); // what a reader does is shown at once, wherever the pointer is
    await page.keyboard.press('r');
    await page.waitForSelector('.toast');
    await eventually(() => names(page)).not.toContain(name);
    const read = site.studies.find((one) => one.facts.patientName?.replace('^', ' ') === name)!.study.studyInstanceUid;
    await eventually(() => site.registry.study(read)!.readBy).toBe('the-reader');
    await page.locator('.toast button').click();
    await eventually(() => names(page)).toContain(name);
    await page.keyboard.press('Escape');
    await eventually(() => page.locator('.panel').isHidden()).toBe(true);
    await page.keyboard.press('?');
    await eventually(() => page.locator('dialog[open]').count()).toBe(1);
  });

  test('Tab reaches the list as one stop, Enter opens from there, and what is focused can be seen', async () => {
    const { page } = await start();
    const focused = () => page.evaluate<string>("document.activeElement.closest('tr')?.querySelector('.name')?.textContent ?? document.activeElement.tagName");
    for (let i = 0; i < 30 && (await focused()) !== 'LÊ THỊ HOA'; i += 1) await page.keyboard.press('Tab');
    expect(await focused()).toBe('LÊ THỊ HOA');
    expect(await page.evaluate<string>('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.panel h2');
    await eventually(() => page.locator('tr.row[aria-current=true] .name').textContent()).toBe('LÊ THỊ HOA');
    await page.keyboard.press('Tab');
    expect(await focused()).not.toBe('LÊ THỊ HOA');
    expect(await page.evaluate<boolean>("document.activeElement.closest('.panel') !== null")).toBe(true);
  });

  test('the overlay lies where the model said, on the picture', async () => {
    const { page } = await start();
    await page.locator('tr.row', { hasText: 'TRẦN QUỐC BẢO' }).click();
    await page.waitForSelector('.picture[data-shown="reduced"]');
    // The demo's box is x 700, y 1180, 190 × 180 of 2400 × 2800.
    const near = (seen: number, wanted: number): void => expect(Math.abs(seen - wanted)).toBeLessThan(3);
    await together(async () => {
      const [img, box] = [(await page.locator('.panel .surface img').boundingBox())!, (await page.locator('.overlay polygon.box').boundingBox())!];
      near(box.x, img.x + (700 / 2400) * img.width);
      near(box.y, img.y + (1180 / 2800) * img.height);
      near(box.width, (190 / 2400) * img.width);
      near(img.width / img.height, 2400 / 2800);
    });
  });

  test('a new flag arrives by itself; the row under the pointer does not move', async () => {
    const { site, page } = await start();
    const row = page.locator('tr.row').nth(6);
    const name = await row.locator('.name').textContent();
    const place = (await row.boundingBox())!;
    const hand = await handOn(page, place.x + 310, place.y + 22);
    site.add(demoStudy({ ...DEMO_CASES[0]!, name: 'MỚI^ĐẾN' }, 90, Date.now()));
    site.live.changed('1.2.826.0.1.3680043.10.999.91');
    await page.waitForSelector('.held .pill');
    await eventually(() => page.locator('.held').textContent()).toContain('1 change waits');
    const under = await page.evaluate<string>(`document.elementFromPoint(${place.x + 310}, ${place.y + 22}).closest('tr').querySelector('.name').textContent`);
    expect(under).toBe(name);
    expect(await names(page)).not.toContain('MỚI ĐẾN');
    await hand.lift();
    await page.mouse.move(600, 20); // away from the list
    await eventually(() => names(page)).toContain('MỚI ĐẾN');
    await eventually(() => page.locator('.held .pill').isHidden()).toBe(true);
    await eventually(() => page.locator('tr.row .rank').allTextContents()).toEqual(Array.from({ length: 14 }, (_one, at) => String(at + 1)));
  });

  test('search without accents, and what is said when nothing is found', async () => {
    const { page } = await start();
    await page.keyboard.press('/');
    await page.keyboard.type('do thi lan');
    await eventually(() => names(page)).toEqual(['ĐỖ THỊ LAN']);
    await page.locator('input[type=search]').fill('zzz');
    await eventually(() => page.locator('.empty').innerText()).toContain('Nothing found for “zzz”.');
    await page.locator('input[type=search]').fill('');
    await eventually(async () => (await names(page)).length).toBe(13);
    await page.getByRole('tab', { name: 'Read', exact: true }).click();
    await eventually(() => names(page)).toContain('HOÀNG ANH THƯ');
  });

  test('Vietnamese, complete on this page, and remembered', async () => {
    const { page } = await start();
    await page.locator('.top-buttons .language').click();
    await eventually(() => words(page)).toContain('Gắn cờ');
    await eventually(() => page.locator('html').getAttribute('lang')).toBe('vi');
    await page.reload();
    await page.waitForSelector('tr.row');
    const text = await page.locator('body').innerText();
    expect(text).not.toMatch(/Flagged|Waiting|Patient|threshold|bình thường/);
    expect(text).toContain('Lao phổi 91 (ngưỡng 42)');
    await page.locator('tr.row').nth(2).click();
    await page.waitForSelector('.journal');
    expect(await page.locator('.panel').innerText()).not.toMatch(/threshold|stored|delivered|Journal|Scores|flagged/i);
  });

  test('a server that goes away is said, the list stays; it comes back by itself', async () => {
    const { site: first, base, page } = await start();
    const kept = [...first.accounts.sessions];
    await first.close();
    site = undefined;
    await page.locator('tr.row').nth(1).click(); // does not wait for the next refresh
    await page.keyboard.press('Escape');
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))"); // somebody looks at the page again
    await page.waitForSelector('.offline:not([hidden])');
    await eventually(() => page.locator('.offline').textContent()).toContain('does not answer');
    expect((await names(page)).length).toBe(13);

    const second = await demoSite({ picture, realClock: true });
    site = second;
    for (const [id, session] of kept) second.accounts.sessions.set(id, session);
    await serveSite(second, Number(new URL(base).port));
    await eventually(() => page.locator('.offline').isHidden()).toBe(true);
    await eventually(() => page.locator('.live.up').count()).toBe(1);
  });

  test('the journal says the day where it was not today', async () => {
    const { site, base, page } = await start();
    const old = demoStudy({ ...DEMO_CASES[0]!, waitedMin: 3 * 24 * 60 }, 90, Date.now());
    site.add(old);
    await page.goto(`${base}/#study=${old.study.studyInstanceUid}`);
    await eventually(() => page.locator('.journal time').first().textContent()).toMatch(/^\d{1,2} \w{3,4} (\d{4} )?\d\d:\d\d$/);
  });

  test('a picture that is not there says so', async () => {
    const { page } = await start();
    await page.route('**/preview', (route) => route.fulfill({ status: 404, body: '{}' }));
    await page.locator('tr.row').nth(1).click();
    await page.waitForSelector('.no-picture');
    expect(await page.locator('.no-picture').innerText()).toContain('stored image itself is safe');
  });

  test('an operator may not mark read; the page does not offer it', async () => {
    const { page } = await start('operator');
    await page.locator('tr.row').nth(1).click();
    await page.waitForSelector('.panel-actions');
    expect(await page.locator('.panel-actions').innerText()).not.toContain('Mark read');
    expect(await page.locator('.panel-actions').innerText()).toContain('STAT');
  });

  test.each([['phone', 390, 844], ['small laptop', 1366, 768], ['wide', 1920, 1080]])('nothing sticks out sideways on a %s', async (_what, width, height) => {
    const { page } = await start('reader', { viewport: { width, height } });
    const fits = () => page.evaluate<boolean>("document.documentElement.scrollWidth <= innerWidth && document.querySelector('.list').scrollWidth <= document.querySelector('.list').clientWidth");
    await eventually(fits).toBe(true);
    await page.locator('tr.row').first().click();
    await page.waitForSelector('.panel .score');
    await eventually(fits).toBe(true);
    await eventually(() => page.evaluate<boolean>("document.querySelector('.panel-scroll').scrollWidth <= document.querySelector('.panel-scroll').clientWidth")).toBe(true);
  });
});
