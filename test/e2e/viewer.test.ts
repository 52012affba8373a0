/**
 * The full viewer against a real hub: full resolution with progress and a way to stop, side by side with an earlier
 * study, lengths, films of every size, a vanished file, a machine without WebGL.
 */
import { readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { needPeer } from '../peers/need-peer.ts';
import { eventually, frames, openBrowser, openPage, together } from './page-browser.ts';
import { sopUidOf, studyUidOf, type Film } from './viewer-films.ts';
import { compare, NO_WEBGL, pictureOnScreen, SHOWN_WAIT_MS, TEST_WAIT_MS, viewerSite, type ViewerSite } from './viewer-site.ts';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const hasChromium = needPeer('chromium');
const size = { rows: 640, columns: 512 };
const patient = { PatientID: 'V-ONE', PatientName: 'PHIM^CHUNG' };
const FILMS: readonly Film[] = [
  { key: 'now', studyKey: 'pair', ...size, elements: { ...patient, ImagerPixelSpacing: [0.2, 0.2] } },
  { key: 'side', studyKey: 'pair', ...size, elements: { ...patient, ViewPosition: 'LL', PixelSpacing: [0.18, 0.18], ImagerPixelSpacing: [0.2, 0.2] } },
  { key: 'before', ...size, elements: { ...patient, StudyDate: '20250312' } },
  { key: 'dot', rows: 1, columns: 1, bitsStored: 8 },
  { key: 'wide', rows: 90, columns: 1800 },
  { key: 'tall', rows: 1800, columns: 90 },
  { key: 'vanishing', ...size },
];

let browser: Browser;
let site: ViewerSite;
let cookies: Awaited<ReturnType<ReturnType<Page['context']>['cookies']>>;

async function newPage(options: Parameters<typeof openPage>[1] = {}): Promise<{ page: Page; complaints: string[] }> {
  const opened = await openPage(browser, options);
  await opened.page.context().addCookies(cookies);
  return opened;
}
const address = (key: string, more = '') => `${site.hub.httpUrl}/viewer/?study=${studyUidOf(key)}${more}`;
const full = (page: Page, at = 0) => page.locator('.station').nth(at).and(page.locator('[data-shown="full"]')).waitFor({ timeout: SHOWN_WAIT_MS });
const words = (page: Page, at = 0) => page.locator('.station .words').nth(at).textContent();

vi.setConfig({ testTimeout: TEST_WAIT_MS, hookTimeout: TEST_WAIT_MS });

describe.skipIf(!hasChromium)('the full viewer', () => {
  beforeAll(async () => {
    [browser, site] = await Promise.all([openBrowser(), viewerSite(FILMS)]);
    const { page } = await openPage(browser);
    await page.goto(site.hub.link);
    await page.waitForSelector('tr.row');
    cookies = await page.context().cookies();
    await page.context().close();
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });
  afterEach(async () => {
    for (const context of browser?.contexts() ?? []) await context.close();
  });

  test('f opens it from the list; the reduced picture is there first; all stored bits after it; Escape goes back', async () => {
    const { page, complaints } = await newPage();
    await page.goto(`${site.hub.httpUrl}/#study=${studyUidOf('before')}`);
    await page.waitForSelector('.picture[data-shown="reduced"]');
    let letGo: () => void = () => undefined;
    await page.route('**/frames/1', async (route) => {
      await new Promise<void>((done) => (letGo = done));
      await route.continue();
    });
    await page.keyboard.press('f');
    await page.waitForURL('**/viewer/?study=*');
    await page.waitForSelector('.station[data-shown="loading"] .surface img');
    await expect.poll(() => page.evaluate<number>("document.querySelector('.station .surface img')?.naturalWidth ?? 0"), { timeout: SHOWN_WAIT_MS }).toBeGreaterThan(0);
    await eventually(() => page.locator('.progress').isVisible()).toBe(true);
    await expect.poll(() => { letGo(); return page.locator('.station[data-shown="full"]').count(); }, { timeout: SHOWN_WAIT_MS }).toBe(1);
    await eventually(() => words(page)).toMatch(/Full resolution, 12 bits, 512 × 640 · W 409\d · C 20\d\d/);
    await eventually(() => page.locator('.side.at-left').textContent()).toBe('R');
    await page.keyboard.press('h');
    await eventually(() => page.locator('.side.at-left').textContent()).toBe('L');
    await page.keyboard.press('Escape');
    await page.waitForSelector('.panel .picture[data-shown="reduced"]');
    await eventually(() => page.url()).toContain(studyUidOf('before'));
    expect(complaints).toEqual([]);
  });

  test('loading can be stopped, and begun again', async () => {
    const { page } = await newPage();
    let asked = 0;
    await page.route('**/frames/1', async (route) => {
      asked += 1;
      if (asked > 1) await route.continue();
    });
    await page.goto(address('before'));
    await expect.poll(() => asked, { timeout: SHOWN_WAIT_MS }).toBe(1);
    await page.locator('.progress button').click();
    await page.waitForSelector('.station[data-shown="reduced"]');
    await eventually(() => words(page)).toContain('Cancelled');
    await page.keyboard.press('f');
    await full(page);
    expect(asked).toBe(2);
  });

  test('both views and the earlier film side by side; zoom together only when asked', async () => {
    const { page, complaints } = await newPage({ viewport: { width: 1920, height: 1080 } });
    await page.goto(address('pair', `&prior=${studyUidOf('before')}`));
    await full(page, 0);
    await full(page, 1);
    await eventually(() => page.locator('.pick').first().locator('option').allTextContents()).toEqual([expect.any(String), expect.any(String), expect.stringMatching(/Earlier study of 12 Mar 2025/)]);
    await eventually(() => page.locator('.pick').nth(1).inputValue()).toBe(sopUidOf('before'));
    const zooms = async () => (await page.locator('.station .words').allTextContents()).map((one) => Number(/(\d+) %$/.exec(one)![1]));
    const [first, second] = await zooms();
    await page.keyboard.press('+');
    await eventually(async () => (await zooms())[0]).toBeGreaterThan(first!);
    await frames(page);
    expect((await zooms())[1]).toBe(second);
    await page.keyboard.press('y');
    await page.keyboard.press('+');
    await together(async () => {
      const [left, right] = await zooms();
      expect(right).toBeGreaterThan(second!);
      expect(Math.abs(left! - right!)).toBeLessThanOrEqual(1);
    });
    await page.keyboard.press('c');
    await expect.poll(() => page.locator('.station').count(), { timeout: SHOWN_WAIT_MS }).toBe(1);
    expect(complaints).toEqual([]);
  });

  test('lengths: at the detector is said; calibrated is millimetres; without spacing they are pixels', async () => {
    const { page } = await newPage();
    const measure = async (): Promise<string> => {
      const pane = (await page.locator('.station .pane').boundingBox())!;
      await page.keyboard.press('m');
      await page.mouse.move(pane.x + pane.width / 2 - 100, pane.y + pane.height / 2);
      await page.mouse.down();
      await page.mouse.move(pane.x + pane.width / 2 + 100, pane.y + pane.height / 2, { steps: 3 });
      await page.mouse.up();
      await frames(page);
      return (await page.locator('.lengths text').textContent())!;
    };
    await page.goto(address('pair'));
    await full(page);
    await page.locator('.pick').selectOption(sopUidOf('now'));
    await full(page);
    const percent = Number(/(\d+) %$/.exec((await words(page))!)![1]) / 100;
    const atDetector = await measure();
    expect(atDetector).toContain('at the detector, not calibrated');
    expect(Math.abs(Number(/[\d.]+/.exec(atDetector)![0]) / ((200 / percent) * 0.2) - 1)).toBeLessThan(0.02);
    await page.keyboard.press('m');
    await page.locator('.pick').selectOption(sopUidOf('side'));
    await full(page);
    await eventually(() => page.locator('.lengths text').count()).toBe(0);
    expect(await measure()).toMatch(/^[\d.]+ mm$/);
    await page.keyboard.press('Delete');
    await eventually(() => page.locator('.lengths text').count()).toBe(0);
    await page.goto(address('before'));
    await full(page);
    expect(await measure()).toMatch(/px, no spacing known/);
  });

  test('without WebGL it is drawn on a canvas: the same picture on the same place, turned and mirrored too', async () => {
    const [{ page: gpu }, { page: canvas }] = [await newPage(), await newPage()];
    await canvas.addInitScript(NO_WEBGL);
    for (const page of [gpu, canvas]) {
      await page.goto(address('before'));
      await full(page);
    }
    await eventually(() => words(canvas)).toContain('without the graphics card');
    expect(await words(gpu)).not.toContain('without the graphics card');
    for (const keys of [[], ['t'], ['h'], ['v'], ['t', 'h'], ['i']]) {
      for (const page of [gpu, canvas]) for (const key of ['x', ...keys]) await page.keyboard.press(key);
      // Each draws when its own frame comes.
      await together(async () => {
        const [one, other] = [await pictureOnScreen(gpu, '.station .pane'), await pictureOnScreen(canvas, '.station .pane')];
        const match = await compare(one, other);
        expect(match.correlation, `${keys.join()} ${JSON.stringify(match)}`).toBeGreaterThan(0.99);
        // The canvas lies by the very matrix that places the marks.
        for (const side of ['left', 'top', 'width', 'height'] as const) expect(Math.abs(one[side] - other[side]), `${keys.join()} ${side}`).toBeLessThanOrEqual(2);
      });
    }
  });

  test('a graphics card that is there and does not draw: on a canvas too', async () => {
    const { page } = await newPage();
    // The browser has said what the card can do; then the driver is gone.
    await page.addInitScript("HTMLCanvasElement.prototype.getContext = ((original) => function (kind, ...rest) { return /webgl/.test(kind) && (globalThis.asked = (globalThis.asked ?? 0) + 1) > 1 ? null : original.call(this, kind, ...rest); })(HTMLCanvasElement.prototype.getContext);");
    await page.goto(address('before'));
    await full(page);
    await eventually(() => words(page)).toContain('without the graphics card');
    expect(await page.locator('.station .surface').count()).toBe(1);
    await together(async () => expect((await pictureOnScreen(page, '.station .pane')).aspect).toBeGreaterThan(0.1));
  });

  test.each([['wide', 1800, 90], ['tall', 90, 1800], ['dot', 1, 1]])('%s: %i × %i is shown whole', async (key, columns, rows) => {
    const { page, complaints } = await newPage();
    await page.goto(address(key));
    await full(page);
    await eventually(() => words(page)).toContain(`${columns} × ${rows}`);
    if (key !== 'dot') await eventually(async () => Math.abs((await pictureOnScreen(page, '.station .pane')).aspect / (columns / rows) - 1)).toBeLessThan(0.06);
    expect(complaints.filter((one) => !/404/.test(one))).toEqual([]);
  });

  test('a file that vanished: said in words, the reduced picture stays', async () => {
    const { page } = await newPage();
    const study = (await (await site.hub.api(`/api/studies/${studyUidOf('vanishing')}`)).json()) as { images: { fileKey: string }[] };
    const { fileKey } = study.images[0]!;
    rmSync(join(site.hub.data, 'spool', 'instances', fileKey.slice(0, 2), `${fileKey}.dcm`));
    await page.goto(address('vanishing'));
    await expect.poll(() => words(page), { timeout: SHOWN_WAIT_MS }).toContain('the file is gone');
    await eventually(() => page.locator('.station').getAttribute('data-shown')).toBe('reduced');
    await eventually(() => page.evaluate<number>("document.querySelector('.station .surface img').naturalWidth")).toBeGreaterThan(0);
  });

  test('nobody signed in, no study, another study: said, and no patient', async () => {
    const { page } = await openPage(browser);
    await page.goto(address('pair'));
    await expect.poll(() => page.locator('#app').innerText(), { timeout: SHOWN_WAIT_MS }).toContain('Sign in first');
    expect(await page.locator('#app').innerText()).not.toContain('PHIM');
    const { page: second } = await newPage();
    await second.goto(`${site.hub.httpUrl}/viewer/?study=<b>`);
    await expect.poll(() => second.locator('#app').innerText(), { timeout: SHOWN_WAIT_MS }).toContain('No study is named');
    await second.goto(`${site.hub.httpUrl}/viewer/?study=1.2.3`);
    await expect.poll(() => second.locator('#app').innerText(), { timeout: SHOWN_WAIT_MS }).toContain('not there any more');
  });

  test('only the viewer may compile WebAssembly, and only its own scripts run there', async () => {
    const policy = async (path: string): Promise<string> => (await fetch(`${site.hub.httpUrl}${path}`)).headers.get('content-security-policy') ?? '';
    expect(await policy('/viewer/')).toContain("'wasm-unsafe-eval'");
    expect(await policy('/viewer/')).toContain("worker-src 'self'");
    expect(await policy('/viewer/')).toContain('trusted-types default');
    expect(await policy('/viewer/')).not.toMatch(/'unsafe-(inline|eval)'/);
    expect(await policy('/')).not.toContain('wasm');
    const { headers } = await fetch(`${site.hub.httpUrl}/viewer/`, { method: 'GET' });
    expect(headers.get('cache-control')).toBe('no-cache');
  });

  test.each([['1366 × 768', 1366, 768], ['phone', 390, 844]])('%s: axe finds nothing serious; nothing sticks out', async (_what, width, height) => {
    const { page } = await newPage({ viewport: { width, height } });
    await page.goto(address('pair'));
    await full(page);
    await page.evaluate(readFileSync(AXE, 'utf8'));
    const found = () => page.evaluate<{ id: string; impact: string; nodes: string[] }[]>("axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map(({ html }) => html) })))");
    await eventually(async () => (await found()).filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([]);
    await eventually(() => page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth && document.documentElement.scrollHeight <= innerHeight')).toBe(true);
  });
});
