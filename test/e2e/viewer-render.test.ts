/**
 * Orientation, polarity and shape on the screen, of the reduced picture and of full resolution, against DCMTK's renderer;
 * and every transfer syntax that the hub takes shows the same picture.
 */
import { spawnSync } from 'node:child_process';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { needPeer } from '../peers/need-peer.ts';
import { openBrowser, openPage, together } from './page-browser.ts';
import { studyUidOf, type Film } from './viewer-films.ts';
import { compare, pictureOnScreen, SHOWN_WAIT_MS, TEST_WAIT_MS, viewerSite, type Grey, type ViewerSite } from './viewer-site.ts';

const hasPeers = needPeer('chromium') && needPeer('dcm2pnm');
const size = { rows: 640, columns: 512 };
const RENDERED: readonly Film[] = [
  { key: 'mono2', ...size },
  { key: 'mono1', ...size, photometricInterpretation: 'MONOCHROME1' },
  { key: 'anisotropic', rows: 400, columns: 800, elements: { PixelSpacing: [0.4, 0.15] } },
  { key: 'aspect', rows: 640, columns: 300, elements: { PixelAspectRatio: ['1', '2'] } },
  { key: 'signed', ...size, signed: true, offset: -2048, elements: { RescaleSlope: 1, RescaleIntercept: 0, RescaleType: 'US' } },
];
const SYNTAXES = ['1.2.840.10008.1.2', '1.2.840.10008.1.2.1.99', '1.2.840.10008.1.2.2', '1.2.840.10008.1.2.5', '1.2.840.10008.1.2.4.50', '1.2.840.10008.1.2.4.51', '1.2.840.10008.1.2.4.57', '1.2.840.10008.1.2.4.70', '1.2.840.10008.1.2.4.80', '1.2.840.10008.1.2.4.90', '1.2.840.10008.1.2.4.91', '1.2.840.10008.1.2.4.201', '1.2.840.10008.1.2.4.202'];
const STORED: readonly Film[] = SYNTAXES.map((transferSyntaxUid) => ({ key: `s${transferSyntaxUid.slice(16) || '2'}`.replaceAll('.', '-'), ...size, transferSyntaxUid, ...(transferSyntaxUid.endsWith('.50') ? { bitsStored: 8 } : {}) }));

/** PGM (P5) of dcm2pnm, in the file's own window, brought to square pixels. */
function renderedByDcmtk(path: string, width: number): Grey {
  const { stdout, status, stderr } = spawnSync('dcm2pnm', ['+Wi', '1', '+Sxv', String(width), '+op', path], { maxBuffer: 1e8 });
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
    [browser, site] = await Promise.all([openBrowser(), viewerSite([...RENDERED, ...STORED])]);
    ({ page, complaints } = await openPage(browser));
    await page.goto(site.hub.link);
    await page.waitForSelector('tr.row');
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  async function openFull(key: string): Promise<void> {
    await page.goto(`${site.hub.httpUrl}/viewer/?study=${studyUidOf(key)}`);
    await page.waitForSelector('.station[data-shown="full"]', { timeout: SHOWN_WAIT_MS });
  }

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
    const wanted = renderedByDcmtk(site.fileOf('mono2'), 600);
    await together(async () => {
      const match = await compare(await pictureOnScreen(page, '.station .pane'), wanted);
      expect(match.correlation, JSON.stringify(match)).toBeGreaterThan(0.995);
      expect(match.meanDifference, JSON.stringify(match)).toBeLessThan(3);
    });
  });

  test('nothing was complained about: no CSP violation, no script error', () => {
    expect(complaints).toEqual([]);
  });
});
