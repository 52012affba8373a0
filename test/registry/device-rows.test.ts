import { describe, expect, test } from 'vitest';
import { createDeviceRows, REFUSALS_MAX } from '../../src/registry/device-rows.ts';
import { openDatabase } from '../../src/registry/database.ts';
import { NOW_MS, ORDINARY } from '../study/sample-studies.ts';
import { image, opened, registryPath } from './registry-folder.ts';

const attempt = (callingAeTitle: string, code = 'ae-not-allowed') => ({ callingAeTitle, calledAeTitle: 'FIRSTREAD', remoteAddress: '10.0.0.9', code, text: `${callingAeTitle} is not on the list` });

describe('refusals', () => {
  test('the same device knocking all night is one row with a number', () => {
    const registry = opened();
    for (let n = 0; n < 5; n += 1) registry.recordRefusal(attempt('XRAY'), NOW_MS + n);
    registry.recordRefusal(attempt('XRAY', 'syntax-not-supported'), NOW_MS + 9);
    expect(registry.refusals(10)).toMatchObject([
      { callingAeTitle: 'XRAY', code: 'syntax-not-supported', attemptCount: 1 },
      { callingAeTitle: 'XRAY', code: 'ae-not-allowed', attemptCount: 5, firstAtMs: NOW_MS, lastAtMs: NOW_MS + 4 },
    ]);
  });

  test('a flood of invented titles cannot fill the disk: the oldest go', () => {
    const database = openDatabase(registryPath(), false);
    const devices = createDeviceRows(database);
    database.transact(() => {
      for (let n = 0; n < REFUSALS_MAX + 20; n += 1) devices.recordRefusal({ ...attempt(`AE${n}`), text: 'no'.repeat(1) }, NOW_MS + n);
    });
    const kept = devices.refusals(REFUSALS_MAX * 2);
    expect(kept).toHaveLength(REFUSALS_MAX);
    expect(kept.at(-1)?.callingAeTitle).toBe('AE20');
    devices.recordRefusal(attempt('A'.repeat(5000)), NOW_MS * 2);
    expect(devices.refusals(1)[0]?.callingAeTitle.length).toBeLessThan(100);
    database.close();
  });
});

test('devices: by title and address, last seen, counts, and today', () => {
  const registry = opened();
  const from = (sopUid: string, remoteAddress: string, receivedAtMs: number) => {
    const one = image(sopUid, { studyInstanceUid: sopUid });
    return { ...one, origin: { ...one.origin, remoteAddress, receivedAtMs } };
  };
  const DAY_MS = 86_400_000;
  registry.recordInstance(from('1', '10.0.0.1', NOW_MS - DAY_MS), ORDINARY, NOW_MS);
  registry.recordInstance(from('2', '10.0.0.1', NOW_MS), ORDINARY, NOW_MS);
  registry.recordInstance(from('3', '10.0.0.2', NOW_MS - 2 * DAY_MS), ORDINARY, NOW_MS);
  registry.noteAssociation({ callingAeTitle: 'ROOM1', calledAeTitle: 'FIRSTREAD', remoteAddress: '10.0.0.1' }, NOW_MS - 5);
  expect(registry.devices(NOW_MS - 1000)).toMatchObject([
    { remoteAddress: '10.0.0.1', instanceCount: 2, byteCount: 2000, associationCount: 1, firstSeenAtMs: NOW_MS - DAY_MS, lastSeenAtMs: NOW_MS, recentInstanceCount: 1 },
    { remoteAddress: '10.0.0.2', instanceCount: 1, associationCount: 0, recentInstanceCount: 0 },
  ]);
});
