/**
 * The page in Vietnamese says nothing in English: every page, tab, dialog and error is walked through, and a word that is
 * neither in the Vietnamese strings nor a name (of a patient, a device, a term of DICOM) is a finding. What programs wrote
 * in English is marked as English on the page itself (lang), below its explanation, and is left out here.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { hashPassword } from '../../src/api/passwords.ts';
import { CONCEPTS_VI, WORDS } from '../../src/api/report-page/words.ts';
import { demoSite, drawnChest, type DemoSite } from '../api/demo-site.ts';
import { DEMO_CARD_VI } from '../api/demo-operations.ts';
import { DEMO_CASES, demoStudy } from '../api/demo-studies.ts';
import { browserForTests, hasChromium, openPage, serveSite } from './page-browser.ts';
import { strangersIn, vocabulary, wordsOf } from './page-words.ts';
import { studyUidOf } from './viewer-films.ts';
import { SHOWN_WAIT_MS, viewerSite } from './viewer-site.ts';

vi.setConfig({ testTimeout: 400_000 });
const PASSWORD = 'trời mưa to quá';
const PAGE = fileURLToPath(new URL('../../src/api/web/', import.meta.url));
let picture: Uint8Array;
let site: DemoSite | undefined;
let base: string;
const browser = browserForTests(async () => {
  await site?.close();
  site = undefined;
});

/** Said in no string, and right as it is. */
const NAMES = [
  'Firstread', 'English', // the product; the other language, in its own words
  'thg', // November is "thg 11" to the browser
  'SHA', 'node', 'onnxruntime', 'sqlite', 'cpu', // versions and providers by their names
  'full', // how a picture was decoded, among the technical facts
  'PgDn PgUp Home End Enter Esc', // keys as they are printed on them
];
/** What the demo's people, places, devices, destinations, models and licences are called. */
const DATA = [
  ...DEMO_CASES.map(({ name = '' }) => name.replaceAll('^', ' ')), 'Wolfeschlege', 'Aevil onerror', // as the page shortens it, and without the mark in it
  'BVĐK Tân Bình', 'TTYT Huyện Củ Chi', 'Khoa Nội 3', 'Chest PA', 'Demo', 'dr.linh', 'the-reader the-admin binh',
  'PORTABLE', 'FIRST_READ', 'pacs archive old-archive', 'tb tuberculosis nodule nodule-next lung-field', 'research and evaluation', 'kiểm tra thôi', DEMO_CARD_VI,
  'tiny-heatmap tiny-yolo test Vpair Vbefore PHIM CHUNG', // the hub's films and models
];
let known: Set<string>;

beforeAll(async () => {
  const strings = (await import(`${PAGE}strings/vi.js`)) as { default: Record<string, string> };
  // Put together in Vietnamese by these, out of the strings.
  const written = ['reasons-vi.js', 'reasons.js', 'study/journal.js'].map((name) => readFileSync(`${PAGE}${name}`, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '').match(/'[^'\n]*[^\x00-\x7f][^'\n]*'|`[^`]*`/g)!.join(' '));
  const ofReports = [...Object.values(WORDS).map(({ vi: words }) => words), ...Object.values(CONCEPTS_VI)];
  known = vocabulary([...Object.values(strings.default), ...written, ...ofReports, ...NAMES, ...DATA]);
  if (!hasChromium) return;
  picture = await drawnChest();
});

/** Looks at the page under a name; keeps what is found, and a picture where somebody wants to see it. */
function looking(page: Page) {
  const found: Record<string, readonly string[]> = {};
  let count = 0;
  return {
    found,
    async look(name: string): Promise<void> {
      const said = await wordsOf(page);
      expect([name, await page.evaluate<string>('document.documentElement.lang'), said.length > 2]).toEqual([name, 'vi', true]);
      const strange = strangersIn(said, known);
      if (strange.length > 0) found[name] = strange;
      const shots = process.env['FIRSTREAD_SHOTS'];
      if (shots !== undefined) await page.screenshot({ path: `${shots}/${String((count += 1)).padStart(2, '0')} ${name}.png` });
    },
  };
}

async function open(role: 'reader' | 'admin' | undefined, path: string) {
  const made = await demoSite({ picture, realClock: true, studies: DEMO_CASES.map((one, index) => demoStudy(one, index, Date.now())) });
  site = made;
  made.accounts.saveUser({ name: 'the-reader', role: 'reader', passwordHash: await hashPassword(PASSWORD, { N: 1024, r: 8, p: 1 }) });
  made.readiness.add('listener', () => ({ ok: true }));
  made.readiness.add('audit', () => ({ ok: false, reason: 'the audit trail cannot be written' }), { required: false });
  base = await serveSite(made);
  const { page } = await openPage(browser(), { locale: 'vi-VN' });
  if (role !== undefined) {
    const [name, value] = made.session(role).split('=') as [string, string];
    await page.context().addCookies([{ name, value, url: base }]);
  }
  await page.goto(base + path);
  return { site: made, page, ...looking(page) };
}
const signIn = async (page: Page, password: string): Promise<void> => {
  await page.locator('input[name=name]').fill('the-reader');
  await page.locator('input[name=password]').fill(password);
  await page.locator('.sign-in-form button[type=submit]').click();
};
const press = async (page: Page, ...keys: string[]): Promise<void> => {
  for (const key of keys) await page.keyboard.press(key);
};

/** Real films through the real hub: its own journal and reports. */
describe.skipIf(!hasChromium)('in Vietnamese, on a real hub', () => {
  test('the full viewer, its help and its measures; a study as the hub tells it; its report as a page', async () => {
    const of = { rows: 640, columns: 512, elements: { PatientID: 'V-ONE', PatientName: 'PHIM^CHUNG', ImagerPixelSpacing: [0.2, 0.2] } };
    const films = await viewerSite([{ key: 'now', studyKey: 'pair', ...of }, { key: 'side', studyKey: 'pair', ...of }, { key: 'before', ...of, elements: { ...of.elements, StudyDate: '20250312' } }]);
    try {
      const { page } = await openPage(browser(), { locale: 'vi-VN' });
      page.setDefaultTimeout(SHOWN_WAIT_MS);
      const { look, found } = looking(page);
      await page.goto(films.hub.link);
      await page.waitForSelector('tr.row');
      await page.goto(`${films.hub.httpUrl}/#study=${studyUidOf('pair')}`);
      await page.waitForSelector('.panel .journal');
      await page.evaluate("document.querySelectorAll('.panel details').forEach((one) => { one.open = true; })");
      await look('a study on the hub');
      const report = await page.locator('.reports a[target=_blank]').first().getAttribute('href');
      await page.goto(`${films.hub.httpUrl}/viewer/?study=${studyUidOf('pair')}&prior=${studyUidOf('before')}`);
      await page.locator('.station').first().and(page.locator('[data-shown="full"]')).waitFor();
      await look('viewer');
      await press(page, '?');
      await page.waitForSelector('dialog[open]');
      await look('viewer help');
      await page.goto(films.hub.httpUrl + report!);
      await page.waitForSelector('.sheet');
      await look('report');
      await page.goto(`${films.hub.httpUrl}/viewer/?study=1.2.3`);
      await page.waitForSelector('.nothing, .notice, [role=alert]');
      await look('viewer without a study');
      expect(found).toEqual({});
    } finally {
      await films.close();
    }
  });
});

describe.skipIf(!hasChromium)('in Vietnamese', () => {
  test('an English word on the page is found', async () => {
    const { page, look, found } = await open(undefined, '/');
    await page.waitForSelector('.sign-in .card');
    await page.evaluate("document.querySelector('.sign-in .sub').textContent = 'Cờ: Which chest film'");
    await look('sign-in');
    expect(found['sign-in']).toEqual([expect.stringMatching(/Which chest film \(.*which.*film/)]);
  });

  test('the door, and what it says to a wrong password and to an old link', async () => {
    const { page, look, found } = await open(undefined, '/');
    await page.waitForSelector('.sign-in .card');
    await look('sign-in');
    await signIn(page, 'wrong');
    await page.waitForSelector('.problem:visible');
    await look('wrong password');
    await page.goto(`${base}/sign-in?link=cut-off`);
    await page.waitForSelector('.sign-in .card');
    await look('an old link');
    await page.goto(`${base}/api/reports/1.2.3/page`);
    await look('a report that is not there');
    expect(found).toEqual({});
  });

  test('a study of each kind, with its journal and technical facts, and what is asked about it', async () => {
    const { page, look, found } = await open('reader', '/?scope=all');
    await page.waitForSelector('tr.row');
    for (const name of ['LÊ THỊ HOA', 'TRẦN QUỐC BẢO', 'PHẠM MINH TUẤN', 'ĐỖ THỊ LAN', 'HUỲNH NGỌC ÁNH', 'VÕ HOÀNG NAM']) {
      await page.locator('tr.row', { hasText: name }).click();
      await page.locator('.panel h2', { hasText: name }).waitFor();
      await page.waitForSelector('.panel .journal');
      await page.evaluate("document.querySelectorAll('.panel details').forEach((one) => { one.open = true; })");
      await look(name);
    }
    await page.locator('[data-keep=close-study]').click();
    await page.waitForSelector('dialog[open]');
    await look('close a study');
    await press(page, 'Escape', 'n');
    await page.waitForSelector('dialog[open] textarea');
    await look('a note');
    expect(found).toEqual({});
  });

  test('the list, its menus, its dialogs, and what it says when things go wrong', async () => {
    const { site: served, page, look, found } = await open(undefined, '/?scope=all');
    await signIn(page, PASSWORD);
    await page.waitForSelector('tr.row');
    await look('list');
    const menus = page.locator('.list-bar [aria-haspopup]');
    for (let at = 0; at < await menus.count(); at += 1) {
      await menus.nth(at).click();
      await page.waitForSelector('.menu-sheet:not([hidden]) :is(.choice, input)');
      await look(`menu ${at}`);
      await press(page, 'Escape');
    }
    await press(page, '?');
    await page.waitForSelector('dialog[open]');
    await look('help');
    await press(page, 'Escape', 'j', 'w', 'j', 'j', 'w');
    await page.waitForSelector('.why-strip:not([hidden])');
    await look('why');
    await press(page, 'Escape');
    await page.locator('.top button.person').click();
    await page.waitForSelector('dialog[open]');
    await look('password');
    await press(page, 'Escape');
    await page.locator('input[type=search]').fill('khoa99');
    await page.waitForSelector('.empty:not([hidden])');
    await look('nothing found');
    await page.route('**/api/worklist?*', (route) => route.abort());
    await page.locator('input[type=search]').fill('lan');
    await page.waitForSelector('.stale');
    await look('server gone');
    await page.unroute('**/api/worklist?*');
    served.accounts.removeSessionsOf('the-reader');
    await page.locator('input[type=search]').fill('');
    await page.waitForSelector('dialog.sign-in-again[open]');
    await look('session ended');
    expect(found).toEqual({});
  });

  test('operations: every tab, every state of a delivery, every model, every question', async () => {
    const { page, look, found } = await open('admin', '/operations.html#devices');
    const ready = async (tab: string): Promise<void> => {
      await page.waitForSelector(`.ops-body.${tab} > :not(.ops-loading)`);
      await page.waitForSelector('.ops-loading', { state: 'detached' });
      await page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
    };
    const asked = async (name: string): Promise<void> => {
      await page.waitForSelector('dialog.ask[open]');
      await look(name);
      await page.locator('dialog.ask input').fill('kiểm tra thôi');
    };
    await ready('devices');
    await look('devices');
    await page.locator('.rail-link[href="#deliveries"]').click();
    for (const state of ['failed', 'pending', 'sent', 'dropped']) {
      await ready('deliveries');
      await page.locator('.chooser-button').nth(['failed', 'pending', 'sent', 'dropped'].indexOf(state)).click();
      await ready('deliveries');
      await look(`deliveries ${state}`);
    }
    await page.locator('[data-focus^="drop "]').first().click();
    await asked('drop deliveries');
    await page.locator('dialog.ask button[value=yes]').click();
    await page.waitForSelector('.toast');
    await look('dropped');
    await page.locator('.rail-link[href="#set-aside"]').click();
    await ready('set-aside');
    await look('set aside');
    await page.locator('[data-focus^="dismiss "]').first().click();
    await asked('dismiss');
    await press(page, 'Escape');
    await page.locator('.rail-link[href="#models"]').click();
    await ready('models');
    for (let at = 0; at < await page.locator('.model-item').count(); at += 1) {
      await page.locator('.model-item').nth(at).click();
      await ready('models');
      await look(`model ${at}`);
    }
    await page.locator('[data-focus^="switch "]').first().click();
    await asked('switch off');
    await page.locator('dialog.ask button[value=yes]').click();
    await page.waitForSelector('.ops-card.calls');
    await ready('models');
    await look('switched off');
    for (const tab of ['turnaround', 'system']) {
      await page.locator(`.rail-link[href="#${tab}"]`).click();
      await ready(tab);
      await look(tab);
    }
    expect(found).toEqual({});
  });
});
