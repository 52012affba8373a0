/** The viewer's desk in a browser: two panes opened and closed and opened, whose study it is, a key held down. Full pictures are played. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { demoSite, drawnChest, type DemoSite } from '../api/demo-site.ts';
import { browserForTests, eventually, hasChromium, openPage, serveSite } from './page-browser.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const RENEW_MS = 45_000;
const SIDE = 96;
let picture: Uint8Array;
let site: DemoSite;
let base: string;
const browser = browserForTests(async () => {
  await site?.close();
});

beforeAll(async () => {
  if (!hasChromium) return;
  if (!existsSync(`${ROOT}dist/viewer/index.html`)) expect(spawnSync(`${ROOT}bin/node24`, [`${ROOT}src/api/viewer/build.ts`]).status).toBe(0);
  picture = await drawnChest();
});

async function start() {
  site = await demoSite({ picture, realClock: true });
  base = await serveSite(site);
}

/** A page of the person's own; everything but the full pictures comes from the real server. */
async function pageOf(name: string): Promise<Page> {
  const { page } = await openPage(browser());
  await page.goto(`${base}/sign-in?link=${site.auth.issueLink({ name, role: 'reader' })}`);
  await page.waitForSelector('tr.row');
  await page.route('**/dicom-web/**', (route) => {
    if (!route.request().url().endsWith('/metadata')) return route.fulfill({ contentType: 'application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1', body: Buffer.from(Array.from({ length: SIDE * SIDE }, (_one, at) => at % 251)) });
    const value = (vr: string, ...values: unknown[]) => ({ vr, Value: values });
    const header = (sopInstanceUid: string) => ({
      '00080018': value('UI', sopInstanceUid), '0020000E': value('UI', '9.9'), '00280002': value('US', 1), '00280004': value('CS', 'MONOCHROME2'), '00280010': value('US', SIDE), '00280011': value('US', SIDE),
      '00280100': value('US', 8), '00280101': value('US', 8), '00280102': value('US', 7), '00280103': value('US', 0),
    });
    return route.fulfill({ contentType: 'application/dicom+json', body: JSON.stringify([header(`${uid()}.1`), header(`${uid()}.2`)]) });
  });
  return page;
}

const uid = () => site.studies[0]!.study.studyInstanceUid;
const viewer = () => `${base}/viewer/?study=${uid()}`;
const stations = (page: Page) => page.locator('.station').evaluateAll((all) => all.map((one) => [one.getAttribute('data-shown'), one.querySelectorAll('.surface-place .surface').length]));
const isPicture = (path: string) => /\/preview$|^\/dicom-web/.test(path);
const toasts = (page: Page) => page.locator('#toasts').innerText();
const toastsAfterRenewal = async (page: Page) => {
  await page.clock.fastForward(RENEW_MS + 1_000);
  return toasts(page);
};
const events = async () => (await site.auditEntries()).filter((entry) => /^study-(claimed|released)$/.test(String(entry['event']))).map(({ event, who, outcome }) => `${String(event)} ${String(who)} ${String(outcome)}`);

/** As another reader would, in a page of their own. */
async function claimAs(name: string, takeOver: boolean): Promise<void> {
  const answer = await site.app.inject({ method: 'POST', url: `/api/studies/${uid()}/claim`, headers: { 'host': 'localhost', 'x-firstread': '1', 'content-type': 'application/json', 'cookie': site.session('reader', name) }, payload: { takeOver } });
  expect(answer.statusCode).toBe(200);
}
const holder = async () => {
  const answer = await site.app.inject({ url: `/api/studies/${uid()}`, headers: { host: 'localhost', cookie: site.session('reader', 'onlooker') } });
  return (JSON.parse(answer.payload) as { row: { claim: { by: string } | null } }).row.claim?.by;
};

describe.skipIf(!hasChromium)('side by side', () => {
  test('on, off and on again: the second picture is there again', async () => {
    await start();
    const page = await pageOf('dr.lan');
    const complaints: string[] = [];
    page.on('pageerror', ({ message }) => void complaints.push(message));
    await page.route(`**/api/studies/${uid()}`, async (route) => {
      const response = await route.fetch();
      const detail = (await response.json()) as { images: { sopInstanceUid: string; fileKey: string }[] };
      await route.fulfill({ response, json: { ...detail, images: [detail.images[0], { ...detail.images[0], sopInstanceUid: `${uid()}.2` }] } });
    });
    await page.goto(viewer());
    await eventually(() => stations(page)).toEqual([['full', 1]]);
    for (let round = 0; round < 2; round += 1) {
      await page.keyboard.press('c');
      await eventually(() => stations(page)).toEqual([['full', 1], ['full', 1]]);
      await page.keyboard.press('c');
      await eventually(() => stations(page)).toEqual([['full', 1]]);
    }
    expect(complaints).toEqual([]);
  });
});

describe.skipIf(!hasChromium)('whose study it is', () => {
  test('asked for before a picture is shown; who takes it over is told, and it can be taken back', async () => {
    await start();
    const page = await pageOf('dr.lan');
    await page.clock.install();
    const asked: string[] = [];
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    page.on('request', (request) => void asked.push(new URL(request.url()).pathname));
    await page.route('**/claim', async (route) => {
      await held;
      await route.continue();
    });
    await page.goto(viewer());
    await eventually(() => asked).toContain('/api/models');
    expect(asked.filter(isPicture)).toEqual([]);
    letGo();
    await page.waitForSelector('.station');
    expect(await holder()).toBe('dr.lan');
    await eventually(() => asked.findIndex(isPicture)).toBeGreaterThan(asked.findIndex((path) => path.endsWith('/claim')));

    await claimAs('dr.linh', true);
    await eventually(() => toastsAfterRenewal(page)).toContain('dr.linh has taken this study over');
    await page.locator('#toasts button').click();
    await eventually(holder).toBe('dr.lan');
    await claimAs('dr.linh', true);
    await eventually(() => toastsAfterRenewal(page)).toContain('dr.linh has taken this study over');
  });

  test('another reader has it already: said, shown, not taken away and not given back for them', async () => {
    await start();
    await claimAs('dr.linh', false);
    const page = await pageOf('dr.lan');
    await page.goto(viewer());
    await eventually(() => toasts(page)).toContain('dr.linh has had this study open for');
    await page.waitForSelector('.station');
    expect(await holder()).toBe('dr.linh');
    await page.goto(`${base}/icon.svg`);
    expect(await holder()).toBe('dr.linh');
  });

  test('from the list to the viewer and back it stays in one hand; left for elsewhere it is given back', async () => {
    await start();
    const page = await pageOf('dr.lan');
    await page.goto(`${base}/#study=${uid()}`);
    await page.waitForSelector('.panel:not([hidden]) h2');
    await eventually(holder).toBe('dr.lan');
    await page.keyboard.press('f');
    await page.waitForSelector('.station');
    await page.keyboard.press('Escape');
    await page.waitForSelector('.panel:not([hidden]) h2');
    await page.keyboard.press('f');
    await page.waitForSelector('.station');
    await page.locator('a.back').click();
    await page.waitForSelector('.panel:not([hidden]) h2');
    await page.keyboard.press('f');
    await page.waitForSelector('.station');
    expect(await events()).toEqual(['study-claimed dr.lan done']);
    await page.goto(`${base}/icon.svg`);
    await eventually(events).toEqual(['study-claimed dr.lan done', 'study-released dr.lan done']);
  });
});

describe.skipIf(!hasChromium)('a key held down', () => {
  test('r is asked once, also by a second press before the answer', async () => {
    await start();
    const page = await pageOf('dr.lan');
    await page.goto(viewer());
    await page.waitForSelector('.station');
    const asked: string[] = [];
    page.on('request', (request) => void (request.url().endsWith('/read') && asked.push(request.url())));
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    await page.route('**/read', async (route) => {
      await held;
      await route.continue();
    });
    for (let at = 0; at < 3; at += 1) await page.keyboard.down('r');
    await page.keyboard.up('r');
    await page.keyboard.press('r');
    const fence = page.waitForRequest('**/fence');
    await page.evaluate("void fetch('/fence').catch(() => undefined)");
    await fence;
    expect(asked).toHaveLength(1);
    letGo();
    await page.waitForSelector('tr.row');
    expect(site.registry.study(uid())?.readBy).toBe('dr.lan');
  });
});
