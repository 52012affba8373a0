/** What a hand does without meaning it: a key held down, a mouse left lying. Neither marks nor opens what nobody has looked at. */
import type { Page } from 'playwright-core';
import { describe, expect, test, vi } from 'vitest';
import { demoSite, type DemoSite } from '../api/demo-site.ts';
import { DEMO_CASES, demoStudy } from '../api/demo-studies.ts';
import { browserForTests, eventually, frames, hasChromium, openPage, serveSite } from './page-browser.ts';

vi.setConfig({ testTimeout: 300_000 });
let site: DemoSite;
const browser = browserForTests(async () => {
  await site?.close();
});

async function open(count: number, script = '') {
  site = await demoSite({ realClock: true, studies: DEMO_CASES.slice(0, count).map((one, index) => demoStudy(one, index, Date.now())) });
  const base = await serveSite(site);
  const { page } = await openPage(browser());
  await page.addInitScript(script);
  await page.goto(`${base}/sign-in?link=${site.auth.issueLink({ name: 'dr.linh', role: 'reader' })}`);
  await page.waitForSelector('tr.row');
  return page;
}

const names = (page: Page) => page.locator('tr.row .name').allTextContents();
const openName = (page: Page) => page.locator('.panel:not([hidden]) h2 bdi').textContent();

/** What the page has asked for so far has been reported to us: requests are, in their order. */
async function everythingAsked(page: Page): Promise<void> {
  const [reported] = [page.waitForRequest('**/fence'), await page.evaluate("void fetch('/fence').catch(() => undefined)")];
  await reported;
}

/** What the page has asked to be done to studies, in order. */
function watchDeeds(page: Page) {
  const deeds: string[] = [];
  page.on('request', (request) => void (/\/(read|unread|prioritise)$/.test(request.url()) && deeds.push(request.url().split('/').at(-1)!)));
  return {
    async all() {
      await everythingAsked(page);
      return deeds;
    },
  };
}

describe.skipIf(!hasChromium)('a key held down', () => {
  test('r marks the one study that was looked at, s sets STAT once; j goes on', async () => {
    const page = await open(6);
    const order = await names(page);
    const deeds = watchDeeds(page);
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await eventually(() => openName(page)).toBe(order[0]);
    await page.keyboard.down('r');
    await eventually(() => openName(page)).toBe(order[1]);
    for (let at = 0; at < 3; at += 1) await page.keyboard.down('r');
    await page.keyboard.up('r');
    expect(await deeds.all()).toEqual(['read']);
    expect(await openName(page)).toBe(order[1]);

    await page.keyboard.down('s');
    await eventually(() => page.locator('.panel [data-keep=prioritise]').textContent()).toContain('Clear STAT');
    for (let at = 0; at < 3; at += 1) await page.keyboard.down('s');
    await page.keyboard.up('s');
    expect(await deeds.all()).toEqual(['read', 'prioritise']);

    await page.keyboard.press('Escape');
    await page.keyboard.press('Home');
    for (let at = 0; at < 3; at += 1) await page.keyboard.down('j');
    await page.keyboard.up('j');
    await eventually(() => page.evaluate<string>("document.activeElement.closest('tr.row').querySelector('.rank').textContent")).toBe('4');
  });

  test('pressed twice before the server has answered, a thing is asked for once', async () => {
    const page = await open(3);
    const deeds = watchDeeds(page);
    let answer = (): void => undefined;
    const held = new Promise<void>((resolve) => (answer = resolve));
    await page.route('**/prioritise', async (route) => {
      await held;
      await route.continue();
    });
    await page.keyboard.press('j');
    await page.keyboard.press('s');
    await page.keyboard.press('s');
    expect(await deeds.all()).toEqual(['prioritise']);
    answer();
    await page.waitForSelector('.toast');
  });
});

/** The page's own clock stands still unless a test lets it go on: neither rest nor reflex depends on the machine's haste. */
const STANDING_CLOCK = 'let pageMs = 1_000_000; performance.now = () => pageMs; globalThis.later = (ms) => void (pageMs += ms);';
const REST_MS = 9_000;
const REFLEX_MS = 500;

describe.skipIf(!hasChromium)('a mouse left lying on the list', () => {
  const SPOT = { x: 500, y: 400 };
  async function rest(page: Page): Promise<string> {
    await page.mouse.move(SPOT.x, SPOT.y);
    await eventually(() => under(page)).toBeDefined();
    await page.evaluate(`later(${REST_MS})`);
    return (await under(page))!;
  }
  const under = (page: Page) => page.evaluate<string | undefined>(`document.elementFromPoint(${SPOT.x}, ${SPOT.y})?.closest('tr.row')?.querySelector('.name').textContent`);
  const count = (page: Page) => page.locator('.tab').first().locator('.number').textContent();
  const still = async (page: Page) => {
    await eventually(() => page.locator('tbody.gliding').count()).toBe(0);
    await frames(page);
  };
  const clickWhereItLies = async (page: Page) => {
    await page.mouse.down();
    await page.mouse.up();
  };
  async function readElsewhere(name: string): Promise<void> {
    const { studyInstanceUid } = site.studies.find(({ facts }) => facts.patientName?.replace('^', ' ') === name)!.study;
    const answer = await site.app.inject({ method: 'POST', url: `/api/studies/${studyInstanceUid}/read`, headers: { 'host': 'localhost', 'x-firstread': '1', 'cookie': site.session('reader', 'dr.lan') } });
    expect(answer.statusCode).toBe(200);
  }

  test('what comes in above moves the list, not the row under it', async () => {
    const page = await open(DEMO_CASES.length, STANDING_CLOCK);
    const rows = () => page.locator('.worklist').getAttribute('aria-rowcount');
    const before = Number(await rows());
    const name = await rest(page);
    site.add(demoStudy({ ...DEMO_CASES[0]!, name: 'MỚI^ĐẾN' }, 90, Date.now()));
    site.live.everythingChanged();
    await eventually(rows).toBe(String(before + 1));
    await still(page);
    expect(await under(page)).toBe(name);
    await eventually(() => page.locator('.held:not([hidden]) .pill').innerText()).toContain('above');
  });

  test('where the row cannot be kept under it, the other one that came there is not opened by a click already on its way', async () => {
    const page = await open(DEMO_CASES.length, STANDING_CLOCK);
    const order = await names(page);
    const asked: string[] = [];
    page.on('request', (request) => void (/\/api\/studies\/[\d.]+$/.test(request.url()) && asked.push(request.url())));
    const opened = async () => (await everythingAsked(page), asked.length);
    const shown = await count(page);
    const name = await rest(page);
    await readElsewhere(order[0]!);
    await eventually(() => count(page)).not.toBe(shown);
    await eventually(() => under(page)).not.toBe(name);
    await clickWhereItLies(page);
    expect(await opened()).toBe(0);

    // By the reader's own key as well: the mouse lies where it lay.
    await page.evaluate(`later(${REST_MS})`);
    await still(page);
    const second = await under(page);
    await page.keyboard.press('Home');
    await page.keyboard.press('u');
    await page.waitForSelector('.toast');
    await eventually(() => under(page)).not.toBe(second);
    await clickWhereItLies(page);
    expect(await opened()).toBe(0);

    await page.evaluate(`later(${REFLEX_MS})`);
    await still(page);
    const third = await under(page);
    await clickWhereItLies(page);
    await eventually(() => openName(page)).toBe(third);
  });
});
