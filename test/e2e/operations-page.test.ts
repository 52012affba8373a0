/** The operations page in a real browser: what each role sees and does on it, by mouse and keyboard, in both languages and themes. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { describe, expect, test, vi } from 'vitest';
import { demoSite, type DemoSite, type DemoSiteOptions } from '../api/demo-site.ts';
import { browserForTests, eventually, hasChromium, openPage, serveSite } from './page-browser.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TABS = ['devices', 'deliveries', 'set-aside', 'models', 'turnaround', 'system'] as const;
/** As long as a loaded machine may need. */
vi.setConfig({ testTimeout: 300_000 });
let site: DemoSite | undefined;
const browser = browserForTests(async () => {
  await site?.close();
  site = undefined;
});


type Who = 'technologist' | 'operator' | 'admin' | 'reader';

async function start(who: Who, { tab = 'devices', settings = {}, options = {}, page: pageOptions = {} }: { tab?: string; settings?: Record<string, string>; options?: DemoSiteOptions; page?: Parameters<typeof openPage>[1] } = {}) {
  const made = await demoSite({ realClock: true, ...options });
  site = made;
  made.readiness.add('listener', () => ({ ok: true }));
  made.readiness.add('audit', () => ({ ok: false, reason: 'the audit trail cannot be written' }), { required: false });
  const base = await serveSite(made);
  const { page, complaints } = await openPage(browser(), pageOptions);
  await page.addInitScript((kept: Record<string, string>) => Object.entries(kept).forEach(([name, value]) => (globalThis as unknown as { localStorage: { setItem(name: string, value: string): void } }).localStorage.setItem(name, value)), settings);
  // Straight to this page: the list is another test's, and heavier.
  const [name, value] = made.session(who).split('=') as [string, string];
  await page.context().addCookies([{ name, value, url: base }]);
  await page.goto(`${base}/operations.html#${tab}`);
  return { site: made, base, page, complaints };
}

/** Loaded: something of the tab is there and nothing waits any more. */
async function shown(page: Page, tab: string): Promise<void> {
  await page.waitForSelector(`.ops-body.${tab} > :not(.ops-loading)`);
  await page.waitForSelector('.ops-loading', { state: 'detached' });
}
async function go(page: Page, tab: string): Promise<void> {
  await page.locator(`.rail-link[href="#${tab}"]`).click();
  await shown(page, tab);
}
const text = (page: Page, selector: string) => page.locator(selector).first().innerText();
async function giveReason(page: Page, words: string): Promise<void> {
  await page.locator('dialog[open] input[name=reason]').fill(words);
  await page.locator('dialog[open] button[value=yes]').click();
}

describe.skipIf(!hasChromium)('who sees what', () => {
  test('a technologist: devices, what was set aside, turnaround; and may not drop, dismiss or switch', async () => {
    const { page, complaints } = await start('technologist');
    await shown(page, 'devices');
    await eventually(() => page.locator('.rail-words').allTextContents()).toEqual(['Devices', 'Set aside', 'Turnaround']);
    await go(page, 'set-aside');
    await eventually(() => page.locator('.ops-card-actions button, .ops-card-actions a').allTextContents()).toEqual(['Look', 'Analyse again']);
    expect(complaints).toEqual([]);
  });

  test('a reader is told where to go', async () => {
    const { page } = await start('reader');
    await page.waitForSelector('main.notice a[href="/"]');
    expect(await page.locator('.rail').count()).toBe(0);
  });
});

describe.skipIf(!hasChromium)('devices', () => {
  test('who is silent stands first, with its habit; refusals say what to change; peers’ words are text', async () => {
    const { page, complaints } = await start('operator', { options: { history: true } });
    await shown(page, 'devices');
    // Silent for three hours: before three in the morning that began yesterday, and the day is said, too.
    expect(await text(page, '.ops-table tbody tr')).toMatch(/XR_ROOM_2[\s\S]*No image since (?:\d{1,2} [A-Z][a-z]+ )?\d\d:\d\d, usually every [5-7] min/);
    const card = page.locator('.ops-card', { hasText: 'XR_ROOM_3' });
    expect(await card.innerText()).toContain('add XR_ROOM_3 (or XR_ROOM_3@10.0.0.9) to callingAeTitles');
    expect(await page.locator('.ops-card', { hasText: 'FIRST_READ' }).innerText()).toContain('set the destination’s (remote) AE title to FIRSTREAD');
    expect(await page.locator('.ops-card b').count()).toBe(0);
    expect(await page.locator('.ops-card', { hasText: '<b>x</b>' }).innerText()).toContain('refused: some-code-of-tomorrow');
    expect((await text(page, '.sender')).replaceAll('\n', ' ')).toMatch(/AE title FIRSTREAD Address 10\.0\.0\.2 Port 11112 TLS off/);
    expect(complaints).toEqual([]);
  });

  test('the same in Vietnamese, nothing left in English', async () => {
    const { page } = await start('admin', { settings: { 'firstread.language': 'vi' } });
    for (const tab of TABS) {
      await page.goto(`${page.url().split('#')[0]}#${tab}`);
      await shown(page, tab);
      const words = await page.locator('.ops-inner').innerText();
      expect([tab, /\b(the|since|usually|What to change|Try|Failed|Pending|Last|Switch|median|not known)\b/.exec(words.replace(/^.*(the-admin|no connection to the peer|the destination answered|refused:|this destination|the audit trail|flags 90|validation films|Could not be analysed|instead of|\.md|Not a medical|To be replaced|See the licence|source and label|tb\/|lateral|Children).*$/gim, ''))?.[0]]).toEqual([tab, undefined]);
      expect([tab, /\b[a-z]+\.[a-z]+\.[a-z-]+\b/.exec(await text(page, '.ops-title'))?.[0]]).toEqual([tab, undefined]);
    }
  });
});

describe.skipIf(!hasChromium)('deliveries', () => {
  test('the next try ticks; all are tried again; one is dropped with a reason', async () => {
    const { site: made, page, complaints } = await start('operator', { tab: 'deliveries' });
    await shown(page, 'deliveries');
    const archive = page.locator('.destination', { hasText: 'ARCHIVE @' });
    const before = await archive.innerText();
    expect(before).toMatch(/No connection came about[\s\S]*Next try in \d+ s/);
    await eventually(() => archive.innerText()).not.toBe(before);
    await archive.getByRole('button', { name: 'Try all again' }).click();
    await page.locator('.toast', { hasText: '8 tried again' }).waitFor();
    expect(made.operations.wakes).toEqual(['archive']);
    const rows = page.locator('.ops-table tbody tr');
    await eventually(() => rows.count()).toBe(4);
    await page.locator('select.pick').selectOption('pacs');
    await eventually(() => rows.count()).toBe(1);
    await rows.first().getByRole('button', { name: /^Drop/ }).click();
    await giveReason(page, 'test film, not for the archive');
    await page.locator('.toast', { hasText: '1 dropped' }).waitFor();
    await page.waitForSelector('.ops-empty');
    await page.getByRole('button', { name: 'Dropped', exact: true }).click();
    await eventually(() => page.locator('.ops-table tbody').innerText()).toContain('Dropped by the-operator: test film, not for the archive');
    expect(complaints).toEqual([]);
  });

  test('a reason is needed, and Esc takes the question back to where it was asked', async () => {
    const { site: made, page } = await start('operator', { tab: 'deliveries' });
    await shown(page, 'deliveries');
    const button = page.locator('.destination', { hasText: 'old-archive' }).getByRole('button', { name: 'Drop all…' });
    await button.focus();
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog[open]');
    await page.keyboard.press('Enter');
    expect(await page.locator('dialog[open]').count()).toBe(1);
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog', { state: 'detached' });
    await eventually(() => button.evaluate((element) => element === (element as unknown as { ownerDocument: { activeElement: unknown } }).ownerDocument.activeElement)).toBe(true);
    expect(made.registry.deliveriesIn('failed', 10, 0, 'old-archive')).toHaveLength(3);
  });
});

test.skipIf(!hasChromium)('set aside: why in words, analysed again, and the list is empty', async () => {
  const { site: made, page, complaints } = await start('technologist', { tab: 'set-aside' });
  await shown(page, 'set-aside');
  const words = await text(page, '.aside-card');
  expect(words).toContain('PHẠM MINH TUẤN');
  expect(words).toContain('Send the image again from the device');
  expect(words).toMatch(/tried once$|tried once\b/);
  await eventually(() => page.locator('.rail-link[href="#set-aside"] .rail-number').textContent()).toBe('1');
  await page.getByRole('button', { name: 'Analyse again: PHẠM MINH TUẤN' }).click();
  await page.locator('.ops-empty', { hasText: 'Nothing is set aside' }).waitFor();
  await eventually(() => page.locator('.rail-link[href="#set-aside"] .rail-number').textContent()).toBe('');
  expect(made.registry.setAsideCount()).toBe(0);
  expect(complaints).toEqual([]);
});

describe.skipIf(!hasChromium)('models', () => {
  test('the card is elements, its HTML text, its picture from the model’s folder; shadow models for the admin', async () => {
    const { page, complaints } = await start('admin', { tab: 'models' });
    await shown(page, 'models');
    const card = page.locator('.model-card');
    await card.waitFor();
    await eventually(() => card.innerText()).toContain('<script>alert(1)</script>');
    expect(await card.locator('script, a').count()).toBe(0);
    expect(await card.locator('strong').first().textContent()).toBe('Not a medical device.');
    expect(await card.locator('th').allTextContents()).toEqual(['source and label', 'flagged']);
    expect(await card.locator('td code').textContent()).toBe('films');
    expect([await card.locator('ul li').count(), await card.locator('ol li').count()]).toEqual([2, 2]);
    await eventually(() => card.locator('img').evaluate((img) => (img as unknown as { naturalWidth: number }).naturalWidth)).toBeGreaterThan(0);
    await page.locator('.model-item', { hasText: 'nodule-next' }).click();
    await eventually(() => text(page, '.model-detail')).toContain('Runs in shadow');
    await page.locator('.model-item', { hasText: 'lung-field' }).click();
    await eventually(() => text(page, '.model-detail')).toContain('This model came without a card.');
    expect(complaints).toEqual([]);
  });

  test('switched off with a reason: a reader’s open worklist says so at once, by whom and why; then on again', async () => {
    const { site: made, base, page, complaints } = await start('operator', { tab: 'models' });
    const reader = await openPage(browser());
    await reader.page.goto(`${base}/sign-in?link=${made.auth.issueLink({ name: 'dr.linh', role: 'reader' })}`);
    await reader.page.waitForSelector('tr.row');
    expect(await reader.page.locator('.notice-bar').count()).toBe(0);
    await shown(page, 'models');
    await page.getByRole('button', { name: 'Switch off…' }).first().click();
    await giveReason(page, 'flags everything since the new detector');
    await page.locator('.ops-card', { hasText: 'is switched off since' }).waitFor();
    const notice = reader.page.locator('.notice-bar');
    await notice.waitFor();
    expect(await notice.innerText()).toMatch(/Tuberculosis analysis is switched off since \d\d:\d\d by the-operator: flags everything since the new detector\. New studies are not raised for it; flags given before stay\./);
    await page.getByRole('button', { name: 'Switch on…' }).click();
    await giveReason(page, 'calibrated on site');
    await notice.waitFor({ state: 'detached' });
    await page.locator('.ops-card details summary').first().click();
    await eventually(async () => (await page.locator('.history li').allTextContents()).map((line) => line.replace(/^.*?(?=on,|off,)/, ''))).toEqual(['on, the-operator: calibrated on site', 'off, the-operator: flags everything since the new detector']);
    expect([...complaints, ...reader.complaints]).toEqual([]);
  });
});

describe.skipIf(!hasChromium)('turnaround', () => {
  test('tiles, charts and the same numbers as a table; days of one’s own', async () => {
    const { page, complaints } = await start('technologist', { tab: 'turnaround', options: { history: true } });
    await shown(page, 'turnaround');
    expect((await page.locator('.tile dd').allTextContents()).every((value) => /\d/.test(value))).toBe(true);
    expect(await page.locator('.chart svg').first().getAttribute('aria-label')).toBe('Arrival to flag, By hour of arrival');
    expect(await page.locator('.chart-bar').count()).toBeGreaterThan(10);
    await page.locator('details summary').first().click();
    const table = page.locator('.ops-table').first();
    expect(await table.locator('tbody tr').first().innerText()).toMatch(/^Critical/);
    const median = (await page.locator('.tile dd').first().textContent())!;
    await page.locator('input[type=date]').first().fill('2020-01-01');
    await page.locator('input[type=date]').nth(1).fill('2020-01-02');
    await page.locator('.ops-empty', { hasText: 'Nothing arrived in this time' }).waitFor();
    await page.getByRole('button', { name: '7 days' }).click();
    await eventually(() => page.locator('.tile dd').first().textContent()).toBe(median);
    expect(complaints).toEqual([]);
  });
});

test.skipIf(!hasChromium)('system: what is not in order stands out, in words and with the server’s own', async () => {
  const { page, complaints } = await start('operator', { tab: 'system' });
  await shown(page, 'system');
  expect(await text(page, '.checks .calls')).toMatch(/Audit trail[\s\S]*Entries wait in memory[\s\S]*the audit trail cannot be written/);
  expect(await text(page, '.halves')).toContain('311 GB');
  expect(await text(page, '.ops-table tbody')).toMatch(/4711[\s\S]*tuberculosis 1\.2\.0, nodule 0\.9\.1/);
  expect(await page.locator('.links a').evaluateAll((links) => links.map((link) => (link as unknown as { getAttribute(name: string): string }).getAttribute('href')))).toEqual(['/api/feedback.csv', '/metrics', '/api/openapi.json']);
  expect(complaints).toEqual([]);
});

describe.skipIf(!hasChromium)('for everybody', () => {
  test.each(['dark', 'light'])('axe finds nothing on any tab, %s', async (theme) => {
    const { page } = await start('admin', { settings: { 'firstread.theme': theme }, options: { history: true } });
    for (const tab of TABS) {
      await page.goto(`${page.url().split('#')[0]}#${tab}`);
      await shown(page, tab);
      await page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
      await page.evaluate(AXE);
      // What fades in has too little contrast for a moment: a finding is what stays.
      const found = () => page.evaluate<{ id: string; nodes: string[] }[]>("axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, nodes }) => ({ id, nodes: nodes.slice(0, 3).map(({ html }) => html) })))");
      await eventually(async () => [tab, await found()]).toEqual([tab, []]);
    }
  });

  test('by keyboard: along the rail, into a tab, and the focus is where one went', async () => {
    const { page } = await start('operator');
    await shown(page, 'devices');
    await page.locator('.rail-link[href="#models"]').focus();
    await page.keyboard.press('Enter');
    await shown(page, 'models');
    await eventually(() => page.evaluate('document.activeElement.textContent')).toBe('Models');
    await eventually(() => page.locator('.rail-link[aria-current=page]').textContent()).toContain('Models');
    const chosen = page.locator('.model-item').nth(1);
    await chosen.focus();
    await page.keyboard.press('Enter');
    await eventually(() => page.locator('.model-detail h3').textContent()).toBe('nodule 0.9.1');
    // Made anew by the choice, and the focus is on it all the same.
    await eventually(() => page.evaluate('document.activeElement.textContent')).toContain('nodule 0.9.1');
    await page.goBack();
    await shown(page, 'devices');
  });

  test('a phone: nothing wider than the screen, rows as cards', async () => {
    const { page } = await start('admin', { page: { viewport: { width: 390, height: 844 } }, options: { history: true } });
    for (const tab of TABS) {
      await page.goto(`${page.url().split('#')[0]}#${tab}`);
      await shown(page, tab);
      await eventually(async () => [tab, await page.evaluate<number>('document.documentElement.scrollWidth')]).toEqual([tab, 390]);
      await eventually(async () => [tab, await page.evaluate<boolean>("document.querySelector('.ops-main').scrollWidth <= document.querySelector('.ops-main').clientWidth")]).toEqual([tab, true]);
    }
  });

  test('the server is gone: said, with the age of what is shown; back again: gone by itself', async () => {
    const { page } = await start('operator');
    await shown(page, 'devices');
    await page.context().setOffline(true);
    await page.locator('.offline', { hasText: 'The server does not answer' }).waitFor();
    expect(await page.locator('.ops-table tbody tr').count()).toBeGreaterThan(0);
    await page.context().setOffline(false);
    await page.locator('.offline').waitFor({ state: 'hidden' });
  });
});
