/** Rendered pictures over HTTP against DCMTK's renderer, grey level by grey level; parameters; previews on demand. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeImage, type PixelSource } from '../../fixtures/encode-pixels.ts';
import type { NaturalisedDataSet } from '../../src/dicom/write-part10.ts';
import { testPicture } from '../inference/test-picture.ts';
import { needPeer } from '../peers/need-peer.ts';
import { dicomWebSite, type DicomWebSite } from './dicomweb-site.ts';

const EXPLICIT = '1.2.840.10008.1.2.1';
const dcmtk = needPeer('dcm2pnm') && needPeer('dcmj2pnm');
const folder = mkdtempSync(join(tmpdir(), 'firstread-rendered-'));
let site: DicomWebSite;
beforeAll(async () => {
  site = await dicomWebSite();
});
afterAll(async () => {
  await site.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Grey {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly samples: Uint8Array;
}

let count = 0;
async function stored(source: PixelSource, over: NaturalisedDataSet = {}, syntax = EXPLICIT): Promise<{ path: string; file: string }> {
  const at = ++count;
  const bytes = writeImage({ SOPClassUID: '1.2.840.10008.5.1.4.1.1.7', SOPInstanceUID: `2.25.5.${at}`, StudyInstanceUID: '2.25.500', SeriesInstanceUID: '2.25.501', Modality: 'OT', PatientID: '1', ...over }, source, syntax);
  await site.store(bytes);
  const file = join(folder, `${at}.dcm`);
  writeFileSync(file, bytes);
  return { path: `/dicom-web/studies/2.25.500/series/2.25.501/instances/2.25.5.${at}`, file };
}

async function ours(path: string, query = ''): Promise<Grey> {
  const response = await site.get(`${path}/rendered${query}`, { accept: 'image/png' });
  const body = Buffer.from(await response.arrayBuffer());
  if (response.status !== 200) throw new Error(`${response.status} ${body.toString()}`);
  const grey = (await sharp(body).metadata()).channels === 1;
  const { data, info } = await (grey ? sharp(body).toColourspace('b-w') : sharp(body)).raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: info.channels, samples: data };
}

/** Binary PGM or PPM. */
function theirs(file: string, ...options: string[]): Grey {
  const out = `${file}.pnm`;
  execFileSync('dcmj2pnm', ['-q', ...options, file, out]);
  const bytes = readFileSync(out);
  const head = /^P([56])\s(?:#[^\n]*\n)?(\d+)\s(\d+)\s(\d+)\s/.exec(bytes.subarray(0, 200).toString('latin1'))!;
  expect(head[4]).toBe('255');
  return { width: Number(head[2]), height: Number(head[3]), channels: head[1] === '5' ? 1 : 3, samples: bytes.subarray(head[0].length) };
}

function differenceMax(a: Grey, b: Grey): number {
  expect([a.width, a.height, a.channels, a.samples.length]).toEqual([b.width, b.height, b.channels, b.samples.length]);
  return a.samples.reduce((max, value, at) => Math.max(max, Math.abs(value - b.samples[at]!)), 0);
}

const window = (center: string, width: string, more: NaturalisedDataSet = {}): NaturalisedDataSet => ({ WindowCenter: center, WindowWidth: width, ...more });
const INVERSE = { PhotometricInterpretation: 'MONOCHROME1' };
const twelve = testPicture(120, 90, 12);
const signed = testPicture(120, 90, 16, true);
const rampLut = { VOILUTSequence: [{ LUTDescriptor: [4096, 0, 16], LUTData: Array.from({ length: 4096 }, (_, i) => Math.round(65_535 * (i / 4095) ** 2)), _vrMap: { LUTDescriptor: 'US', LUTData: 'US' } }] };

describe.skipIf(!dcmtk)('the same picture as DCMTK makes', () => {
  const cases: readonly (readonly [string, PixelSource, NaturalisedDataSet, readonly string[], string?])[] = [
    ['12 bits, window of the header', twelve, window('1800', '1500'), ['+Wi', '1']],
    ['MONOCHROME1, window of the header', twelve, window('1800', '1500', INVERSE), ['+Wi', '1']],
    ['MONOCHROME1 of 8 bits', testPicture(64, 50, 8), window('100', '90', INVERSE), ['+Wi', '1']],
    ['10 bits in 16, MONOCHROME1', testPicture(64, 50, 10), window('500', '800', INVERSE), ['+Wi', '1']],
    ['signed, 16 bits', signed, window('-2000', '30000'), ['+Wi', '1']],
    ['signed, MONOCHROME1', signed, window('4000', '30000', INVERSE), ['+Wi', '1']],
    ['signed, 12 bits', testPicture(64, 50, 12, true), window('-100', '2500'), ['+Wi', '1']],
    ['rescaled', twelve, window('500', '3000', { RescaleSlope: '2', RescaleIntercept: '-1024' }), ['+Wi', '1']],
    ['rescaled and signed', testPicture(64, 50, 12, true), window('-50', '400', { RescaleSlope: '0.5', RescaleIntercept: '100' }), ['+Wi', '1']],
    ['16 bits', testPicture(64, 50, 16), window('30000', '50000'), ['+Wi', '1']],
    ['SIGMOID', twelve, window('1800', '1500', { VOILUTFunction: 'SIGMOID' }), ['+Wi', '1', '+Wfs']],
    ['a VOI table', twelve, rampLut, ['+Wl', '1']],
    ['a VOI table, MONOCHROME1', twelve, { ...rampLut, ...INVERSE }, ['+Wl', '1']],
    ['no window: from the smallest to the largest value', twelve, {}, ['+Wm']],
    ['no window, MONOCHROME1', twelve, INVERSE, ['+Wm']],
    ['the window that is asked for', twelve, window('1800', '1500'), ['+Ww', '1000', '600'], '?window=1000,600,linear'],
    ['the window that is asked for, MONOCHROME1, header without one', twelve, INVERSE, ['+Ww', '3000', '900'], '?window=3000,900,LINEAR'],
    ['the window that is asked for goes before the table', twelve, rampLut, ['+Ww', '1000', '600'], '?window=1000,600,linear'],
    ['a sigmoid that is asked for', twelve, {}, ['+Ww', '1000', '600', '+Wfs'], '?window=1000,600,sigmoid'],
    ['a window beside everything', twelve, {}, ['+Ww', '9000', '10'], '?window=9000,10,linear'],
  ];
  test.each(cases.map(([name, source, header, options, query]) => ({ name, source, header, options, query })))('$name', async ({ source, header, options, query }) => {
    const { path, file } = await stored({ ...source, ...(header['PhotometricInterpretation'] === undefined ? {} : { photometricInterpretation: 'MONOCHROME1' }) }, header);
    expect(differenceMax(await ours(path, query), theirs(file, ...options))).toBeLessThanOrEqual(1);
  });

  test.each([['1.2.840.10008.1.2.4.70', 12, 1], ['1.2.840.10008.1.2.4.50', 8, 2]])('compressed: %s', async (syntax, bits, differenceMost) => {
    const { path, file } = await stored({ ...testPicture(120, 90, bits), photometricInterpretation: 'MONOCHROME1' }, bits === 12 ? window('1800', '1500') : window('128', '200'), syntax);
    expect(differenceMax(await ours(path), theirs(file, '+Wi', '1'))).toBeLessThanOrEqual(differenceMost);
  });

  test('colour', async () => {
    const source: PixelSource = { rows: 40, columns: 30, bitsStored: 8, samplesPerPixel: 3, values: Uint8Array.from({ length: 3600 }, (_, i) => (i * 37) % 256) };
    const rgb = await stored(source);
    expect(differenceMax(await ours(rgb.path), theirs(rgb.file))).toBe(0);
    const full = await stored({ ...source, photometricInterpretation: 'YBR_FULL' });
    expect(differenceMax(await ours(full.path), theirs(full.file))).toBeLessThanOrEqual(2);
  });
});

describe('parameters', () => {
  test('viewport: fits inside, keeps its shape, is never enlarged; a part; turned over', async () => {
    const { path } = await stored(testPicture(400, 200, 12), window('2048', '4096'));
    const sizes = await Promise.all(['?viewport=100,100', '?viewport=1000,1000', '?viewport=50,400,100,0,100,100', '?viewport=8000,8000,0,0,65535,65535'].map(async (query) => {
      const { width, height } = await ours(path, query);
      return [width, height];
    }));
    expect(sizes).toEqual([[50, 100], [200, 400], [50, 50], [200, 400]]);
    const whole = await ours(path);
    const part = await ours(path, '?viewport=200,200,20,30,100,50');
    const turned = await ours(path, '?viewport=200,200,20,30,-100,50');
    const at = (picture: Grey, x: number, y: number): number => picture.samples[y * picture.width + x]!;
    expect([at(part, 0, 0), at(part, 99, 49), at(turned, 0, 0)]).toEqual([at(whole, 20, 30), at(whole, 119, 79), at(whole, 119, 30)]);
  });

  test('a thumbnail is the mean of what it covers', async () => {
    const { path } = await stored({ rows: 4, columns: 4, bitsStored: 8, values: Uint8Array.from([0, 10, 100, 100, 20, 30, 100, 100, 255, 255, 0, 0, 255, 255, 0, 0]) }, window('127.5', '255', { VOILUTFunction: 'LINEAR_EXACT' }));
    expect([...(await ours(path, '?viewport=2,2')).samples]).toEqual([15, 100, 255, 0]);
  });

  test('JPEG unless PNG is wanted; by header or in the address; quality', async () => {
    const { path } = await stored(twelve, window('1800', '1500'));
    const type = async (accept: string, query = ''): Promise<string> => {
      const response = await site.get(`${path}/rendered${query}`, { accept });
      await response.arrayBuffer();
      return response.headers.get('content-type') ?? '';
    };
    expect(await Promise.all([type('*/*'), type('image/*'), type('image/png'), type('image/gif, image/png;q=0.2'), type('image/jpeg', '?accept=image/png')])).toEqual(['image/jpeg', 'image/jpeg', 'image/png', 'image/png', 'image/png']);
    const bytes = await Promise.all(['10', '100'].map(async (quality) => (await (await site.get(`${path}/rendered?quality=${quality}`)).arrayBuffer()).byteLength));
    expect(bytes[0]).toBeLessThan(bytes[1]!);
  });

  test('what cannot be understood is refused', async () => {
    const { path } = await stored(twelve);
    for (const query of ['window=1', 'window=1,0,linear', 'window=a,b,linear', 'window=1,2,cubic', 'window=1,2,linear,3', 'viewport=0,10', 'viewport=10', 'viewport=99999,10', 'viewport=10,10,1,1', 'viewport=10,10,-1,0,5,5', 'quality=0', 'quality=101', 'quality=high']) {
      expect([query, (await site.get(`${path}/rendered?${query}`)).status]).toEqual([query, 400]);
    }
    expect((await site.get(`${path}/rendered`, { accept: 'image/gif' })).status).toBe(406);
    expect((await site.get(`${path}/frames/2/rendered`)).status).toBe(404);
    expect((await site.get(`${path}/frames/1/rendered`)).status).toBe(200);
  });
});
