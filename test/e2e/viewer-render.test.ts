/**
 * Orientation, polarity and shape on the screen, of the reduced picture and of full resolution, against DCMTK's renderer;
 * the file's windows, sigmoids and VOI LUT tables; and every transfer syntax that the hub takes shows the same picture.
 */
import { spawnSync } from 'node:child_process';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { needPeer } from '../peers/need-peer.ts';
import { openBrowser, openPage, together } from './page-browser.ts';
import { studyUidOf, type Film } from './viewer-films.ts';
import { compare, NO_WEBGL, pictureOnScreen, SHOWN_WAIT_MS, TEST_WAIT_MS, viewerSite, type Grey, type ViewerSite } from './viewer-site.ts';

const hasPeers = needPeer('chromium') && needPeer('dcm2pnm');
const size = { rows: 640, columns: 512 };
const RENDERED: readonly Film[] = [
  { key: 'mono2', ...size },
  { key: 'mono1', ...size, photometricInterpretation: 'MONOCHROME1' },
  { key: 'anisotropic', rows: 400, columns: 800, elements: { PixelSpacing: [0.4, 0.15] } },
  { key: 'aspect', rows: 640, columns: 300, elements: { PixelAspectRatio: ['1', '2'] } },
  { key: 'signed', ...size, signed: true, offset: -2048, elements: { RescaleSlope: 1, RescaleIntercept: 0, RescaleType: 'US' } },
];

/** A table that brightens the dark half by far; no straight window comes near it. */
const rising = (count: number, bits: number): number[] => Array.from({ length: count }, (_, at) => Math.round((2 ** bits - 1) * Math.sqrt(at / (count - 1))));
const tableOf = (first: number, entries: readonly number[], bits: number, vr = 'US') => {
  // 64 KiB are more than US holds in explicit VR.
  const data = entries.length < 32_768 ? { LUTData: entries, vr: 'US' } : { LUTData: [Uint16Array.from(entries).buffer], vr: 'OW' };
  return { VOILUTSequence: [{ LUTDescriptor: [entries.length % 65_536, first, bits], LUTExplanation: 'CHEST', LUTData: data.LUTData, _vrMap: { LUTDescriptor: vr, LUTData: data.vr } }] };
};
/** Windows and tables of files, each with how DCMTK is told to use them. */
const CURVES: readonly (Film & { readonly dcmtk: readonly string[] })[] = [
  { key: 'rescaled', ...size, elements: { RescaleSlope: 2, RescaleIntercept: -1000, RescaleType: 'US', WindowCenter: 3095, WindowWidth: 6000 }, dcmtk: ['+Wi', '1'] },
  { key: 'sigmoid', ...size, elements: { VOILUTFunction: 'SIGMOID', WindowCenter: 1500, WindowWidth: 2400 }, dcmtk: ['+Wi', '1', '+Wfs'] },
  { key: 'table', ...size, elements: tableOf(0, rising(4096, 12), 12), dcmtk: ['+Wl', '1'] },
  { key: 'table-mono1', ...size, photometricInterpretation: 'MONOCHROME1', elements: tableOf(0, rising(4096, 12), 12), dcmtk: ['+Wl', '1'] },
  { key: 'table-negative', ...size, elements: { RescaleSlope: 1, RescaleIntercept: -1024, RescaleType: 'US', ...tableOf(-1024, rising(4096, 12), 12, 'SS') }, dcmtk: ['+Wl', '1'] },
  { key: 'table-long', ...size, bitsStored: 16, elements: tableOf(0, rising(65_536, 16), 16), dcmtk: ['+Wl', '1'] },
];
const SYNTAXES = ['1.2.840.10008.1.2', '1.2.840.10008.1.2.1.99', '1.2.840.10008.1.2.2', '1.2.840.10008.1.2.5', '1.2.840.10008.1.2.4.50', '1.2.840.10008.1.2.4.51', '1.2.840.10008.1.2.4.57', '1.2.840.10008.1.2.4.70', '1.2.840.10008.1.2.4.80', '1.2.840.10008.1.2.4.90', '1.2.840.10008.1.2.4.91', '1.2.840.10008.1.2.4.201', '1.2.840.10008.1.2.4.202'];
const STORED: readonly Film[] = SYNTAXES.map((transferSyntaxUid) => ({ key: `s${transferSyntaxUid.slice(16) || '2'}`.replaceAll('.', '-'), ...size, transferSyntaxUid, ...(transferSyntaxUid.endsWith('.50') ? { bitsStored: 8 } : {}) }));

/** PGM (P5) of dcm2pnm, in the file's own window unless told otherwise, brought to square pixels. */
function renderedByDcmtk(path: string, width: number, grey: readonly string[] = ['+Wi', '1']): Grey {
  const { stdout, status, stderr } = spawnSync('dcm2pnm', [...grey, '+Sxv', String(width), '+op', path], { maxBuffer: 1e8 });
  expect([status, String(stderr)]).toEqual([0, expect.anything()]);
  const head = /^P5\s+(?:#[^\n]*\s+)*(\d+)\s+(\d+)\s+255\s/.exec(stdout.subarray(0, 200).toString('latin1'))!;
  return { width: Number(head[1]), height: Number(head[2]), values: stdout.subarray(head[0].length) };
}

vi.setConfig({ testTimeout: TEST_WAIT_MS, hookTimeout: TEST_WAIT_MS });

describe.skipIf(!hasPeers)('pictures on the screen', () => {
  let browser: Browser;
  let site: ViewerSite;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    [browser, site] = await Promise.all([openBrowser(), viewerSite([...RENDERED, ...CURVES, ...STORED])]);
    ({ page, complaints } = await openPage(browser));
    await page.goto(site.hub.link);
    await page.waitForSelector('tr.row');
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  async function openFull(key: string, on = page): Promise<void> {
    await on.goto(`${site.hub.httpUrl}/viewer/?study=${studyUidOf(key)}`);
    await on.waitForSelector('.station[data-shown="full"]', { timeout: SHOWN_WAIT_MS });
  }
  const looksLike = (on: Page, wanted: Grey): Promise<void> => together(async () => {
    const match = await compare(await pictureOnScreen(on, '.station .pane'), wanted);
    expect(match.correlation, JSON.stringify(match)).toBeGreaterThan(0.995);
    expect(match.meanDifference, JSON.stringify(match)).toBeLessThan(3);
  });

  test.each(RENDERED.map(({ key }) => [key]))('%s: both as DCMTK draws it', async (key) => {
    const wanted = renderedByDcmtk(site.fileOf(key), 600);
    await page.goto(`${site.hub.httpUrl}/#study=${studyUidOf(key)}`);
    await page.waitForSelector('.panel .picture[data-shown="reduced"]');
    const looks = async (pane: string, correlationMin: number, meanDifferenceMax = Infinity): Promise<void> => {
      const seen = await pictureOnScreen(page, pane);
      const match = { ...(await compare(seen, wanted)), aspect: seen.aspect, wanted: wanted.width / wanted.height };
      expect(match.correlation, JSON.stringify(match)).toBeGreaterThan(correlationMin);
      // The same window: the same grey.
      expect(match.meanDifference, JSON.stringify(match)).toBeLessThan(meanDifferenceMax);
      expect(Math.abs(match.aspect / match.wanted - 1), JSON.stringify(match)).toBeLessThan(0.02);
    };
    await together(() => looks('.panel .pane', 0.99));
    await openFull(key);
    await together(() => looks('.station .pane', 0.995, 3));
  });

  test.each(STORED.map(({ key, transferSyntaxUid }) => [key, transferSyntaxUid]))('%s (%s): the same picture', async (key) => {
    await openFull(key);
    await looksLike(page, renderedByDcmtk(site.fileOf('mono2'), 600));
  });

  test.each(CURVES.map(({ key, dcmtk }) => [key, dcmtk]))('%s: the file\'s greys as DCMTK draws them, and a straight window after it', async (key, dcmtk) => {
    const wanted = renderedByDcmtk(site.fileOf(key), 600, dcmtk);
    await openFull(key);
    await looksLike(page, wanted);
    const name = await page.locator('.presets:not(.pick) option').first().innerText();
    expect(name).toBe(key.startsWith('table') ? 'CHEST' : 'From the file');
    // To the picture's own straight window and back: the curve must neither stay nor be lost.
    const presets = page.locator('.presets:not(.pick)');
    const first = await pictureOnScreen(page, '.station .pane');
    await presets.selectOption({ label: 'Automatic' });
    await together(async () => expect((await compare(await pictureOnScreen(page, '.station .pane'), first)).meanDifference).toBeGreaterThan(5));
    await presets.selectOption({ label: name });
    await looksLike(page, wanted);
  });

  test('without the graphics card the curves are the same', async () => {
    const plain = await page.context().newPage();
    await plain.addInitScript(NO_WEBGL);
    for (const { key, dcmtk } of CURVES) {
      await openFull(key, plain);
      await looksLike(plain, renderedByDcmtk(site.fileOf(key), 600, dcmtk));
    }
    await plain.close();
  });

  test('nothing was complained about: no CSP violation, no script error', () => {
    expect(complaints).toEqual([]);
  });
});
