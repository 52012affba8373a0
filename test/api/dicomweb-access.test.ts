/** Who may look over DICOMweb, what is noted, what other sites' pages may do, and what happens to files that are gone, damaged or enormous. */
import { rmSync, truncateSync } from 'node:fs';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pixelElements, writeImage } from '../../fixtures/encode-pixels.ts';
import { keepReport } from '../../src/hub/report-file.ts';
import { writeDicom, type NaturalisedDataSet } from '../../src/dicom/write-part10.ts';
import { testPicture } from '../inference/test-picture.ts';
import { analysed, scored } from '../study/sample-studies.ts';
import { DEMO_NOW_MS } from './demo-studies.ts';
import { dicomWebSite, type DicomWebSite } from './dicomweb-site.ts';

const EXPLICIT = '1.2.840.10008.1.2.1';
const OHIF = 'https://ohif.hospital.example';
const dataSet = (study: string, at = 1): NaturalisedDataSet & { SOPClassUID: string; SOPInstanceUID: string } => ({ SOPClassUID: '1.2.840.10008.5.1.4.1.1.1.1', SOPInstanceUID: `2.25.${study}.9.${at}`, StudyInstanceUID: `2.25.${study}`, SeriesInstanceUID: `2.25.${study}.1`, Modality: 'DX', PatientID: study });
const image = (study: string, at = 1, syntax = EXPLICIT, side = 64): Uint8Array => writeImage(dataSet(study, at), testPicture(side, side, 12), syntax);
const instance = (study: string, at = 1): string => `/dicom-web/studies/2.25.${study}/series/2.25.${study}.1/instances/2.25.${study}.9.${at}`;

let site: DicomWebSite;
beforeAll(async () => {
  site = await dicomWebSite({ server: { dicomWebOrigins: [OHIF] } });
});
afterAll(() => site.close());

const codeOf = async (response: Response): Promise<[number, string]> => [response.status, ((await response.json()) as { error: { code: string } }).error.code];

describe('who', () => {
  beforeAll(() => site.store(image('10')));

  test('nobody without signing in; readers by token and by session; workers never', async () => {
    const path = `${site.origin}${instance('10')}/metadata`;
    expect(await codeOf(await fetch(path))).toEqual([401, 'not-signed-in']);
    expect(await codeOf(await fetch(`${site.origin}/dicom-web/studies`, { headers: { authorization: 'Bearer frd_0123456789012345678901234567890' } }))).toEqual([401, 'not-signed-in']);
    const worker = site.auth.issueToken({ name: 'gpu', role: 'worker' });
    expect(await codeOf(await fetch(path, { headers: { authorization: `Bearer ${worker}` } }))).toEqual([403, 'not-allowed']);
    expect((await site.get(`${instance('10')}/metadata`)).status).toBe(200);
    expect((await fetch(path, { headers: { cookie: site.session('reader') } })).status).toBe(200);
  });

  test('a look at a patient is noted once for each session, not once for each frame', async () => {
    await site.store(image('11'));
    const cookie = site.session('reader');
    const look = async (path: string, as: Record<string, string>): Promise<void> => void (await (await fetch(`${site.origin}${path}`, { headers: as })).arrayBuffer());
    for (const path of [`${instance('11')}/frames/1`, `${instance('11')}/frames/1`, `${instance('11')}/metadata`, '/dicom-web/studies/2.25.11/series', `${instance('11')}/rendered`]) await look(path, { cookie });
    await look('/dicom-web/studies/2.25.11', { authorization: `Bearer ${site.token}` });
    const entries = (await site.auditEntries()).filter((entry) => entry['studyInstanceUid'] === '2.25.11');
    expect(entries.map(({ event, who, details }) => [event, who, details])).toEqual([['patient-viewed', 'the-reader', { over: 'DICOMweb' }], ['patient-viewed', 'viewer', { over: 'DICOMweb' }]]);
    await look('/dicom-web/studies?PatientID=11', { cookie });
    await look('/dicom-web/studies?PatientID=12', { cookie });
    expect((await site.auditEntries()).filter(({ event, details }) => event === 'worklist-viewed' && (details as { over?: string }).over === 'DICOMweb').length).toBe(1);
  });

  test('what is not there is not found, and under another study\'s address neither', async () => {
    await site.store(image('12'));
    for (const path of ['/dicom-web/studies/2.25.999', '/dicom-web/studies/2.25.10/series/2.25.12.1', '/dicom-web/studies/2.25.10/series/2.25.10.1/instances/2.25.12.9.1', '/dicom-web/studies/2.25.10/series/2.25.10.1/instances/2.25.12.9.1/frames/1', '/dicom-web/nothing', '/dicom-web']) {
      expect([path, ...(await codeOf(await site.get(path)))]).toEqual([path, 404, 'not-found']);
    }
    for (const path of ["/dicom-web/studies/1'2", '/dicom-web/studies/2.25.10/series/%00', `/dicom-web/studies/${'1'.repeat(65)}`]) expect([path, (await site.get(path)).status]).toEqual([path, 400]);
  });

  test('nothing is stored, changed or removed this way', async () => {
    const body = Buffer.from('--x\r\nContent-Type: application/dicom\r\n\r\n\r\n--x--');
    for (const [method, path] of [['POST', '/dicom-web/studies'], ['POST', '/dicom-web/studies/2.25.10'], ['DELETE', '/dicom-web/studies/2.25.10'], ['PUT', '/dicom-web/workitems/1']] as const) {
      const response = await fetch(`${site.origin}${path}`, { method, headers: { authorization: `Bearer ${site.token}`, 'content-type': 'multipart/related; type="application/dicom"; boundary=x' }, body });
      expect([path, response.headers.get('allow'), ...(await codeOf(response))]).toEqual([path, 'GET', 405, 'store-refused']);
    }
    expect((await fetch(`${site.origin}/dicom-web/studies`, { method: 'POST' })).status).toBe(401);
  });
});

describe('pages of other sites', () => {
  test('the named one, with a token', async () => {
    const preflight = await fetch(`${site.origin}/dicom-web/studies`, { method: 'OPTIONS', headers: { origin: OHIF, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' } });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin'), preflight.headers.get('access-control-allow-headers'), preflight.headers.get('access-control-allow-credentials')]).toEqual([204, OHIF, 'authorization, accept, content-type', null]);
    const answer = await site.get('/dicom-web/studies', { origin: OHIF });
    expect([answer.status, answer.headers.get('access-control-allow-origin'), answer.headers.get('vary')]).toEqual([200, OHIF, 'origin']);
    // Refusals can be read there too, and a session is no way in.
    const refused = await fetch(`${site.origin}/dicom-web/studies`, { headers: { origin: OHIF, cookie: site.session('reader') } });
    expect([refused.headers.get('access-control-allow-origin'), ...(await codeOf(refused))]).toEqual([OHIF, 401, 'not-signed-in']);
  });

  test('no other one, and nothing but DICOMweb', async () => {
    for (const origin of ['https://evil.example', 'null', `${OHIF}.evil.example`]) {
      const refused = await site.get('/dicom-web/studies', { origin });
      expect([origin, refused.headers.get('access-control-allow-origin'), ...(await codeOf(refused))]).toEqual([origin, null, 403, 'cross-site']);
      expect((await fetch(`${site.origin}/dicom-web/studies`, { method: 'OPTIONS', headers: { origin } })).status).toBe(403);
    }
    expect((await site.get('/api/worklist', { origin: OHIF })).headers.get('access-control-allow-origin')).toBeNull();
    expect((await site.get('/dicom-web/studies', { origin: site.origin })).status).toBe(200);
  });
});

describe('files that are gone', () => {
  test('removed by retention: 410; the rest of the study is given', async () => {
    const keys = [await site.store(image('20', 1)), await site.store(image('20', 2))];
    site.registry.markRemoved([keys[0]!], DEMO_NOW_MS);
    rmSync(site.spool.path('instances', keys[0]!));
    for (const path of ['', '/metadata', '/frames/1', '/rendered']) expect([path, ...(await codeOf(await site.get(`${instance('20', 1)}${path}`)))]).toEqual([path, 410, 'instance-removed']);
    expect((await site.get('/dicom-web/studies/2.25.20')).status).toBe(200);
    expect((await (await site.get('/dicom-web/studies/2.25.20/instances')).json() as unknown[]).length).toBe(1);
    site.registry.markRemoved([keys[1]!], DEMO_NOW_MS);
    expect((await site.get('/dicom-web/studies/2.25.20')).status).toBe(410);
    expect((await site.get('/dicom-web/studies?PatientID=20')).status).toBe(204);
  });

  test('a picture of ours, removed by retention: 410 there, and no longer offered on the page; its report is', async () => {
    await site.store(image('23'));
    const kept = await Promise.all((['sr', 'secondary-capture'] as const).map((kind, at) =>
      keepReport(site.spool, { sopClassUid: '1.2.840.10008.5.1.4.1.1.7', sopInstanceUid: `2.25.23.8.${at}`, seriesInstanceUid: `2.25.23.7.${at}`, transferSyntaxUid: EXPLICIT, bytes: image('23'), contentSha256: `${at}`.repeat(64) }, { family: 'tuberculosis', kind, outcome: 'flagged' })));
    const { contentSha256 } = site.registry.instancesOf('2.25.23')[0]!;
    site.registry.applyStudyEvent('2.25.23', analysed('2.25.23.9.1', scored(), contentSha256), DEMO_NOW_MS);
    site.registry.recordReports('2.25.23', 1, kept, [], DEMO_NOW_MS);
    const shown = async (): Promise<string[]> => ((await (await site.get('/api/studies/2.25.23')).json()) as { reports: { kind: string }[] }).reports.map(({ kind }) => kind);
    expect(await shown()).toEqual(['sr', 'secondary-capture']);
    const picture = '/dicom-web/studies/2.25.23/series/2.25.23.7.1/instances/2.25.23.8.1';
    expect((await site.get(picture)).status).toBe(200);

    await site.spool.remove('reports', kept[1]!.fileKey);
    site.registry.markPictureRemoved('2.25.23', kept[1]!.fileKey, DEMO_NOW_MS);
    expect(await codeOf(await site.get(picture))).toEqual([410, 'instance-removed']);
    expect((await site.get('/dicom-web/studies/2.25.23')).status).toBe(200);
    expect(await shown()).toEqual(['sr']);
    expect(await codeOf(await site.get('/api/reports/2.25.23.8.1'))).toEqual([404, 'not-found']);
  });

  test('vanished: 404 at once, also where its header is remembered; the others are given', async () => {
    const keys = [await site.store(image('21', 1)), await site.store(image('21', 2))];
    expect((await site.get(`${instance('21', 1)}/frames/1`)).status).toBe(200);
    rmSync(site.spool.path('instances', keys[0]!));
    for (const path of ['', '/metadata', '/frames/1', '/rendered', '/bulkdata/7FE00010']) expect([path, ...(await codeOf(await site.get(`${instance('21', 1)}${path}`)))]).toEqual([path, 404, 'instance-missing']);
    expect(await codeOf(await site.get(`/api/instances/${keys[0]}/preview`))).toEqual([404, 'instance-missing']);
    const study = await site.get('/dicom-web/studies/2.25.21');
    expect(study.status).toBe(206);
    await study.arrayBuffer();
    expect((await site.get('/dicom-web/studies/2.25.21/metadata')).status).toBe(206);
  });

  test('damaged: said, quickly, and the header is still there', async () => {
    for (const [at, syntax] of [[1, EXPLICIT], [2, '1.2.840.10008.1.2.4.70'], [3, '1.2.840.10008.1.2.4.90']] as const) {
      const file = image('22', at, syntax, 256);
      const key = await site.store(file);
      truncateSync(site.spool.path('instances', key), Math.floor(file.length * 0.6));
      const from = performance.now();
      expect(await codeOf(await site.get(`${instance('22', at)}/rendered`))).toEqual([422, 'pixels-damaged']);
      expect(await codeOf(await site.get(`/api/instances/${key}/preview`))).toEqual([422, 'pixels-damaged']);
      expect(await codeOf(await site.get(`/api/instances/${key}/preview`))).toEqual([422, 'pixels-damaged']);
      expect(performance.now() - from).toBeLessThan(5_000);
      expect((await site.get(`${instance('22', at)}/metadata`)).status).toBe(200);
    }
  });
});

describe('pictures on demand', () => {
  const preview = async (key: string): Promise<{ status: number; bytes: Buffer }> => {
    const response = await site.get(`/api/instances/${key}/preview`);
    return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
  };

  test('made once, kept, and small enough however grainy the film', async () => {
    const noise = Uint16Array.from({ length: 1200 * 1100 }, (_, i) => ((i * 2_654_435_761) >>> 7) & 4095);
    const key = await site.store(writeImage(dataSet('30'), { rows: 1200, columns: 1100, bitsStored: 12, values: noise }, EXPLICIT));
    const first = await preview(key);
    expect([first.status, (await sharp(first.bytes).metadata()).format]).toEqual([200, 'jpeg']);
    expect(first.bytes.length).toBeLessThanOrEqual(150_000);
    const from = performance.now();
    expect((await preview(key)).bytes.equals(first.bytes)).toBe(true);
    expect(performance.now() - from).toBeLessThan(500);
  });

  test('1 × 1, and 10,000 × 10,000', async () => {
    const tiny = await site.store(image('31', 1, EXPLICIT, 1));
    expect(await sharp((await preview(tiny)).bytes).metadata()).toMatchObject({ width: 1, height: 1 });
    const side = 10_000;
    const values = Buffer.alloc(side * side, 200).fill(0, 0, (side * side) / 2);
    const { PixelData: _, ...description } = pixelElements({ rows: 1, columns: 2, bitsStored: 8, values: new Uint8Array(2) }, EXPLICIT);
    const small = writeDicom({ ...dataSet('32'), ...description, Rows: side, Columns: side, PixelData: new Uint8Array(2) }, { sopClassUid: dataSet('32').SOPClassUID, sopInstanceUid: dataSet('32').SOPInstanceUID });
    // The pixels are the last element: its length and its value are put in place of the two bytes.
    const header = Buffer.from(small.subarray(0, small.length - 2));
    header.writeUInt32LE(values.length, header.length - 4);
    const huge = await site.store(Buffer.concat([header, values]));
    const from = performance.now();
    const { bytes } = await preview(huge);
    const { data, info } = await sharp(bytes).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
    expect(performance.now() - from).toBeLessThan(10_000);
    expect([info.width, info.height, data[10], data[data.length - 10]]).toEqual([1000, 1000, 0, 255]);
    expect(await codeOf(await site.get(`${instance('32')}/rendered`))).toEqual([422, 'pixels-over-limit']);
    // The samples themselves are given: they are only bytes.
    const samples = await site.get(`${instance('32')}/frames/1`);
    expect(Number(samples.headers.get('content-length'))).toBeGreaterThan(side * side);
    await samples.body?.cancel();
  }, 30_000);

  test('an object without a picture has none', async () => {
    const key = await site.store(writeDicom({ ...dataSet('33'), SOPClassUID: '1.2.840.10008.5.1.4.1.1.88.11', Modality: 'SR' }, { sopClassUid: '1.2.840.10008.5.1.4.1.1.88.11', sopInstanceUid: '2.25.33.9.1' }));
    expect((await preview(key)).status).toBe(404);
    expect((await site.get(`${instance('33')}/frames/1`)).status).toBe(404);
    expect((await site.get(`${instance('33')}/rendered`)).status).toBe(422);
  });
});

test('whoever asks too fast or too much waits; the others do not', async () => {
  const strict = await dicomWebSite({ server: { dicomWebLimits: { requestsPerSecond: 1, requestBurst: 5 } }, views: { threads: 1, waitingMax: 1 } });
  try {
    await strict.store(image('40', 1, '1.2.840.10008.1.2.4.90', 300));
    const pictures = await Promise.all([1, 2, 3, 4].map(async () => (await strict.get(`${instance('40')}/rendered`)).status));
    expect(pictures.toSorted()).toEqual([200, 200, 503, 503]);
    expect((await strict.get('/dicom-web/studies')).status).toBe(200);
    const slow = await strict.get('/dicom-web/studies');
    expect([slow.headers.get('retry-after'), ...(await codeOf(slow))]).toEqual(['1', 429, 'too-many-requests']);
    const other = strict.auth.issueToken({ name: 'other', role: 'reader' });
    expect((await strict.get('/dicom-web/studies', { authorization: `Bearer ${other}` })).status).toBe(200);
  } finally {
    await strict.close();
  }
}, 30_000);
