import { describe, expect, test } from 'vitest';
import { isPlaceholderPatientId, isSamePatient, namesAgree, type PatientIdentity } from '../../src/dicom/same-patient.ts';

describe('placeholders for a patient ID', () => {
  test.each(['', ' ', '0', '1', '000', '0000000', '-', '---', 'xxxx', 'XXX', '99999', '123', '123456', '0123456789', 'UNKNOWN', 'unknown 12', 'N/A', 'Anonymous', 'Anonymized', 'TEST', 'test_01', 'Test-Patient', 'EMERGENCY3', 'Cấp cứu 3', 'VÔ DANH', 'không có', 'noid', 'ID', 'Phantom', undefined])('%j', (id) => {
    expect(isPlaceholderPatientId(id)).toBe(true);
  });
  test.each(['VN0001', '4000117', '12', '24/001234', 'BN240001234', '1234567890123', 'A-1', 'TESTA', 'P1', '79-0011223', '王1'])('%j is a number', (id) => {
    expect(isPlaceholderPatientId(id)).toBe(false);
  });
});

describe('names', () => {
  test.each<[string, string, boolean]>([
    ['NGUYỄN^VĂN ĐỨC', 'nguyen^van duc', true],
    ['NGUYỄN^VĂN ĐỨC', 'DUC NGUYEN VAN', true],
    ['NGUYỄN^VĂN ĐỨC'.normalize('NFD'), 'NGUYỄN^ĐỨC', true],
    ['NGUYỄN^VĂN ĐỨC', 'NGUYỄN^THỊ HOA', false],
    ['NGUYỄN^VĂN ĐỨC', 'TRẦN^BÌNH', false],
    ['王^小东', '王^小东=Wang^Xiaodong', true],
    ['王^小东', '李^小明', false],
    ['محمد^عبد الله', 'محمد^عبد الله', true],
    ['', '', false],
    ['O\'BRIEN^ANN', 'OBRIEN^ANN', true],
    ['O\'BRIEN', 'OBRIEN', false],
  ])('%s and %s', (a, b, agree) => {
    expect(namesAgree(a, b)).toBe(agree);
    expect(namesAgree(b, a)).toBe(agree);
  });
});

describe('the same patient', () => {
  const duc: PatientIdentity = { patientId: 'VN7', patientName: 'NGUYỄN^VĂN ĐỨC', patientBirthDate: '19700101', patientSex: 'M' };
  test.each<[string, Partial<PatientIdentity>, boolean]>([
    ['all the same', {}, true],
    ['blanks around the number', { patientId: ' VN7 ' }, true],
    ['another number', { patientId: 'VN8' }, false],
    ['an issuer on one side', { issuerOfPatientId: 'A' }, true],
    ['another birth date', { patientBirthDate: '19700102' }, false],
    ['no birth date', { patientBirthDate: '' }, true],
    ['another sex', { patientSex: 'F' }, false],
    ['sex unknown', { patientSex: 'O' }, true],
    ['no name, the birth date agrees', { patientName: '' }, true],
    ['no name, no birth date', { patientName: '', patientBirthDate: '' }, false],
    ['another name', { patientName: 'LÊ^HOA' }, false],
  ])('%s', (_what, over, same) => {
    expect(isSamePatient(duc, { ...duc, ...over })).toBe(same);
    expect(isSamePatient({ ...duc, ...over }, duc)).toBe(same);
  });
  test('a placeholder is nobody\'s number', () => {
    expect(isSamePatient({ ...duc, patientId: 'UNKNOWN' }, { ...duc, patientId: 'UNKNOWN' })).toBe(false);
  });
});
