import { describe, expect, test } from 'vitest';
import { parseDataSet } from '../../src/dicom/data-set.ts';
import { readInstanceHeader } from '../../src/dicom/instance-header.ts';
import { patientAgeYears } from '../../src/dicom/patient-age.ts';
import { readPatientStudyModule } from '../../src/dicom/patient-study-module.ts';
import { readPart10 } from '../../src/dicom/part10.ts';
import { writeDataSet, writeDicom, type NaturalisedDataSet } from '../../src/dicom/write-part10.ts';

const EXPLICIT = '1.2.840.10008.1.2.1';
const headerOf = (dataSet: NaturalisedDataSet): ReturnType<typeof readInstanceHeader> => readInstanceHeader(parseDataSet(writeDataSet(dataSet), EXPLICIT), { transferSyntaxUid: EXPLICIT });

test('the facts of a chest film', () => {
  expect(
    headerOf({
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.1.1', SOPInstanceUID: '2.25.1', StudyInstanceUID: '2.25.2', SeriesInstanceUID: '2.25.3',
      PatientName: 'NGUYỄN^VĂN ĐỨC'.normalize('NFD'), PatientID: ' VN0001 ', PatientBirthDate: '19700131', PatientSex: 'M', StudyDate: '20261121', AccessionNumber: 'A1',
      Modality: 'DX', BodyPartExamined: 'CHEST', ViewPosition: 'PA', ImageType: ['ORIGINAL', 'PRIMARY', ''], PatientOrientation: ['L', 'F'], PresentationIntentType: 'FOR PRESENTATION',
      Rows: 3056, Columns: 2500, BitsAllocated: 16, BitsStored: 12, SamplesPerPixel: 1, PhotometricInterpretation: 'MONOCHROME1', ImagerPixelSpacing: ['0.148', '0.148'], PixelSpacing: ['0', '0'],
    }),
  ).toEqual({
    sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1', sopInstanceUid: '2.25.1', studyInstanceUid: '2.25.2', seriesInstanceUid: '2.25.3', transferSyntaxUid: EXPLICIT,
    patientName: 'NGUYỄN^VĂN ĐỨC'.normalize('NFC'), patientId: 'VN0001', patientBirthDate: '19700131', patientSex: 'M', patientAgeYears: 56, studyDate: '20261121', accessionNumber: 'A1',
    modality: 'DX', bodyPartExamined: 'CHEST', viewPosition: 'PA', imageType: ['ORIGINAL', 'PRIMARY', ''], patientOrientation: 'L\\F', presentationIntentType: 'FOR PRESENTATION',
    rows: 3056, columns: 2500, bitsAllocated: 16, bitsStored: 12, samplesPerPixel: 1, photometricInterpretation: 'MONOCHROME1', imagerPixelSpacing: [0.148, 0.148],
    hasPixelData: false, characterSetGuessed: false,
  });
});

test('the ward, where the device was told: where the patient lies, and who asked', () => {
  expect(headerOf({ SpecificCharacterSet: 'ISO_IR 192', CurrentPatientLocation: 'Khoa Nội 3', RequestingService: 'Cấp cứu' })).toMatchObject({ currentPatientLocation: 'Khoa Nội 3', requestingService: 'Cấp cứu' });
});

test('an empty data set is silent, and the command speaks for it', () => {
  expect(readInstanceHeader(parseDataSet(new Uint8Array(0), EXPLICIT), { transferSyntaxUid: EXPLICIT, sopClassUid: '1.2', sopInstanceUid: '1.3' })).toEqual({
    sopClassUid: '1.2', sopInstanceUid: '1.3', transferSyntaxUid: EXPLICIT, studyInstanceUid: '', hasPixelData: false, characterSetGuessed: false,
  });
});

test('view and body part from their code sequences where the plain attributes are missing', () => {
  const code = (value: string, scheme: string, meaning: string): NaturalisedDataSet => ({ CodeValue: value, CodingSchemeDesignator: scheme, CodeMeaning: meaning });
  const header = headerOf({ ViewCodeSequence: [code('R-10206', 'SNM3', 'antero-posterior')], AnatomicRegionSequence: [code('T-D3000', 'SRT', 'Chest')] });
  expect([header.viewPosition, header.bodyPartExamined]).toEqual(['AP', 'CHEST']);
  expect(headerOf({ AnatomicRegionSequence: [code('85562004', 'SCT', 'Hand')] }).bodyPartExamined).toBe('HAND');
});

describe('age', () => {
  test.each([
    ['045Y', undefined, undefined, 45],
    ['006M', undefined, undefined, 0.5],
    ['45', undefined, undefined, 45],
    ['000Y', '19700101', '20200101', 50],
    [undefined, '19700601', '20200531', 49],
    [undefined, '19700601', '20200601', 50],
    [undefined, '20200101', '19700101', undefined],
    [undefined, '00000000', '20200101', undefined],
    ['999Y', undefined, undefined, undefined],
    ['old', undefined, undefined, undefined],
    [undefined, '19700101', undefined, undefined],
  ])('%s, born %s, on %s: %s', (age, birth, study, years) => expect(patientAgeYears(age, birth, study)).toBe(years));
});

test('the patient and study of a source are repeated in a report, character for character', () => {
  const source: NaturalisedDataSet = {
    StudyInstanceUID: '2.25.2', StudyDate: '20261121', StudyTime: '101500', StudyID: 'S1', AccessionNumber: 'ACC-7', StudyDescription: 'Ngực thẳng',
    PatientName: 'NGUYỄN^VĂN ĐỨC=山田^太郎', PatientID: 'VN0001', IssuerOfPatientID: 'BV', PatientBirthDate: '', PatientSex: 'M', PatientAge: '056Y', ReferringPhysicianName: 'TRẦN^B',
    IssuerOfAccessionNumberSequence: [{ LocalNamespaceEntityID: 'HOSP', UniversalEntityID: '1.2.3', UniversalEntityIDType: 'ISO' }],
    ProcedureCodeSequence: [{ CodeValue: '36643-5', CodingSchemeDesignator: 'LN', CodeMeaning: 'XR Chest 2 Views' }],
  };
  const module = readPatientStudyModule(parseDataSet(writeDataSet({ ...source, Modality: 'DX', Rows: 3 }), EXPLICIT));
  expect(module).toEqual(source);
  const report = readPart10(writeDicom(module, { sopClassUid: '1.2.840.10008.5.1.4.1.1.88.34', sopInstanceUid: '2.25.9' }));
  expect(readPatientStudyModule(report.dataSet)).toEqual(source);
  expect(report.meta).toEqual({ transferSyntaxUid: EXPLICIT, sopClassUid: '1.2.840.10008.5.1.4.1.1.88.34', sopInstanceUid: '2.25.9' });
});

test('what a standard\'s length does not allow is cut, what is missing is empty', () => {
  const module = readPatientStudyModule(parseDataSet(writeDataSet({ PatientName: 'X'.repeat(200), AccessionNumber: '12345678901234567890' }), EXPLICIT));
  expect(module['PatientName']).toBe('X'.repeat(64));
  expect(module['AccessionNumber']).toBe('1234567890123456');
  expect([module['PatientID'], module['StudyID'], module['ReferringPhysicianName']]).toEqual(['', '', '']);
});

test('a keyword that does not exist is a mistake of ours', () => {
  expect(() => writeDataSet({ PatientNme: 'X' })).toThrow(/unknown keyword PatientNme/);
});
