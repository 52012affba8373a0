import { chmodSync, mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dataFolder, lockDataFolder, readHubAddress, writeHubAddress } from '../../src/hub/data-folder.ts';
import { callingDevice, isFinalReport } from '../../src/hub/intake-side.ts';
import { orderContext } from '../../src/hub/order-context.ts';
import { readOrMakeSecrets } from '../../src/hub/secrets.ts';
import type { InstanceHeader, InstanceOrigin } from '../../src/study/types.ts';

const temporary = (): string => mkdtempSync(join(tmpdir(), 'firstread-hub-'));

describe('order context', () => {
  const rules = { statCallingAeTitles: ['CAPCUU'], statCalledAeTitles: ['FR_STAT'], inpatientCallingAeTitles: ['MOBILE1'] };
  const header: InstanceHeader = { sopInstanceUid: '1.2', sopClassUid: '1.3', transferSyntaxUid: '1.4', studyInstanceUid: '1.5', hasPixelData: true, characterSetGuessed: false };
  const origin: InstanceOrigin = { callingAeTitle: 'XQ', calledAeTitle: 'FIRSTREAD', remoteAddress: '::1', receivedAtMs: 0 };

  test.each([
    ['an ordinary device', header, origin, { stat: false, inpatient: false }],
    ['the emergency room', header, { ...origin, callingAeTitle: 'CAPCUU ' }, { stat: true, statSource: 'device CAPCUU', inpatient: false }],
    ['the second send button', header, { ...origin, calledAeTitle: 'FR_STAT' }, { stat: true, statSource: 'sent to FR_STAT', inpatient: false }],
    ['the order says so', { ...header, requestedProcedurePriority: 'stat' }, origin, { stat: true, statSource: 'order priority STAT', inpatient: false }],
    ['the order says routine', { ...header, requestedProcedurePriority: 'ROUTINE' }, origin, { stat: false, inpatient: false }],
    ['a ward\'s device, with an age', { ...header, patientAgeYears: 71 }, { ...origin, callingAeTitle: 'MOBILE1' }, { stat: false, inpatient: true, patientAgeYears: 71 }],
  ])('%s', (_name, from, at, expected) => {
    expect(orderContext(from, at, rules)).toEqual(expected);
  });
});

test.each([
  ['XQUANG1', { aeTitle: 'XQUANG1' }],
  ['XQUANG1@10.0.0.7', { aeTitle: 'XQUANG1', remoteAddresses: ['10.0.0.7'] }],
  ['XQUANG1@::1', { aeTitle: 'XQUANG1', remoteAddresses: ['::1'] }],
  ['X@RAY', { aeTitle: 'X@RAY' }],
])('who may send: %s', (entry, expected) => {
  expect(callingDevice(entry)).toEqual(expected);
});

describe('a final report seen elsewhere', () => {
  const sr: InstanceHeader = { sopInstanceUid: '1.2', sopClassUid: '1.2.840.10008.5.1.4.1.1.88.11', transferSyntaxUid: '1.4', studyInstanceUid: '1.5', hasPixelData: false, characterSetGuessed: false, completionFlag: 'COMPLETE', verificationFlag: 'VERIFIED' };
  test.each([
    ['verified by a person', sr, true],
    ['verified, and final', { ...sr, preliminaryFlag: 'FINAL' }, true],
    ['ours, come back from the PACS', { ...sr, verificationFlag: 'UNVERIFIED', preliminaryFlag: 'PRELIMINARY' }, false],
    ['verified but preliminary', { ...sr, preliminaryFlag: 'PRELIMINARY' }, false],
    ['an image', { ...sr, sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1' }, false],
  ])('%s', (_name, header, expected) => {
    expect(isFinalReport(header)).toBe(expected);
  });
});

describe('data folder', () => {
  test('one hub at a time; free again when released', () => {
    const folder = dataFolder(temporary());
    const lock = lockDataFolder(folder);
    expect(() => lockDataFolder(folder)).toThrow(/another hub/);
    lock.release();
    lockDataFolder(folder).release();
  });

  test('a folder made beforehand, open to everybody, is closed', () => {
    const root = temporary();
    chmodSync(root, 0o755);
    lockDataFolder(dataFolder(root)).release();
    expect(statSync(root).mode & 0o777).toBe(0o700);
  });

  test('the address of a dead hub is not believed', () => {
    const folder = dataFolder(temporary());
    const address = { pid: process.pid, dicomPort: 1, httpUrl: 'http://127.0.0.1:2', pageUrl: 'http://127.0.0.1:2', token: 't' };
    writeHubAddress(folder, address);
    expect(readHubAddress(folder)).toEqual(address);
    writeHubAddress(folder, { ...address, pid: 2 ** 22 - 1 });
    expect(readHubAddress(folder)).toBeUndefined();
  });

  test('secrets are made once, for their owner only', () => {
    const root = temporary();
    expect(readOrMakeSecrets(root)).toEqual(readOrMakeSecrets(root));
  });
});
