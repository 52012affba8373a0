/** Reports as pages: read from the stored object, escaped, in both languages, with the film and its outlines; and as series over DICOMweb. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseDataSet } from '../../src/dicom/data-set.ts';
import { readReportDocument } from '../../src/dicom/structured-report.ts';
import { readPart10 } from '../../src/dicom/part10.ts';
import { writeDataSet } from '../../src/dicom/write-part10.ts';
import { reportPage } from '../../src/api/report-page/page.ts';
import { CONCEPTS_VI } from '../../src/api/report-page/words.ts';
import { buildChestReport } from '../../src/report/chest-report.ts';
import * as coded from '../../src/report/coded-concepts.ts';
import { CASES, STUDY_UID, type CaseName } from '../report/report-cases.ts';
import { testPicture } from '../inference/test-picture.ts';
import { dicomWebSite, storeReport, type DicomWebSite } from './dicomweb-site.ts';

const pageOf = (name: CaseName, language: 'en' | 'vi' = 'en'): string =>
  reportPage(readReportDocument(readPart10(buildChestReport(CASES[name]).bytes).dataSet), { language, sizeOf: () => ({ rows: 3000, columns: 2500 }) });
const textOf = (html: string): string => html.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');

describe('the page', () => {
  test.each(Object.keys(CASES) as CaseName[])('%s: who, what, how, and what it is not', (name) => {
    const text = textOf(pageOf(name));
    for (const words of ['AI – prioritisation only', 'NGUYỄN VĂN ĐỨC', 'VN0001', 'preliminary, not verified by a person', '2026-11-21 10:15', 'Not a diagnosis', 'firstread-']) expect(text).toContain(words);
    expect(text).not.toMatch(/\bnormal\b|\babsent\b(?!\.)/i);
  });

  test('the three kinds of statement', () => {
    expect(pageOf('tb-flagged')).toContain('<p class="verdict" data-tone="flagged">flagged</p>');
    expect(textOf(pageOf('tb-flagged'))).toMatch(/TB abnormality score\s+87\.43\s+score/);
    expect(textOf(pageOf('tb-flagged'))).toContain('threshold=41.5');
    expect(pageOf('tb-below-threshold')).toContain('<p class="verdict" data-tone="quiet">below threshold</p>');
    expect(pageOf('tb-not-analysed')).toContain('<p class="verdict" data-tone="attention">not analysed</p>');
    expect(textOf(pageOf('tb-not-analysed'))).toContain('the pixel data is damaged');
    expect(textOf(pageOf('nodule-flagged'))).toContain('Solitary nodule of lung');
  });

  test('in Vietnamese: every concept that our reports use', () => {
    const text = textOf(pageOf('tb-flagged', 'vi'));
    for (const words of ['AI – chỉ để xếp thứ tự ưu tiên', 'Bệnh nhân', 'gắn cờ', 'Điểm bất thường nghi lao', 'Không phải chẩn đoán', '21/11/2026', 'chưa được người xác nhận']) expect(text).toContain(words);
    const concepts = [coded.DCM, coded.SCT, coded.UMLS, coded.RADLEX, coded.UCUM, coded.FRD].flatMap((group) => Object.values(group) as coded.CodedConcept[]);
    // What machines look at only, and never stands in the tree.
    expect(concepts.filter((one) => CONCEPTS_VI[`${one.scheme} ${one.value}`] === undefined).map(({ meaning }) => meaning)).toEqual(['Processing Equipment']);
  });

  test('outlines lie on the film that they belong to', () => {
    const html = pageOf('tb-flagged');
    expect(html).toContain('<svg viewBox="0 0 2500 3000"');
    expect(html).toContain(`<image href="/dicom-web/studies/${STUDY_UID}/series/1.2.826.0.1.3680043.10.1462.2/instances/1.2.826.0.1.3680043.10.1462.3/rendered?viewport=900,900"`);
    expect(html).toContain('<polygon points="420,500 760.5,480.3 800,900 430,940 420,500"/>');
    expect(pageOf('tb-below-threshold')).not.toContain('<svg');
  });

  test('no script, no style, no handler; hostile text is text', () => {
    const evil = '<script>alert(1)</script>"\'><img src=x onerror=alert(1)>\u202eevil';
    const code = (meaning: string): object => ({ CodeValue: '1"><b>', CodingSchemeDesignator: 'X<i>', CodeMeaning: meaning });
    const dataSet = writeDataSet({
      SOPInstanceUID: '2.25.1', PatientName: evil, PatientID: evil, SeriesDescription: evil, StudyDescription: evil, ValueType: 'CONTAINER', ConceptNameCodeSequence: [code(evil)], StudyDate: '2026<b>',
      ContentSequence: [
        { RelationshipType: 'CONTAINS', ValueType: 'TEXT', ConceptNameCodeSequence: [code(evil)], TextValue: evil },
        { RelationshipType: 'CONTAINS', ValueType: 'CONTAINER', ConceptNameCodeSequence: [code(evil)], ContentSequence: [{ RelationshipType: 'CONTAINS', ValueType: 'CODE', ConceptCodeSequence: [code(evil)] }] },
      ],
    } as never);
    const html = reportPage(readReportDocument(parseDataSet(dataSet, '1.2.840.10008.1.2.1')), { language: 'en', sizeOf: () => undefined });
    expect(html).not.toMatch(/<script|<img|<b>|<i>|<[^>]*\s(on\w+|style)=|javascript:/i);
    expect(html.match(/<bdi>/g)!.length).toBeGreaterThan(5);
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });

  test('a report of 100,000 lines is cut, and says so', () => {
    const item = { RelationshipType: 'CONTAINS', ValueType: 'TEXT', TextValue: 'x' };
    const dataSet = writeDataSet({ SOPInstanceUID: '2.25.1', ValueType: 'CONTAINER', ContentSequence: [{ RelationshipType: 'CONTAINS', ValueType: 'CONTAINER', ContentSequence: Array.from({ length: 20_000 }, () => item) }] } as never);
    const html = reportPage(readReportDocument(parseDataSet(dataSet, '1.2.840.10008.1.2.1')), { language: 'en', sizeOf: () => undefined });
    expect(html.length).toBeLessThan(400_000);
    expect(html).toContain('The report goes on');
  });
});

describe('served', () => {
  let site: DicomWebSite;
  let uid = '';
  beforeAll(async () => {
    site = await dicomWebSite();
    uid = await storeReport(site, CASES['tb-flagged'], testPicture(1100, 1000, 12));
  });
  afterAll(() => site.close());

  test('as a page, with the strict policy, audited, in the language asked for', async () => {
    const page = await site.get(`/api/reports/${uid}/page`, { 'accept-language': 'vi-VN,vi;q=0.9' });
    const html = await page.text();
    expect([page.status, page.headers.get('content-type'), /<html lang="(..)">/.exec(html)?.[1]]).toEqual([200, 'text/html; charset=utf-8', 'vi']);
    expect(page.headers.get('content-security-policy')).not.toMatch(/unsafe/);
    expect(html).toContain('viewBox="0 0 1000 1100"');
    expect(await (await site.get(`/api/reports/${uid}/page?lang=en`)).text()).toContain('<html lang="en">');
    expect((await site.auditEntries()).filter(({ event, object }) => event === 'report-viewed' && object === uid).length).toBe(2);
    expect((await site.get('/report.css')).status).toBe(200);
    expect((await site.get(`/api/reports/${uid}/page?lang=xx`)).status).toBe(400);
    expect((await site.get('/api/reports/2.25.9/page')).status).toBe(404);
    expect((await fetch(`${site.origin}/api/reports/${uid}/page`)).status).toBe(401);
  });

  test('as a series of its study over DICOMweb', async () => {
    const [study] = (await (await site.get(`/dicom-web/studies?StudyInstanceUID=${STUDY_UID}`)).json()) as Record<string, { Value: unknown[] }>[];
    expect([study!['00080061']!.Value, study!['00201206']!.Value]).toEqual([['DX', 'SR'], [2]]);
    const [series] = (await (await site.get(`/dicom-web/studies/${STUDY_UID}/series?Modality=SR`)).json()) as Record<string, { Value: string[] }>[];
    expect(series!['0008103E']!.Value).toEqual(['AI: FLAGGED tuberculosis']);
    const path = `/dicom-web/studies/${STUDY_UID}/series/${series!['0020000E']!.Value[0]}/instances/${uid}`;
    const [header] = (await (await site.get(`${path}/metadata`)).json()) as Record<string, { Value: unknown[] }>[];
    expect(header).toMatchObject({ '00080016': { Value: ['1.2.840.10008.5.1.4.1.1.88.34'] }, '0040A040': { vr: 'CS', Value: ['CONTAINER'] }, '00100010': { Value: [{ Alphabetic: 'NGUYỄN^VĂN ĐỨC' }] } });
    expect((await site.get(path)).status).toBe(200);
    expect((await site.get(`/dicom-web/studies?ModalitiesInStudy=SR`)).status).toBe(200);
    expect((await site.get(`${path}/frames/1`)).status).toBe(404);
  });
});
