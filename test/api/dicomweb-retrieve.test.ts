/** WADO-RS over HTTP: whole objects, headers, frames, as stored and decoded, of every transfer syntax that we know. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeFrame, writeImage } from '../../fixtures/encode-pixels.ts';
import { writeDicom } from '../../src/dicom/write-part10.ts';
import { testPicture } from '../inference/test-picture.ts';
import { dicomWebSite, partsOf, type DicomWebSite } from './dicomweb-site.ts';

const DX = '1.2.840.10008.5.1.4.1.1.1.1';
const SYNTAXES = {
  implicit: '1.2.840.10008.1.2', explicit: '1.2.840.10008.1.2.1', deflated: '1.2.840.10008.1.2.1.99', bigEndian: '1.2.840.10008.1.2.2', rle: '1.2.840.10008.1.2.5',
  jpegLossless: '1.2.840.10008.1.2.4.70', jpegLs: '1.2.840.10008.1.2.4.80', jpeg2000: '1.2.840.10008.1.2.4.90', htj2k: '1.2.840.10008.1.2.4.201',
} as const;
const MEDIA_TYPES: Record<string, string> = { rle: 'image/dicom-rle', jpegLossless: 'image/jpeg', jpegLs: 'image/jls', jpeg2000: 'image/jp2', htj2k: 'image/jphc' };
const picture = testPicture(96, 64, 12);
const uids = (name: string) => ({ StudyInstanceUID: '2.25.1000', SeriesInstanceUID: '2.25.1001', SOPInstanceUID: `2.25.1002.${Object.keys(SYNTAXES).indexOf(name) + 1}` });
const fileOf = (name: keyof typeof SYNTAXES): Uint8Array => writeImage(
  { SOPClassUID: DX, ...uids(name), Modality: 'DX', PatientName: 'NGUYỄN^VĂN ĐỨC', PatientID: 'VN0001', StudyDate: '20261121', WindowCenter: '2048.5', InstanceNumber: 3,
    VOILUTSequence: [{ LUTDescriptor: [4096, 0, 16], LUTData: new Uint8Array(8192), _vrMap: { LUTDescriptor: 'US', LUTData: 'OW' } }] }, picture, SYNTAXES[name]);
const instancePath = (name: string): string => `/dicom-web/studies/2.25.1000/series/2.25.1001/instances/${uids(name).SOPInstanceUID}`;
const native = Buffer.from(picture.values.buffer);

let site: DicomWebSite;
const files = new Map<string, Uint8Array>();
beforeAll(async () => {
  site = await dicomWebSite();
  for (const name of Object.keys(SYNTAXES) as (keyof typeof SYNTAXES)[]) {
    files.set(name, fileOf(name));
    await site.store(files.get(name)!);
  }
});
afterAll(() => site.close());

const bodyOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());
const frame = async (name: string, accept: string): Promise<{ status: number; type: string; body: Buffer }> => {
  const response = await site.get(`${instancePath(name)}/frames/1`, { accept });
  const body = await bodyOf(response);
  if (response.status !== 200) return { status: response.status, type: '', body };
  const [part, ...others] = partsOf(response.headers.get('content-type')!, body);
  expect(others).toEqual([]);
  return { status: 200, type: part!.headers['content-type']!, body: part!.body };
};

describe('frames', () => {
  test.each(Object.keys(SYNTAXES))('%s, as samples: every stored value, little endian', async (name) => {
    const answer = await frame(name, 'multipart/related; type="application/octet-stream"');
    expect([answer.status, answer.type]).toEqual([200, 'application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1']);
    expect(answer.body.equals(native)).toBe(true);
  });

  test.each(Object.keys(MEDIA_TYPES))('%s, as stored: the codestream with its media type and transfer syntax', async (name) => {
    const syntax = SYNTAXES[name as keyof typeof SYNTAXES];
    // How Cornerstone asks; how a client that knows the format asks; whatever there is.
    for (const accept of ['multipart/related; type=application/octet-stream; transfer-syntax=*', `multipart/related; type="${MEDIA_TYPES[name]}"`, `multipart/related; type="${MEDIA_TYPES[name]}"; transfer-syntax=${syntax}`, '*/*']) {
      const answer = await frame(name, accept);
      expect([answer.status, answer.type]).toEqual([200, `${MEDIA_TYPES[name]}; transfer-syntax=${syntax}`]);
      const encoded = Buffer.from(encodeFrame(picture, syntax));
      expect(answer.body.subarray(0, encoded.length).equals(encoded)).toBe(true);
      expect(answer.body.length - encoded.length).toBeLessThanOrEqual(1);
    }
  });

  test('what the client prefers counts, in the order of its weights', async () => {
    const preferSamples = await frame('jpegLs', 'multipart/related; type="image/jls"; q=0.5, multipart/related; type="application/octet-stream"');
    expect(preferSamples.type).toMatch(/^application\/octet-stream/);
    const preferStored = await frame('jpegLs', 'multipart/related; type="application/octet-stream"; q=0.5, multipart/related; type="image/jls"');
    expect(preferStored.type).toMatch(/^image\/jls/);
    // JPEG is not stored and is not made: the samples are, since they are allowed too.
    expect((await frame('jpegLs', 'multipart/related; type="image/jpeg", multipart/related; type="application/octet-stream"; q=0.1')).type).toMatch(/^application\/octet-stream/);
    for (const accept of ['multipart/related; type="image/jpeg"', 'text/html', 'multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.4.50', 'application/octet-stream;q=0']) {
      const { status, body } = await frame('jpegLs', accept);
      expect([accept, status, JSON.parse(body.toString()).error.code]).toEqual([accept, 406, 'not-acceptable']);
    }
  });

  test('one frame alone without multipart', async () => {
    const response = await site.get(`${instancePath('jpegLs')}/frames/1`, { accept: 'application/octet-stream' });
    expect(response.headers.get('content-type')).toBe('application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1');
    expect((await bodyOf(response)).equals(native)).toBe(true);
  });

  test('frames that are not there, and addresses that are none', async () => {
    const statuses = await Promise.all(
      [`${instancePath('explicit')}/frames/2`, `${instancePath('explicit')}/frames/0`, `${instancePath('explicit')}/frames/one`, `${instancePath('explicit')}/frames/1,`, '/dicom-web/studies/x'].map(async (path) => (await site.get(path)).status),
    );
    expect(statuses).toEqual([404, 400, 400, 400, 400]);
  });
});

describe('frames of several', () => {
  const several = testPicture(20, 16, 8);
  const frames = [0, 1, 2].map((at) => ({ ...several, values: Uint8Array.from(several.values, (value) => (value + at) & 255) }));
  const base = { SOPClassUID: '1.2.840.10008.5.1.4.1.1.7.2', StudyInstanceUID: '2.25.2000', SeriesInstanceUID: '2.25.2001', Modality: 'OT', NumberOfFrames: 3, SamplesPerPixel: 1, PhotometricInterpretation: 'MONOCHROME2', Rows: 20, Columns: 16, BitsAllocated: 8, BitsStored: 8, HighBit: 7, PixelRepresentation: 0, _vrMap: { PixelData: 'OB' } };
  const nativeFile = writeDicom({ ...base, PixelData: Uint8Array.from(frames.flatMap(({ values }) => [...values])) }, { sopClassUid: base.SOPClassUID, sopInstanceUid: '2.25.2002' });
  const encoded = frames.map((source) => encodeFrame(source, SYNTAXES.jpegLs));
  const compressedFile = writeDicom({ ...base, PixelData: encoded.map((bytes) => bytes.slice().buffer) }, { sopClassUid: base.SOPClassUID, sopInstanceUid: '2.25.2003', transferSyntaxUid: SYNTAXES.jpegLs });
  beforeAll(async () => {
    await site.store(nativeFile);
    await site.store(compressedFile);
  });

  test.each([['2.25.2002', 'native'], ['2.25.2003', 'compressed']])('%s (%s): each frame by its number', async (uid) => {
    const response = await site.get(`/dicom-web/studies/2.25.2000/series/2.25.2001/instances/${uid}/frames/3,1`, { accept: 'multipart/related; type="application/octet-stream"' });
    const parts = partsOf(response.headers.get('content-type')!, await bodyOf(response));
    expect(parts.map(({ body }) => body.equals(Buffer.from(frames[2]!.values)))).toEqual([true, false]);
    expect(parts[1]!.body.equals(Buffer.from(frames[0]!.values))).toBe(true);
  });

  test('bulk data of the pixels is all frames', async () => {
    const response = await site.get('/dicom-web/studies/2.25.2000/series/2.25.2001/instances/2.25.2003/bulkdata/7FE00010');
    const parts = partsOf(response.headers.get('content-type')!, await bodyOf(response));
    expect(parts.map(({ body }, at) => body.subarray(0, encoded[at]!.length).equals(Buffer.from(encoded[at]!)))).toEqual([true, true, true]);
    expect(parts[0]!.headers['content-type']).toBe(`image/jls; transfer-syntax=${SYNTAXES.jpegLs}`);
  });
});

describe('headers', () => {
  test.each(Object.keys(SYNTAXES))('%s: the same header in every encoding', async (name) => {
    const response = await site.get(`${instancePath(name)}/metadata`, { accept: 'application/dicom+json' });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/dicom+json']);
    const [header] = (await response.json()) as Record<string, Record<string, unknown>>[];
    expect(header).toMatchObject({
      '00080005': { vr: 'CS', Value: ['ISO_IR 192'] }, '00080018': { vr: 'UI', Value: [uids(name).SOPInstanceUID] }, '00100010': { vr: 'PN', Value: [{ Alphabetic: 'NGUYỄN^VĂN ĐỨC' }] },
      '00200013': { vr: 'IS', Value: [3] }, '00280010': { vr: 'US', Value: [96] }, '00281050': { vr: 'DS', Value: [2048.5] },
      '00283010': { vr: 'SQ', Value: [{ '00283002': { vr: 'US', Value: [4096, 0, 16] }, '00283006': { vr: 'OW' } }] },
    });
    expect(header!['7FE00010']!['BulkDataURI']).toBe(`${site.origin}${instancePath(name)}/bulkdata/7FE00010`);
    expect(Object.keys(header!).filter((tag) => tag.startsWith('0002') || tag.endsWith('0000'))).toEqual([]);
  });

  test('of a series and a study: one for each instance', async () => {
    for (const path of ['/dicom-web/studies/2.25.1000/metadata', '/dicom-web/studies/2.25.1000/series/2.25.1001/metadata']) {
      expect(((await (await site.get(path)).json()) as unknown[]).length).toBe(Object.keys(SYNTAXES).length);
    }
  });
});

describe('whole objects', () => {
  test('an instance, byte for byte, with its length told beforehand', async () => {
    const response = await site.get(instancePath('jpeg2000'), { accept: 'multipart/related; type="application/dicom"; transfer-syntax=*' });
    const body = await bodyOf(response);
    expect(Number(response.headers.get('content-length'))).toBe(body.length);
    const [part] = partsOf(response.headers.get('content-type')!, body);
    expect(part!.headers['content-type']).toBe(`application/dicom; transfer-syntax=${SYNTAXES.jpeg2000}`);
    expect(part!.body.equals(Buffer.from(files.get('jpeg2000')!))).toBe(true);
  });

  test('a study: every object; only those of the syntax that is asked for; none', async () => {
    const all = await site.get('/dicom-web/studies/2.25.1000');
    expect(partsOf(all.headers.get('content-type')!, await bodyOf(all)).length).toBe(Object.keys(SYNTAXES).length);
    const some = await site.get('/dicom-web/studies/2.25.1000', { accept: `multipart/related; type="application/dicom"; transfer-syntax=${SYNTAXES.rle}` });
    expect([some.status, partsOf(some.headers.get('content-type')!, await bodyOf(some)).length]).toEqual([206, 1]);
    expect((await site.get('/dicom-web/studies/2.25.1000', { accept: 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.50' })).status).toBe(406);
  });

  test('an instance without multipart', async () => {
    const response = await site.get(instancePath('rle'), { accept: 'application/dicom' });
    expect((await bodyOf(response)).equals(Buffer.from(files.get('rle')!))).toBe(true);
  });
});
