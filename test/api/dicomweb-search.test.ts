/** QIDO-RS over HTTP, on a real registry: every search key, what is answered, pages, and what is refused. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeImage } from '../../fixtures/encode-pixels.ts';
import type { NaturalisedDataSet } from '../../src/dicom/write-part10.ts';
import { fits } from '../../src/api/dicomweb/search-routes.ts';
import { testPicture } from '../inference/test-picture.ts';
import { dicomWebSite, type DicomWebSite } from './dicomweb-site.ts';

const CR = '1.2.840.10008.5.1.4.1.1.1';
const image = (study: string, at: number, over: NaturalisedDataSet = {}): Uint8Array => writeImage({
  SOPClassUID: CR, SOPInstanceUID: `2.25.${study}.9.${at}`, StudyInstanceUID: `2.25.${study}`, SeriesInstanceUID: `2.25.${study}.${at}`, Modality: 'CR',
  PatientName: 'NGUYỄN^VĂN ĐỨC', PatientID: 'VN0001', PatientBirthDate: '19700131', PatientSex: 'M', StudyDate: '20261121', StudyTime: '101500', AccessionNumber: 'A1001', StudyID: 'S1',
  ReferringPhysicianName: 'BÁC^SĨ', StudyDescription: 'X-quang ngực thẳng', SeriesDescription: 'PA', SeriesNumber: at, InstanceNumber: 10 + at, BodyPartExamined: 'CHEST', ...over,
}, testPicture(12, 10, 12), '1.2.840.10008.1.2.1');

let site: DicomWebSite;
beforeAll(async () => {
  site = await dicomWebSite();
  await site.store(image('1', 1));
  await site.store(image('1', 2, { SeriesDescription: 'LAT' }));
  await site.store(image('2', 1, { PatientName: 'TRẦN^THỊ HƯƠNG', PatientID: 'VN0002', StudyDate: '20261120', AccessionNumber: 'A*1', Modality: 'DX', PatientBirthDate: '19580315' }));
  await site.store(image('3', 1, { PatientName: 'AL-HASHIMI^AHMED=الهاشمي^أحمد', PatientID: 'X[1]', StudyDate: '20250101', StudyTime: '235959.5', AccessionNumber: '', SeriesInstanceUID: undefined, StudyDescription: '' }));
});
afterAll(() => site.close());

type Answer = Record<string, { vr: string; Value?: unknown[] }>;
const search = async (path: string): Promise<{ status: number; answers: Answer[]; warning: string | null }> => {
  const response = await site.get(`/dicom-web${path}`);
  const body = await response.text();
  return { status: response.status, answers: response.status === 200 ? (JSON.parse(body) as Answer[]) : [], warning: response.headers.get('warning') };
};
const studies = async (query: string): Promise<unknown[]> => (await search(`/studies?${query}`)).answers.map((answer) => answer['0020000D']!.Value![0]).toSorted();

describe('studies', () => {
  test('what is told of a study', async () => {
    const { answers } = await search('/studies?StudyInstanceUID=2.25.1');
    expect(answers).toEqual([{
      '00080005': { vr: 'CS', Value: ['ISO_IR 192'] }, '00080020': { vr: 'DA', Value: ['20261121'] }, '00080030': { vr: 'TM', Value: ['101500'] }, '00080050': { vr: 'SH', Value: ['A1001'] },
      '00080056': { vr: 'CS', Value: ['ONLINE'] }, '00080061': { vr: 'CS', Value: ['CR'] }, '00080090': { vr: 'PN', Value: [{ Alphabetic: 'BÁC^SĨ' }] }, '00081030': { vr: 'LO', Value: ['X-quang ngực thẳng'] },
      '00081190': { vr: 'UR', Value: [`${site.origin}/dicom-web/studies/2.25.1`] }, '00100010': { vr: 'PN', Value: [{ Alphabetic: 'NGUYỄN^VĂN ĐỨC' }] }, '00100020': { vr: 'LO', Value: ['VN0001'] },
      '00100030': { vr: 'DA', Value: ['19700131'] }, '00100040': { vr: 'CS', Value: ['M'] }, '0020000D': { vr: 'UI', Value: ['2.25.1'] }, '00200010': { vr: 'SH', Value: ['S1'] },
      '00201206': { vr: 'IS', Value: [2] }, '00201208': { vr: 'IS', Value: [2] },
    }]);
    const [named] = (await search('/studies?PatientID=X%5B1%5D&includefield=SOPClassesInStudy,00081030')).answers;
    expect(named).toMatchObject({ '00100010': { Value: [{ Alphabetic: 'AL-HASHIMI^AHMED', Ideographic: 'الهاشمي^أحمد' }] }, '00080062': { vr: 'UI', Value: [CR] }, '00081030': { vr: 'LO' }, '00080050': { vr: 'SH' } });
    expect('Value' in named!['00080050']!).toBe(false);
  });

  test.each([
    ['PatientName=NGUY%E1%BB%84N%5EV%C4%82N%20%C4%90%E1%BB%A8C', ['2.25.1']],
    ['PatientName=nguyen%5Evan%20duc', ['2.25.1']],
    ['PatientName=nguyen', []],
    ['PatientName=*nguyen*', ['2.25.1']],
    ['PatientName=nguyen*', ['2.25.1']],
    ['00100010=T*H%C6%AF%C6%A0NG', ['2.25.2']],
    ['PatientName=tr?n*', ['2.25.2']],
    ['PatientName=duc%20nguyen&fuzzymatching=true', ['2.25.1']],
    ['PatientName=%25', []],
    ['PatientID=VN0001', ['2.25.1']],
    ['PatientID=VN*', ['2.25.1', '2.25.2']],
    ['PatientID=X%5B1%5D', ['2.25.3']],
    ['PatientID=X%5B?%5D', ['2.25.3']],
    ['AccessionNumber=A1001', ['2.25.1']],
    ['AccessionNumber=A?1', ['2.25.2']],
    ['StudyDate=20261121', ['2.25.1']],
    ['StudyDate=20261120-20261121', ['2.25.1', '2.25.2']],
    ['StudyDate=-20260101', ['2.25.3']],
    ['StudyDate=20261121-', ['2.25.1']],
    ['StudyTime=2359-235959', ['2.25.3']],
    ['PatientBirthDate=19580315', ['2.25.2']],
    ['ModalitiesInStudy=DX', ['2.25.2']],
    ['ModalitiesInStudy=CR%5CDX', ['2.25.1', '2.25.2', '2.25.3']],
    ['ModalitiesInStudy=SR', []],
    ['StudyDescription=*nguc*', ['2.25.1', '2.25.2']],
    ['StudyInstanceUID=2.25.1,2.25.3', ['2.25.1', '2.25.3']],
    ['SeriesInstanceUID=2.25.2.1', ['2.25.2']],
    ['SOPInstanceUID=2.25.3.9.1', ['2.25.3']],
    ['PatientName=&PatientID=', ['2.25.1', '2.25.2', '2.25.3']],
    ['PatientID=VN0001&StudyDate=20261120', []],
  ])('%s', async (query, found) => expect(await studies(query)).toEqual(found));

  test('nothing found is 204, pages are newest first, and more than a page is said', async () => {
    expect((await search('/studies?PatientID=nobody')).status).toBe(204);
    const first = await search('/studies?limit=2');
    expect([first.answers.length, first.warning]).toEqual([2, expect.stringContaining('more results')]);
    const second = await search('/studies?limit=2&offset=2');
    expect([second.answers.length, second.warning]).toEqual([1, null]);
  });

  test('keys that are not searched by are named; malformed ones are refused', async () => {
    const { answers, warning } = await search('/studies?OtherPatientIDs=1&PatientSex=M&%22%0A=1');
    expect([answers.length, warning]).toEqual([3, '299 - "These keys are not searched by here and match everything: OtherPatientIDs PatientSex ??"']);
    for (const query of ['limit=0', 'limit=x', 'offset=-1', 'offset=9999999', 'StudyDate=2026', 'StudyDate=-', 'StudyDate=20260101-20260102-3', 'StudyInstanceUID=a', 'ModalitiesInStudy=%27', `PatientName=${'x'.repeat(300)}`]) {
      expect([query, (await search(`/studies?${query}`)).status]).toEqual([query, 400]);
    }
    expect((await site.get('/dicom-web/studies', { accept: 'multipart/related; type="application/dicom+xml"' })).status).toBe(406);
  });
});

describe('series and instances', () => {
  test('of a study', async () => {
    const { answers } = await search('/studies/2.25.1/series');
    expect(answers.map((answer) => answer['0020000E']!.Value![0])).toEqual(['2.25.1.1', '2.25.1.2']);
    expect(answers[1]).toMatchObject({ '00080060': { Value: ['CR'] }, '0008103E': { Value: ['LAT'] }, '00200011': { vr: 'IS', Value: [2] }, '00201209': { Value: [1] }, '0020000D': { Value: ['2.25.1'] }, '00081190': { Value: [`${site.origin}/dicom-web/studies/2.25.1/series/2.25.1.2`] } });
    expect(answers[1]!['00100010']).toBeUndefined();
    expect((await search('/studies/2.25.1/series?SeriesDescription=la*')).answers.length).toBe(1);
    expect((await search('/studies/2.25.1/series?Modality=DX')).status).toBe(204);
    expect((await search('/studies/2.25.1/series?PatientName=')).answers[0]!['00100010']).toBeDefined();
  });

  test('instances of a study and of a series', async () => {
    expect((await search('/studies/2.25.1/instances')).answers.length).toBe(2);
    const { answers } = await search('/studies/2.25.1/series/2.25.1.2/instances?includefield=ViewPosition');
    expect(answers).toMatchObject([{ '00080016': { Value: [CR] }, '00080018': { Value: ['2.25.1.9.2'] }, '00083002': { Value: ['1.2.840.10008.1.2.1'] }, '00200013': { Value: [12] }, '00280010': { vr: 'US', Value: [12] }, '00280011': { Value: [10] }, '00280100': { Value: [16] }, '00185101': { vr: 'CS' } }]);
    expect((await search('/studies/2.25.1/instances?InstanceNumber=11')).answers.length).toBe(1);
  });

  test('of all studies', async () => {
    expect((await search('/series')).answers.length).toBe(4);
    expect((await search('/series?Modality=DX')).answers).toMatchObject([{ '0020000E': { Value: ['2.25.2.1'] }, '00100020': { Value: ['VN0002'] } }]);
    expect((await search('/instances?SOPInstanceUID=2.25.1.9.2')).answers).toMatchObject([{ '00080018': { Value: ['2.25.1.9.2'] }, '0008103E': { Value: ['LAT'] } }]);
    expect((await search('/instances?limit=1&offset=3')).answers.length).toBe(1);
  });

  test('a series that its sender left without an identifier has one of ours, the same everywhere', async () => {
    const [series] = (await search('/studies/2.25.3/series')).answers;
    const uid = series!['0020000E']!.Value![0] as string;
    expect(uid).toMatch(/^2\.25\.\d+$/);
    const [header] = (await (await site.get(`/dicom-web/studies/2.25.3/series/${uid}/instances/2.25.3.9.1/metadata`)).json()) as Answer[];
    expect(header!['0020000E']!.Value).toEqual([uid]);
  });

  test('studies and series that are not there', async () => {
    for (const path of ['/studies/2.25.99/series', '/studies/2.25.99/instances', '/studies/2.25.1/series/2.25.2.1/instances']) expect([path, (await search(path)).status]).toEqual([path, 404]);
  });
});

test('wildcards, also patterns made to be slow', () => {
  expect([fits('a*c', 'ABC'), fits('a?c', 'abc'), fits('*', ''), fits('?', ''), fits('a*', 'ba'), fits('**x', 'aax'), fits(undefined, undefined), fits('[a]', '[A]')]).toEqual([true, true, true, false, false, true, true, true]);
  const from = performance.now();
  expect(fits(`${'a*'.repeat(100)}b`, 'a'.repeat(60_000))).toBe(false);
  expect(performance.now() - from).toBeLessThan(2_000);
});
