import { describe, expect, test } from 'vitest';
import { ASSOCIATIONS_BETWEEN_CLEARING, createDeviceRows, DEVICES_LISTED_MAX, IDLE_PEERS_MAX, REFUSALS_MAX } from '../../src/registry/device-rows.ts';
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

test('a flood of invented titles that open associations cannot fill the disk, nor hide or push out who sends', () => {
  const database = openDatabase(registryPath(), false);
  const devices = createDeviceRows(database);
  const peer = (callingAeTitle: string) => ({ callingAeTitle, calledAeTitle: 'FIRSTREAD', remoteAddress: '10.0.0.9' });
  const count = (): number => Number(database.get('SELECT count(*) AS n FROM devices')?.['n']);
  const SENDERS = 3;
  for (let n = 0; n < SENDERS; n += 1) devices.noteInstance({ ...peer(`ROOM${n}`), receivedAtMs: NOW_MS - 1_000 + n }, 10);
  database.transact(() => {
    for (let n = 0; n < IDLE_PEERS_MAX + 3 * ASSOCIATIONS_BETWEEN_CLEARING; n += 1) devices.noteAssociation(peer(`AE${n}`), NOW_MS + n);
  });
  expect(count()).toBeLessThan(IDLE_PEERS_MAX + ASSOCIATIONS_BETWEEN_CLEARING + SENDERS);
  const has = (callingAeTitle: string): boolean => database.get('SELECT 1 FROM devices WHERE calling_ae = ?', callingAeTitle) !== undefined;
  expect([has('AE0'), has(`AE${IDLE_PEERS_MAX}`), has('ROOM0')]).toEqual([false, true, true]);

  const listed = devices.devices(NOW_MS);
  expect(listed).toHaveLength(DEVICES_LISTED_MAX + SENDERS);
  expect(listed[0]?.callingAeTitle).toBe(`AE${IDLE_PEERS_MAX + 3 * ASSOCIATIONS_BETWEEN_CLEARING - 1}`);
  expect(listed.slice(-SENDERS).map(({ callingAeTitle }) => callingAeTitle)).toEqual(['ROOM2', 'ROOM1', 'ROOM0']);
  database.close();
});

test('a table that has grown before there was a limit shrinks with every few associations', () => {
  const database = openDatabase(registryPath(), false);
  database.run(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
     INSERT INTO devices SELECT 'OLD' || i, '10.0.0.9', 'F', i, i, 1, 0, 0 FROM n`,
    IDLE_PEERS_MAX + 2_000,
  );
  const devices = createDeviceRows(database);
  for (let n = 0; n < 4 * ASSOCIATIONS_BETWEEN_CLEARING; n += 1) devices.noteAssociation({ callingAeTitle: 'CT', calledAeTitle: 'F', remoteAddress: '10.0.0.1' }, NOW_MS + n);
  expect(Number(database.get('SELECT count(*) AS n FROM devices')?.['n'])).toBe(IDLE_PEERS_MAX);
  expect(devices.devices(0)[0]).toMatchObject({ callingAeTitle: 'CT', associationCount: 4 * ASSOCIATIONS_BETWEEN_CLEARING });
  database.close();
});
