/** The reduced picture beside the list in a real browser: tools, overlay, states; its geometry to the pixel. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { demoSite, drawnChest, type DemoSite } from '../api/demo-site.ts';
import { browserForTests, eventually, frames, hasChromium, openPage, serveSite, signIn, together } from './page-browser.ts';
import { SHOWN_WAIT_MS, TEST_WAIT_MS } from './viewer-site.ts';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
/** The demo's nodule: 190 × 180 at (700, 1180) of 2400 × 2800. */
const BOX = { x: 700, y: 1180, width: 190, height: 180 };
const FILM = { columns: 2400, rows: 2800 };
const PX = 2;

let picture: Uint8Array;
let site: DemoSite | undefined;
const browser = browserForTests(async () => {
  await site?.close();
  site = undefined;
});

interface Box { readonly x: number; readonly y: number; readonly width: number; readonly height: number }

async function open(patient: string, options: Parameters<typeof openPage>[1] = {}): Promise<{ page: Page; complaints: string[]; site: DemoSite }> {
  site = await demoSite({ picture, realClock: true });
  const base = await serveSite(site);
  const { page, complaints } = await openPage(browser(), options);
  await signIn(page, site, base);
  await page.locator('tr.row', { hasText: patient }).click();
  await page.waitForSelector('.picture[data-shown="reduced"]');
  await frames(page);
  return { page, complaints, site };
}

const press = async (page: Page, ...keys: string[]): Promise<void> => {
  for (const key of keys) await page.keyboard.press(key);
  await frames(page);
};
const boxOf = async (page: Page, selector: string): Promise<Box> => (await page.locator(selector).first().boundingBox())!;
/** Where the drawn mark is: its points, not its stroke. */
const markOf = (page: Page): Promise<Box> => page.evaluate<Box>(`(() => {
  const polygon = document.querySelector('.overlay polygon.box');
  const at = polygon.ownerSVGElement.getBoundingClientRect();
  const points = polygon.getAttribute('points').split(' ').map((point) => point.split(',').map(Number));
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  return { x: at.x + Math.min(...xs), y: at.y + Math.min(...ys), width: Math.max(...xs) - Math.min(...xs), height: Math.max(...ys) - Math.min(...ys) };
})()`);
const near = (seen: Box, wanted: Box): void => {
  for (const side of ['x', 'y', 'width', 'height'] as const) expect(Math.abs(seen[side] - wanted[side]), `${side}: ${JSON.stringify({ seen, wanted })}`).toBeLessThan(PX);
};
const filterOf = (page: Page) => page.evaluate<string>("document.querySelector('.surface img').style.filter");

vi.setConfig({ testTimeout: TEST_WAIT_MS, hookTimeout: TEST_WAIT_MS });

describe.skipIf(!hasChromium)('the reduced picture', () => {
  beforeAll(async () => {
    picture = await drawnChest();
  });

  test('the mark stays on its place under zoom, turn and mirror', async () => {
    const { page } = await open('TRẦN QUỐC BẢO');
    /** As fractions of the picture as it is shown after mirror and turns. */
    const expected = async (place: (x: number, y: number, w: number, h: number) => readonly [number, number, number, number]): Promise<Box> => {
      const img = await boxOf(page, '.surface img');
      const [x, y, w, h] = place(BOX.x / FILM.columns, BOX.y / FILM.rows, BOX.width / FILM.columns, BOX.height / FILM.rows);
      return { x: img.x + x * img.width, y: img.y + y * img.height, width: w * img.width, height: h * img.height };
    };
    const marked = (place: Parameters<typeof expected>[0]) => together(async () => near(await markOf(page), await expected(place)));
    await together(async () => {
      const { width, height } = await boxOf(page, '.surface img');
      expect(Math.abs(width / height - FILM.columns / FILM.rows)).toBeLessThan(0.01);
    });
    const img = await boxOf(page, '.surface img');
    await marked((x, y, w, h) => [x, y, w, h]);

    const pane = await boxOf(page, '.panel .pane');
    await page.mouse.move(pane.x + pane.width * 0.4, pane.y + pane.height * 0.45);
    await page.mouse.wheel(0, -400);
    await eventually(async () => (await boxOf(page, '.surface img')).width).toBeGreaterThan(1.3 * img.width);
    await marked((x, y, w, h) => [x, y, w, h]);

    await press(page, '0', 't');
    await marked((x, y, w, h) => [1 - y - h, x, h, w]);
    await eventually(() => page.locator('.burn.turned').textContent()).toBe('Turned 90°');
    await press(page, 'h');
    await marked((x, y, w, h) => [y, x, h, w]);
    await eventually(() => page.locator('.burn.turned').textContent()).toContain('Mirrored');
    await press(page, 'x', 'v');
    await marked((x, y, w, h) => [x, 1 - y - h, w, h]);
    await press(page, 'x');
    await eventually(() => page.locator('.burn.turned').isHidden()).toBe(true);
    await marked((x, y, w, h) => [x, y, w, h]);
  });

  test('one to one is one stored pixel on one of the screen; fit shows all of it again', async () => {
    const { page } = await open('TRẦN QUỐC BẢO');
    await press(page, '1');
    await eventually(async () => Math.abs((await boxOf(page, '.surface img')).width - FILM.columns)).toBeLessThan(PX);
    await press(page, '0');
    await eventually(async () => Math.abs((await boxOf(page, '.surface img')).height - (await boxOf(page, '.panel .pane')).height)).toBeLessThan(PX);
  });

  test('window and level by drag, keys and presets; inverted; the picture itself is fetched once and stays as it is', async () => {
    const { page } = await open('LÊ THỊ HOA');
    let fetched = 0;
    page.on('request', (request) => void (/instances\/.*preview/.test(request.url()) && (fetched += 1)));
    expect(await filterOf(page)).toBe('');
    const pane = await boxOf(page, '.panel .pane');
    const middle = async (): Promise<number> => {
      const shot = await page.screenshot({ clip: { x: pane.x + pane.width * 0.3, y: pane.y + pane.height * 0.4, width: 8, height: 8 } });
      const { default: sharp } = await import('sharp');
      return (await sharp(shot).greyscale().stats()).channels[0]!.mean;
    };
    await press(page, 'o');
    await eventually(() => page.locator('.panel .overlay-layer').isHidden()).toBe(true);
    const before = await middle();
    await page.mouse.move(pane.x + 200, pane.y + 200);
    await page.mouse.down();
    await page.mouse.move(pane.x + 200, pane.y + 330, { steps: 4 });
    await page.mouse.up();
    await eventually(() => filterOf(page)).toContain('url');
    await eventually(middle).toBeLessThan(before);
    await eventually(() => page.locator('.presets').inputValue()).toBe('');
    await press(page, '2');
    await eventually(() => filterOf(page)).toBe('');
    await eventually(async () => Math.abs((await middle()) - before)).toBeLessThan(2);
    await press(page, 'i');
    await eventually(async () => Math.abs((await middle()) - (255 - before))).toBeLessThan(4);
    await press(page, 'i', '3');
    await eventually(() => page.locator('.presets').inputValue()).toBe('1');
    await eventually(middle).toBeGreaterThan(before);
    await press(page, ']', '{');
    await eventually(() => page.locator('.presets').inputValue()).toBe('');
    expect(fetched).toBe(0);
  });

  test('labels: score beside threshold, legible, over neither each other nor the edge', async () => {
    const { page } = await open('LÊ THỊ HOA');
    const labels = () => page.locator('.overlay .mark-label').evaluateAll((all) => all.map((one) => (one as unknown as { getBoundingClientRect(): Box }).getBoundingClientRect()).map(({ x, y, width, height }) => ({ x, y, width, height })));
    await eventually(() => page.locator('.overlay .mark-label text').allTextContents()).toEqual(['TB 91 ≥ 42']);
    for (const keys of [[], ['t'], ['h'], ['+', '+'], ['z']]) {
      await press(page, 'x', ...keys);
      await together(async () => {
        const pane = await boxOf(page, '.panel .pane');
        for (const label of await labels()) {
          expect(label.x).toBeGreaterThanOrEqual(pane.x);
          expect(label.y).toBeGreaterThanOrEqual(pane.y);
          expect(label.x + label.width).toBeLessThanOrEqual(pane.x + pane.width);
          expect(label.y + label.height).toBeLessThanOrEqual(pane.y + pane.height);
        }
      });
    }
  });

  test('on a phone two fingers zoom and one moves', async () => {
    const { page } = await open('TRẦN QUỐC BẢO', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    const before = await boxOf(page, '.surface img');
    const pane = await boxOf(page, '.panel .pane');
    const [x, y] = [pane.x + pane.width / 2, pane.y + pane.height / 2];
    const client = await page.context().newCDPSession(page);
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', points: readonly (readonly [number, number])[]) =>
      client.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(([px, py], id) => ({ x: px, y: py, id })) });
    await touch('touchStart', [[x - 30, y], [x + 30, y]]);
    for (const reach of [45, 60, 75, 90]) await touch('touchMove', [[x - reach, y], [x + reach, y]]);
    await touch('touchEnd', []);
    await eventually(async () => (await boxOf(page, '.surface img')).width / before.width).toBeGreaterThan(2);
    await frames(page);
    const zoomed = await boxOf(page, '.surface img');
    await touch('touchStart', [[x, y]]);
    for (const by of [15, 30, 45]) await touch('touchMove', [[x + by, y + by]]);
    await touch('touchEnd', []);
    await together(async () => {
      const moved = await boxOf(page, '.surface img');
      expect(moved.x - zoomed.x).toBeGreaterThan(20);
      expect(moved.y - zoomed.y).toBeGreaterThan(20);
    });
    await eventually(() => page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  });

  test('the next film is fetched ahead: opening it asks for no picture; no jump while it comes', async () => {
    const { page, site: { audit: _audit, ...rest } } = await open('LÊ THỊ HOA');
    // Fetched to its last byte, and drawable.
    await eventually(() => page.evaluate<number>("performance.getEntriesByType('resource').filter(({ name }) => /studies\\/.*\\/preview/.test(name)).length")).toBe(1);
    await frames(page);
    const asked: string[] = [];
    page.on('request', (request) => void (request.url().includes('/preview') && asked.push(request.url())));
    const frame = await boxOf(page, '.panel .frame');
    await page.keyboard.press('j');
    await page.waitForSelector('.picture[data-shown="reduced"]');
    await expect.poll(() => page.locator('.panel h2').textContent(), { timeout: SHOWN_WAIT_MS }).not.toContain('HOA');
    expect(asked.filter((url) => url.includes('/instances/'))).toEqual([]);
    await eventually(async () => Math.abs((await boxOf(page, '.panel .frame')).height - frame.height)).toBeLessThan(1);
    // What was handed out was noted, opened or not.
    await eventually(async () => (await rest.auditEntries()).filter((entry) => entry['event'] === 'picture-viewed').length).toBeGreaterThanOrEqual(2);
  });

  test.each([['gone', 'instance-missing', 'The file is gone'], ['no preview', 'not-found', 'No picture yet']])('%s: said, with what to do', async (_what, code, words) => {
    site = await demoSite({ picture, realClock: true });
    const base = await serveSite(site);
    const { page } = await openPage(browser());
    await page.route('**/preview', (route) => route.fulfill({ status: 404, contentType: 'application/json', body: JSON.stringify({ error: { code, message: '', requestId: '' } }) }));
    await signIn(page, site, base);
    await page.locator('tr.row').nth(1).click();
    await page.waitForSelector('.no-picture:not([hidden])');
    await eventually(() => page.locator('.no-picture').innerText()).toContain(words);
  });

  test('not analysed yet, and could not be analysed: what is said and what to do', async () => {
    const { page } = await open('LÊ THỊ HOA');
    await page.route('**/preview', (route) => route.fulfill({ status: 404, contentType: 'application/json', body: '{"error":{"code":"not-found","message":"","requestId":""}}' }));
    await page.locator('tr.row', { hasText: 'ĐỖ THỊ LAN' }).click();
    await expect.poll(() => page.locator('.no-picture').innerText(), { timeout: SHOWN_WAIT_MS }).toContain('Not analysed yet');
    await page.locator('tr.row', { hasText: 'PHẠM MINH TUẤN' }).click();
    await expect.poll(() => page.locator('.no-picture').innerText(), { timeout: SHOWN_WAIT_MS }).toContain('Send it again from the device');
    await eventually(() => page.locator('.verdict').innerText()).toContain('Send it again from the device');
  });

  test.each([['dark'], ['light']])('axe finds nothing serious in the %s panel, and everything has a name', async (theme) => {
    const { page } = await open('LÊ THỊ HOA');
    await page.evaluate(`document.documentElement.dataset.theme = '${theme}'`);
    await page.evaluate(readFileSync(AXE, 'utf8'));
    const found = () => page.evaluate<{ id: string; impact: string; nodes: { html: string }[] }[]>("axe.run('.panel', { resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map(({ html }) => ({ html })) })))");
    await eventually(async () => (await found()).filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([]);
  });

  test('in Vietnamese no English is left on the panel', async () => {
    const { page } = await open('LÊ THỊ HOA');
    await page.evaluate("localStorage.setItem('firstread.language', 'vi')");
    await page.reload();
    await page.waitForSelector('.picture[data-shown="reduced"]');
    await eventually(() => page.locator('.panel').innerText()).toContain('Độ phân giải đầy đủ');
    expect(await page.locator('.panel').innerText()).not.toMatch(/threshold|Overlay|Scores|Journal|Reduced|Full resolution|panel\.|tool\./);
  });
});
