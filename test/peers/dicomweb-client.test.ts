/**
 * dicomweb-client, the library that OHIF speaks DICOMweb with, and pydicom, against our service: what they ask for in
 * their own words, and what they make of the answers. dicomweb-client wants a browser's XMLHttpRequest: a small one over
 * fetch stands in for it.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeFrame, writeImage } from '../../fixtures/encode-pixels.ts';
import { dicomWebSite, storeReport, type DicomWebSite } from '../api/dicomweb-site.ts';
import { testPicture } from '../inference/test-picture.ts';
import { CASES, STUDY_UID } from '../report/report-cases.ts';
import { needPython, PYTHON } from './need-python.ts';

interface Client {
  searchForStudies(options?: object): Promise<Record<string, { Value?: unknown[] }>[]>;
  searchForSeries(options: object): Promise<Record<string, { Value?: unknown[] }>[]>;
  searchForInstances(options: object): Promise<object[]>;
  retrieveStudyMetadata(options: object): Promise<object[]>;
  retrieveSeriesMetadata(options: object): Promise<object[]>;
  retrieveInstanceMetadata(options: object): Promise<object[]>;
  retrieveInstance(options: object): Promise<ArrayBuffer>;
  retrieveSeries(options: object): Promise<ArrayBuffer[]>;
  retrieveStudy(options: object): Promise<ArrayBuffer[]>;
  retrieveInstanceFrames(options: object): Promise<ArrayBuffer[]>;
  retrieveInstanceRendered(options: object): Promise<ArrayBuffer[]>;
  retrieveInstanceFramesRendered(options: object): Promise<ArrayBuffer[]>;
  retrieveBulkData(options: object): Promise<ArrayBuffer[]>;
  storeInstances(options: object): Promise<unknown>;
}

/** As much of XMLHttpRequest as the client uses. */
class RequestOverFetch {
  readyState = 0;
  status = 0;
  response: unknown;
  responseType = '';
  onreadystatechange: () => void = () => undefined;
  private method = '';
  private url = '';
  private readonly headers: Record<string, string> = {};
  private answered = new Headers();
  open(method: string, url: string): void {
    this.method = method;
    this.url = url;
  }
  setRequestHeader(name: string, value: string): void {
    this.headers[name] = value;
  }
  getResponseHeader = (name: string): string | null => this.answered.get(name);
  getAllResponseHeaders = (): string => [...this.answered].map(([name, value]) => `${name}: ${value}`).join('\r\n');
  send(body?: ArrayBuffer): void {
    void fetch(this.url, { method: this.method, headers: this.headers, ...(body === undefined ? {} : { body }) }).then(async (answer) => {
      this.status = answer.status;
      this.answered = answer.headers;
      const bytes = await answer.arrayBuffer();
      this.response = this.responseType === 'arraybuffer' ? bytes : this.responseType === 'json' ? (bytes.byteLength === 0 ? null : JSON.parse(Buffer.from(bytes).toString())) : Buffer.from(bytes).toString();
      this.readyState = 4;
      this.onreadystatechange();
    });
  }
}

const JPEG_LS = '1.2.840.10008.1.2.4.80';
const picture = testPicture(64, 48, 12);
const at = { studyInstanceUID: '2.25.70', seriesInstanceUID: '2.25.71', sopInstanceUID: '2.25.72' };
const table = new Uint8Array(100_000).map((_, i) => i & 255);
const file = writeImage({ SOPClassUID: '1.2.840.10008.5.1.4.1.1.1.1', SOPInstanceUID: '2.25.72', StudyInstanceUID: '2.25.70', SeriesInstanceUID: '2.25.71', Modality: 'DX', PatientName: 'NGUYỄN^VĂN ĐỨC', PatientID: 'VN1', StudyDate: '20261121', ICCProfile: table }, picture, JPEG_LS);

let site: DicomWebSite;
let client: Client;
beforeAll(async () => {
  (globalThis as { XMLHttpRequest?: unknown }).XMLHttpRequest = RequestOverFetch;
  site = await dicomWebSite();
  await site.store(file);
  const { api } = createRequire(import.meta.url)('dicomweb-client') as { api: { DICOMwebClient: new (options: object) => Client } };
  client = new api.DICOMwebClient({ url: `${site.origin}/dicom-web`, headers: { Authorization: `Bearer ${site.token}` }, verbose: false });
});
afterAll(() => site.close());

describe('dicomweb-client', () => {
  test('searches as OHIF does, and finds nothing as nothing', async () => {
    const [study] = await client.searchForStudies({ queryParams: { PatientName: '*nguyen*', limit: 101, offset: 0, fuzzymatching: true, includefield: '00081030,00080060' } });
    expect(study!['0020000D']!.Value).toEqual(['2.25.70']);
    expect(await client.searchForStudies({ queryParams: { PatientID: 'nobody' } })).toEqual([]);
    expect((await client.searchForSeries(at)).length).toBe(1);
    expect((await client.searchForInstances(at)).length).toBe(1);
  });

  test('headers', async () => {
    expect([(await client.retrieveStudyMetadata(at)).length, (await client.retrieveSeriesMetadata(at)).length]).toEqual([1, 1]);
    expect(await client.retrieveInstanceMetadata(at)).toMatchObject([{ '00100010': { Value: [{ Alphabetic: 'NGUYỄN^VĂN ĐỨC' }] } }]);
  });

  test('objects', async () => {
    for (const bytes of [await client.retrieveInstance(at), (await client.retrieveSeries(at))[0]!, (await client.retrieveStudy(at))[0]!]) expect(Buffer.from(bytes).equals(Buffer.from(file))).toBe(true);
  });

  test('frames: samples unless it asks for what is stored', async () => {
    const [samples] = await client.retrieveInstanceFrames({ ...at, frameNumbers: [1] });
    expect(Buffer.from(samples!).equals(Buffer.from(picture.values.buffer))).toBe(true);
    const [stored] = await client.retrieveInstanceFrames({ ...at, frameNumbers: [1], mediaTypes: [{ mediaType: 'image/jls', transferSyntaxUID: JPEG_LS }] });
    const encoded = Buffer.from(encodeFrame(picture, JPEG_LS));
    expect(Buffer.from(stored!).subarray(0, encoded.length).equals(encoded)).toBe(true);
  });

  test('rendered', async () => {
    const jpeg = Buffer.from((await client.retrieveInstanceRendered({ ...at, mediaTypes: [{ mediaType: 'image/jpeg' }], queryParams: { viewport: [32, 32] } }))[0]!);
    expect([jpeg[0], jpeg[1]]).toEqual([0xff, 0xd8]);
    const png = Buffer.from((await client.retrieveInstanceFramesRendered({ ...at, frameNumbers: [1], mediaTypes: [{ mediaType: 'image/png' }] }))[0]!);
    expect(png.subarray(1, 4).toString()).toBe('PNG');
  });

  test('bulk data, by the address that the header gives', async () => {
    const [header] = (await client.retrieveInstanceMetadata(at)) as Record<string, { BulkDataURI?: string }>[];
    const [bytes] = await client.retrieveBulkData({ BulkDataURI: header!['00282000']!.BulkDataURI });
    expect(Buffer.from(bytes!).equals(Buffer.from(table))).toBe(true);
  });

  test('storing is refused', async () => {
    await expect(client.storeInstances({ datasets: [file.slice().buffer] })).rejects.toMatchObject({ status: 405 });
  });
});

describe.skipIf(!needPython('pydicom'))('pydicom', () => {
  test('reads our DICOM JSON of a report as the data set that the file has', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'firstread-pydicom-'));
    try {
      const uid = await storeReport(site, CASES['tb-flagged'], testPicture(40, 30, 12));
      const header = await (await site.get(`/dicom-web/studies/${STUDY_UID}/instances?SOPInstanceUID=${uid}`)).json() as Record<string, { Value: string[] }>[];
      const path = `/dicom-web/studies/${STUDY_UID}/series/${header[0]!['0020000E']!.Value[0]}/instances/${uid}`;
      writeFileSync(join(folder, 'header.json'), Buffer.from(await (await site.get(`${path}/metadata`)).arrayBuffer()));
      writeFileSync(join(folder, 'file.dcm'), Buffer.from(await (await site.get(path, { accept: 'application/dicom' })).arrayBuffer()));
      const program = `
import json, sys, pydicom
from pydicom.dataset import Dataset
theirs = pydicom.dcmread(sys.argv[1] + '/file.dcm')
ours = Dataset.from_json(json.load(open(sys.argv[1] + '/header.json', encoding='utf-8'))[0])
a, b = json.loads(theirs.to_json()), json.loads(ours.to_json())
print(json.dumps([k for k in sorted(set(a) | set(b)) if a.get(k) != b.get(k)]))
`;
      expect(JSON.parse(execFileSync(PYTHON, ['-c', program, folder], { encoding: 'utf8' }))).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
