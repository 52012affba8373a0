import { describe, expect, test } from 'vitest';
import { OPEN_ADMISSION, admitsSopClass, refuseAssociation, refuseObject } from '../../src/intake/admission.ts';

const call = { callingAeTitle: 'XRAY1 ', calledAeTitle: 'FIRSTREAD', remoteAddress: '::ffff:10.0.0.7' };

describe('associations', () => {
  test('open: anybody', () => expect(refuseAssociation(OPEN_ADMISSION, call)).toBeUndefined());
  test('called AE title not ours: reason 7', () =>
    expect(refuseAssociation({ ...OPEN_ADMISSION, calledAeTitles: ['OTHER'] }, call)).toMatchObject({ code: 'called-ae-unknown', result: 1, source: 1, reason: 7 }));
  test('calling AE title not listed: reason 3', () =>
    expect(refuseAssociation({ ...OPEN_ADMISSION, callingDevices: [{ aeTitle: 'XRAY2' }] }, call)).toMatchObject({ code: 'calling-ae-unknown', reason: 3 }));
  test('listed, from anywhere; padding does not count', () => expect(refuseAssociation({ ...OPEN_ADMISSION, callingDevices: [{ aeTitle: 'XRAY1' }] }, call)).toBeUndefined());
  test('listed with its address, IPv4 in IPv6 included', () =>
    expect(refuseAssociation({ ...OPEN_ADMISSION, callingDevices: [{ aeTitle: 'XRAY1', remoteAddresses: ['10.0.0.7'] }] }, call)).toBeUndefined());
  test('the right title from a wrong address', () =>
    expect(refuseAssociation({ ...OPEN_ADMISSION, callingDevices: [{ aeTitle: 'XRAY1', remoteAddresses: ['10.0.0.8'] }] }, call)).toMatchObject({ code: 'address-not-allowed', reason: 3 }));
  test('titles are compared as written: case matters', () =>
    expect(refuseAssociation({ ...OPEN_ADMISSION, callingDevices: [{ aeTitle: 'xray1' }] }, call)).toBeDefined());
});

describe('SOP classes', () => {
  test.each([
    ['Computed Radiography', '1.2.840.10008.5.1.4.1.1.1', true],
    ['retired: Nuclear Medicine', '1.2.840.10008.5.1.4.1.1.5', true],
    ['Encapsulated PDF', '1.2.840.10008.5.1.4.1.1.104.1', true],
    ['Hanging Protocol', '1.2.840.10008.5.1.4.38.1', true],
    ['retired: Hardcopy Grayscale Image', '1.2.840.10008.5.1.1.29', true],
    ['private', '1.3.12.2.1107.5.9.1', true],
    ['retired: RT Beams Delivery Instruction, trial', '1.2.840.10008.5.1.4.34.1', true],
    ['Inventory Query', '1.2.840.10008.5.1.4.1.1.201.2', false],
    ['Verification', '1.2.840.10008.1.1', false],
    ['Study Root Query', '1.2.840.10008.5.1.4.1.2.2.1', false],
    ['Modality Performed Procedure Step', '1.2.840.10008.3.1.2.3.3', false],
    ['Storage Commitment', '1.2.840.10008.1.20.1', false],
    ['not a UID', 'Secondary Capture', false],
  ])('%s', (_name, uid, taken) => expect(admitsSopClass(OPEN_ADMISSION, uid)).toBe(taken));

  test('private ones only where the policy says so', () => expect(admitsSopClass({ ...OPEN_ADMISSION, acceptPrivateSopClasses: false }, '1.3.12.2.1107.5.9.1')).toBe(false));
});

describe('instance UIDs', () => {
  test.each([
    ['1.2.3', undefined],
    ['1.2.003.4', undefined],
    ['', 'sop-instance-invalid'],
    ['../../x', 'sop-instance-invalid'],
    [`1.${'2'.repeat(63)}`, 'sop-instance-invalid'],
  ])('%s', (uid, refusal) => expect(refuseObject(OPEN_ADMISSION, '1.2.840.10008.5.1.4.1.1.1', uid)).toBe(refusal));
});
