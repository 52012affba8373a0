/** The link into the site's own viewer: which templates a site may set, and what becomes of odd identifiers. */
import { describe, expect, test } from 'vitest';
import { viewerLink } from '../../src/api/viewer-link.ts';
import { SETTINGS } from '../../src/config/settings.ts';

const facts = { studyInstanceUid: '1.2.3', accessionNumber: 'A 1&x=<y>', patientId: 'VN/001' };

test('identifiers are encoded, each in its place', () => {
  expect(viewerLink('https://pacs.example/open?study={StudyInstanceUID}&acc={AccessionNumber}', facts)).toBe('https://pacs.example/open?study=1.2.3&acc=A%201%26x%3D%3Cy%3E');
  expect(viewerLink('radiant://?n=pstv&v=00100020&v=%22{PatientID}%22', facts)).toBe('radiant://?n=pstv&v=00100020&v=%22VN%2F001%22');
});

test('no template, no link; and none that would open the wrong thing', () => {
  expect(viewerLink('', facts)).toBeNull();
  expect(viewerLink(undefined, facts)).toBeNull();
  expect(viewerLink('https://pacs.example/{AccessionNumber}', { ...facts, accessionNumber: '' })).toBeNull();
});

describe('the setting', () => {
  const set = (value: string): string => SETTINGS.viewerUrl.parse(value);
  test.each(['', 'https://pacs.example/viewer?StudyInstanceUIDs={StudyInstanceUID}', 'http://10.0.0.5:8080/{PatientID}/{StudyInstanceUID}', 'weasis://%24dicom%3Ars%20--url%20x%20-r%20studyUID%3D{StudyInstanceUID}', 'radiant://?v={AccessionNumber}'])('%s', (template) => expect(set(template)).toBe(template));
  test.each(['javascript:alert({StudyInstanceUID})', 'data:text/html,{PatientID}', 'file:///{PatientID}', 'ms-word:{PatientID}', 'https://pacs.example/', 'https://pacs.example/{PatientName}', 'https://pacs.example/{StudyInstanceUID', '//pacs.example/{StudyInstanceUID}', 'https://pacs.example/ {StudyInstanceUID}', 'https://x/"{StudyInstanceUID}'])('not %s', (template) => expect(() => set(template)).toThrow());
  test('a long one that almost fits is refused quickly', () => {
    const from = performance.now();
    expect(() => set(`https://x/${'{PatientID}a'.repeat(20_000)}<`)).toThrow();
    expect(performance.now() - from).toBeLessThan(1_000);
  });
});

test('origins are hosts, without paths', () => {
  expect(SETTINGS.dicomWebOrigins.parse('https://ohif.example, http://10.0.0.5:3000')).toEqual(['https://ohif.example', 'http://10.0.0.5:3000']);
  for (const origin of ['*', 'ohif.example', 'https://ohif.example/', 'https://a b', 'null']) expect(() => SETTINGS.dicomWebOrigins.parse(origin)).toThrow();
});
