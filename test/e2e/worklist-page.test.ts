/** A reading day on the worklist page: by keyboard alone, with two readers at once, with filters in the link, with "why". */
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { demoSite, drawnChest, type DemoSite } from '../api/demo-site.ts';
import { DEMO_CASES, demoStudy } from '../api/demo-studies.ts';
import { browserForTests, eventually, handOn, hasChromium, openPage, serveSite } from './page-browser.ts';

/** Two browsers on a machine that may be busy with other tests. */
vi.setConfig({ testTimeout: 300_000 });
let picture: Uint8Array;
let site: DemoSite;
const browser = browserForTests(async () => {
  await site?.close();
});
let base: string;

beforeAll(async () => {
  if (hasChromium) picture = await drawnChest();
});

async function serve(count = DEMO_CASES.length) {
  site = await demoSite({ picture, realClock: true, studies: DEMO_CASES.slice(0, count).map((one, index) => demoStudy(one, index, Date.now())) });
  base = await serveSite(site);
}

async function open(name: string, path = '/', role: 'reader' | 'technologist' = 'reader') {
  const { page, complaints } = await openPage(browser());
  await page.goto(`${base}/sign-in?link=${site.auth.issueLink({ name, role })}`);
  await page.waitForSelector('tr.row');
  if (path !== '/') {
    await page.goto(base + path);
    await page.waitForSelector('tr.row, .empty:not([hidden])');
  }
  return { page, complaints };
}

const names = (page: Page) => page.locator('tr.row .name').allTextContents();
const openName = (page: Page) => page.locator('.panel:not([hidden]) h2 bdi').textContent();
const readBy = (uid: string) => site.registry.study(uid)?.readBy;
const press = async (page: Page, ...keys: string[]) => {
  for (const key of keys) await page.keyboard.press(key);
};
const focusIsVisible = (page: Page) => page.evaluate<boolean>("getComputedStyle(document.activeElement).outlineStyle === 'solid'");

describe.skipIf(!hasChromium)('a reading day', () => {
  test('by keyboard alone: open, read and go on to the next, until nothing is left; take one back', async () => {
    await serve(4);
    const { page } = await open('dr.linh');
    const order = await names(page);
    expect(order).toHaveLength(4);
    await press(page, 'j');
    await eventually(() => focusIsVisible(page)).toBe(true);
    await press(page, 'Enter');
    for (const name of order) {
      await eventually(() => openName(page)).toBe(name);
      await press(page, 'r');
    }
    await page.waitForSelector('.empty:not([hidden])');
    await eventually(() => page.locator('.empty').innerText()).toContain('Nothing waits to be read');
    await eventually(() => page.locator('.panel').isHidden()).toBe(true);
    await eventually(() => site.studies.map(({ study }) => readBy(study.studyInstanceUid))).toEqual(Array.from({ length: 4 }, () => 'dr.linh'));

    await press(page, 'g', 'r');
    await eventually(() => names(page)).toEqual(order.toReversed());
    expect(new URL(page.url()).search).toBe('?list=read');
    await eventually(() => page.locator('tr.row .reader').first().innerText()).toBe('Read by dr.linh');
    await press(page, 'j', 'u');
    await eventually(async () => (await names(page)).length).toBe(3);
    await press(page, 'g', 'm');
    await eventually(() => names(page)).toEqual([order.at(-1)]);
  });

  test('? names every key; / searches; Esc goes back; g f shows only what is flagged', async () => {
    await serve();
    const { page } = await open('dr.linh');
    await press(page, '?');
    const help = await page.locator('dialog[open]').innerText();
    for (const key of ['Enter', 'Esc', 'PgDn', 'Home']) expect(help).toContain(key);
    expect(await page.locator('dialog[open] kbd').allTextContents()).toEqual(expect.arrayContaining(['j', 'k', 'r', 'u', 'a', 'd', 'n', 's', 'w', '/', '.', '?', 'g', 'o', 'z']));
    await press(page, 'Escape', '/');
    await page.keyboard.type('thanh tam');
    await eventually(() => names(page)).toEqual(['BÙI THANH TÂM']);
    await press(page, 'Escape', 'g', 'f');
    await eventually(async () => new Set(await page.locator('tr.row .flag .word').allTextContents())).toEqual(new Set(['Flagged']));
    expect(new URL(page.url()).search).toBe('?state=flagged');
  });

  test('STAT by key; who may not read cannot mark read by key either', async () => {
    await serve();
    const { page } = await open('mai', '/', 'technologist');
    expect(await page.locator('.tab[aria-selected=true]').innerText()).toContain('All unread');
    const second = (await names(page))[1]!;
    await press(page, 'j', 'j', 's');
    await page.waitForSelector('.toast');
    await eventually(() => page.locator('tr.row', { hasText: second }).locator('.mark.stat').count()).toBe(1);
    const asked: string[] = [];
    page.on('request', (request) => void (request.method() === 'POST' && asked.push(new URL(request.url()).pathname)));
    // Keys are handled in order: once the second STAT has arrived, whatever the key before it did is on its way.
    await press(page, 'r', 's');
    await eventually(() => page.locator('tr.row', { hasText: second }).locator('.mark.stat').count()).toBe(0);
    expect(asked.map((path) => path.split('/').at(-1))).toEqual(['prioritise']);
    expect(site.studies.filter(({ study }) => readBy(study.studyInstanceUid) === 'mai')).toEqual([]);
  });
});

describe.skipIf(!hasChromium)('two readers at once', () => {
  test('what one opens, the other sees, is asked about, may look at or take over; the first is told', async () => {
    await serve();
    const [{ page: lan }, { page: linh }] = [await open('dr.lan'), await open('dr.linh', '/?list=unread')];
    const taken = (await names(lan))[0]!;
    await lan.locator('tr.row').first().click();
    await lan.waitForSelector('.panel:not([hidden]) h2');
    const row = linh.locator('tr.row', { hasText: taken });
    await eventually(() => row.locator('.reader').innerText()).toBe('dr.lan');
    await eventually(() => linh.locator('.tab').first().locator('.number').textContent()).toBe('12');

    await row.click();
    await linh.waitForSelector('dialog.claim-ask[open]');
    await eventually(() => linh.locator('dialog h2').innerText()).toContain('dr.lan has had this study open for');
    await press(linh, 'Enter'); // Back is what Enter does
    await eventually(() => linh.locator('dialog').count()).toBe(0);
    expect(await linh.locator('.panel').isHidden()).toBe(true);
    await row.click();
    await linh.locator('dialog button[value=looking]').click();
    await eventually(() => openName(linh)).toBe(taken);
    await eventually(() => row.locator('.reader').innerText()).toBe('dr.lan'); // looking takes nothing away
    await press(linh, 'Escape');

    await row.click();
    await linh.locator('dialog button[value=take-over]').click();
    await eventually(() => lan.locator('.toast').innerText()).toContain('dr.linh has taken this study over');
    await press(linh, 'Escape'); // closing releases
    await eventually(() => linh.locator('tr.row', { hasText: taken }).locator('.reader .icon-eye').count()).toBe(0);
  });

  test('what one has read goes from the other\'s list, in place while a hand is on it', async () => {
    await serve();
    const [{ page: lan }, { page: linh }] = [await open('dr.lan'), await open('dr.linh')];
    const before = await names(linh);
    const place = (await linh.locator('tr.row').nth(5).boundingBox())!;
    const hand = await handOn(linh, place.x + 305, place.y + 22);
    await lan.locator('tr.row', { hasText: before[1]! }).click();
    await lan.waitForSelector('.panel:not([hidden]) h2');
    await press(lan, 'u');
    const row = linh.locator('tr.row', { hasText: before[1]! });
    await eventually(() => row.locator('.reader').innerText()).toBe('Read by dr.lan');
    expect(await names(linh)).toEqual(before);
    await press(linh, '.');
    await eventually(() => names(linh)).toEqual(before.filter((name) => name !== before[1]));
    await hand.lift();
  });
});

describe.skipIf(!hasChromium)('filters', () => {
  test('menus by keyboard; the link shows a colleague the same; Back goes back; chips go away', async () => {
    await serve();
    const { page } = await open('dr.linh');
    await page.locator('.by-state').focus();
    await press(page, 'ArrowDown', 'Enter'); // the first choice: flagged
    await eventually(async () => (await names(page)).length).toBe(3);
    await page.locator('.by-site').focus();
    await press(page, 'ArrowDown');
    await page.waitForSelector('.menu-sheet:not([hidden]) .choice');
    await press(page, 'Enter');
    await page.waitForSelector('.filter-chip >> nth=1');
    await page.waitForSelector('.list:not(.asking)'); // the chip stands at once, its rows when they are here
    const found = await names(page);
    const link = page.url();
    expect(new URL(link).searchParams.get('state')).toBe('flagged');
    expect(new URL(link).searchParams.get('site')).not.toBe(null);

    const colleague = await open('dr.lan', new URL(link).pathname + new URL(link).search);
    await eventually(() => names(colleague.page)).toEqual(found);
    await eventually(() => colleague.page.locator('.filter-chip').count()).toBe(2);

    await page.goBack();
    await eventually(() => page.locator('.filter-chip').count()).toBe(1);
    await page.locator('.filter-chip button').click();
    await eventually(async () => (await names(page)).length).toBe(13);
    expect(new URL(page.url()).search).toBe('');
  });

  test('what a link says that is not known is left out; nothing found says what to do', async () => {
    await serve();
    const { page, complaints } = await open('dr.linh', '/?list=x&state=y,flagged&sort=%00&date=2026-99-99&site=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E');
    await page.waitForSelector('.empty:not([hidden])');
    await eventually(() => page.locator('.filter-chip').allInnerTexts()).toEqual(['Flagged', 'Site\n<img src=x onerror=alert(1)>']);
    await page.getByRole('button', { name: 'Clear filters' }).last().click();
    await eventually(async () => (await names(page)).length).toBe(13);
    expect(complaints).toEqual([]);
  });
});

describe.skipIf(!hasChromium)('saved views', () => {
  test('kept under a name, there on another PC, picked, deleted; nobody else has them', async () => {
    await serve();
    const { page } = await open('dr.linh', '/?state=flagged&finding=tuberculosis');
    const found = await names(page);
    await page.locator('.saved-views').click();
    await page.keyboard.type('TB <b>tonight</b>');
    await press(page, 'Enter');
    const viewsOf = async (name: string) => (JSON.parse((await site.app.inject({ url: '/api/views', headers: { host: 'localhost', cookie: site.session('reader', name) } })).payload) as { views: unknown[] }).views.length;
    await eventually(() => viewsOf('dr.linh')).toBe(1);
    expect(await viewsOf('dr.lan')).toBe(0);

    const other = (await open('dr.linh')).page;
    const sheet = other.locator('.menu-sheet:visible');
    await other.locator('.saved-views').click();
    await eventually(() => sheet.innerText()).toContain('TB <b>tonight</b>');
    await other.locator('.menu-sheet .choice', { hasText: 'TB <b>tonight</b>' }).click();
    await eventually(() => names(other)).toEqual(found);
    expect(new URL(other.url()).search).toBe('?state=flagged&finding=tuberculosis');
    await other.locator('.saved-views').click();
    await eventually(() => other.locator('.menu-sheet .choice').first().getAttribute('aria-checked')).toBe('true');
    await other.locator('.menu-sheet .remove').click();
    await expect.poll(() => sheet.count()).toBe(0);
    await other.locator('.saved-views').click();
    await eventually(() => sheet.innerText()).toContain('No saved view yet');
  });
});

describe.skipIf(!hasChromium)('agree, disagree, note', () => {
  test('one keystroke each, kept with the score it speaks of', async () => {
    await serve();
    const { page } = await open('dr.linh');
    await press(page, 'j', 'a');
    await eventually(() => page.locator('.toast').last().innerText()).toContain('Agreed: Tuberculosis 91');
    await press(page, 'n');
    await page.waitForSelector('dialog.note-ask[open]');
    await page.keyboard.type('apical scar, old film shows it');
    await press(page, 'Control+Enter');
    await eventually(() => page.locator('.toast').last().innerText()).toContain('Disagreed: Tuberculosis 91');
    const uid = (await page.locator('tr.row').first().getAttribute('data-uid'))!;
    const answer = await site.app.inject({ url: `/api/studies/${uid}`, headers: { host: 'localhost', cookie: site.session('reader', 'dr.linh') } });
    expect((JSON.parse(answer.payload) as { feedback: unknown[] }).feedback).toEqual([
      expect.objectContaining({ family: 'tuberculosis', verdict: 'disagree', note: 'apical scar, old film shows it', by: 'dr.linh', score: 91, threshold: 42 }),
    ]);
  });
});

describe.skipIf(!hasChromium)('why is this above that', () => {
  test('any two rows, by key and by the number, in both languages', async () => {
    await serve();
    const { page } = await open('dr.linh');
    await press(page, 'j', 'w', 'j', 'j', 'w');
    const strip = page.locator('.why-words');
    await eventually(() => strip.innerText()).toMatch(/^LÊ THỊ HOA is above .+\n+The first is critical \(Tuberculosis 91/);
    await press(page, 'Escape');
    await eventually(() => page.locator('.why-strip').isHidden()).toBe(true);
    await page.locator('.language').click();
    await page.locator('tr.row .rank').nth(3).click();
    await page.locator('tr.row .rank').nth(0).click();
    await eventually(() => strip.innerText()).toMatch(/^LÊ THỊ HOA đứng trên .+\n+Ca trên ở mức rất khẩn \(Lao phổi 91/);
    expect(await page.locator('.panel').isHidden()).toBe(true);
  });
});

describe.skipIf(!hasChromium)('no study yet', () => {
  test('says what to do, and shows the first one by itself', async () => {
    await serve(0);
    const { page } = await openPage(browser());
    await page.goto(`${base}/sign-in?link=${site.auth.issueLink({ name: 'first', role: 'admin' })}`);
    await eventually(() => page.locator('.empty').innerText()).toContain('No study has arrived yet');
    await eventually(() => page.locator('.empty a').getAttribute('href')).toBe('/operations.html');
    site.add(demoStudy(DEMO_CASES[0]!, 0, Date.now()));
    site.live.changed('1.2.3');
    await eventually(() => names(page)).toEqual(['LÊ THỊ HOA']);
  });
});
