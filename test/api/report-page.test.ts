/** Reports as pages: read from the stored object, escaped, in both languages, with the film and its outlines; and as series over DICOMweb. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseDataSet } from '../../src/dicom/data-set.ts';
import { readReportDocument } from '../../src/dicom/structured-report.ts';
import { readPart10 } from '../../src/dicom/part10.ts';
import { writeDataSet } from '../../src/dicom/write-part10.ts';
import { reportPage } from '../../src/api/report-page/page.ts';
import { CONCEPTS_VI } from '../../src/api/report-page/words.ts';
import { inVietnamese } from '../../src/api/report-page/sentences.ts';
import { buildChestReport } from '../../src/report/chest-report.ts';
import * as coded from '../../src/report/coded-concepts.ts';
import { NOTICE } from '../../src/report/statements.ts';
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
    // The English of the code stays beside it; sentences of our own are translated, with what the report says in small.
    const html = pageOf('tb-flagged', 'vi');
    expect(html).toContain('<bdi>Điểm bất thường nghi lao</bdi> <small lang="en">TB abnormality score</small>');
    expect(html).toContain('<bdi>Điểm 87,43 trên 100, ngưỡng 41,5, ');
    expect(html).toContain(`<bdi>Chỉ để xếp thứ tự đọc. Không phải chẩn đoán: mọi phim vẫn phải do bác sĩ đọc.</bdi> <small lang="en">${NOTICE}</small>`);
    expect(pageOf('tb-not-analysed', 'vi')).toContain('<bdi>dữ liệu điểm ảnh bị hỏng</bdi> <small lang="en">the pixel data is damaged</small>');
    expect(concepts.filter((one) => CONCEPTS_VI[`${one.scheme} ${one.value}`] === undefined).map(({ meaning }) => meaning)).toEqual(['Processing Equipment']);
  });

  /** Nothing Vietnamese is left beside English: what is in no language's words is marked as English. */
  test.each(Object.keys(CASES) as CaseName[])('%s in Vietnamese: what stays in English is marked so', (name) => {
    const said = textOf(pageOf(name, 'vi').replace(/<(bdi|small|span)[^>]* lang="en"[^>]*>[^<]*<\/\1>/g, ' ').replace(/<(title|footer)>.*?<\/\1>/gs, ' ')).replace(/firstread-\w+/g, ' ');
    expect(said).not.toMatch(/\b(?:the|of|threshold|score|image|flagged|below|finding|tuberculosis|nodule|lung|not|was|reading|device|algorithm|parameters)\b/i);
    expect(said).toContain('Bệnh nhân');
  });

  test.each([
    ['Tuberculosis 91 (threshold 42) · STAT (AE title ER_DX1)', 'Lao phổi 91 (ngưỡng 42) · cấp cứu (AE title ER_DX1)'],
    ['Tuberculosis 91 (site threshold 41.5), lung nodule 66 (threshold 50) · Could not all be analysed: the pixel data is damaged · another image is still being analysed', 'Lao phổi 91 (ngưỡng của cơ sở 41,5), nốt phổi 66 (ngưỡng 50) · không phân tích được hết: dữ liệu điểm ảnh bị hỏng · ảnh khác còn đang phân tích'],
    ['Below threshold: tuberculosis 12, lung nodule 9', 'Dưới ngưỡng: lao phổi 12, nốt phổi 9'],
    ['Lung nodule 66 (threshold 50) · tuberculosis not assessed: patient younger than the model allows · critical from 90', 'Nốt phổi 66 (ngưỡng 50) · lao phổi không đánh giá: bệnh nhân nhỏ tuổi hơn mức mô hình cho phép · rất khẩn từ 90'],
    ['Score 87.43 of 100, site threshold 41.5, tuberculosis 0.4.0', 'Điểm 87,43 trên 100, ngưỡng của cơ sở 41,5, tuberculosis 0.4.0'],
  ])('%s', (line, expected) => expect(inVietnamese(line)).toBe(expected));

  test('a sentence that is not ours, or of which one part is not, stays as it is', () => {
    for (const text of ['Cavity in the right upper lobe', 'Tuberculosis 91 (threshold 42) · seen by nobody', 'Could not be analysed: something new', '']) expect([text, inVietnamese(text)]).toEqual([text, undefined]);
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

  test('a report without end is cut, and says so', () => {
    const item = { RelationshipType: 'CONTAINS', ValueType: 'TEXT', TextValue: 'x' };
    const dataSet = writeDataSet({ SOPInstanceUID: '2.25.1', ValueType: 'CONTAINER', ContentSequence: [{ RelationshipType: 'CONTAINS', ValueType: 'CONTAINER', ContentSequence: Array.from({ length: 4_000 }, () => item) }] } as never);
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
