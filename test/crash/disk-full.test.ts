/** A disk that fills up: A7xx, the association kept, list and API alive, recovers by itself; never 0000H for what is not kept. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPart10 } from '../../src/dicom/part10.ts';
import { VERIFICATION_UID } from '../../src/dimse/association.ts';
import { openAssociation, type Association } from '../../src/dimse/scu.ts';
import { startHubProcess, untilSettled, type HubProcess } from '../e2e/hub-process.ts';
import { smallChest } from '../e2e/small-chest.ts';
import type { SentObject } from './load.ts';
import { judgeData } from './oracle.ts';
import { createHash } from 'node:crypto';

const DX = '1.2.840.10008.5.1.4.1.1.1.1';
const EXPLICIT = '1.2.840.10008.1.2.1';
const DISK = 64 * 1024 * 1024;

const isRoot = process.getuid?.() === 0;
if (!isRoot && process.env['CI']) throw new Error('the disk-full test mounts a small file system: CI must run it as root');
if (!isRoot) console.warn('SKIPPED: disk-full tests (they mount a small file system, which needs root)');

// floor: refused before the disk is full. none: the disk is really full (ENOSPC).
describe.skipIf(!isRoot).each([['with a floor', 24 * 1024 * 1024], ['without a floor', 0]])('disk full %s', (_name, floorBytes) => {
  const disk = mkdtempSync(join(tmpdir(), 'firstread-disk-'));
  const data = join(disk, 'data');
  const ballast = join(disk, 'ballast');
  const acknowledged: SentObject[] = [];
  let hub: HubProcess;
  let association: Association;
  let sent = 0;

  beforeAll(async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', disk]);
    hub = await startHubProcess({ data, settings: { 'free-space-floor-bytes': String(floorBytes) } });
    association = await openAssociation({
      host: '127.0.0.1',
      port: hub.dicomPort,
      callingAeTitle: 'XQUANG',
      calledAeTitle: 'FIRSTREAD',
      presentationContexts: [
        { abstractSyntaxUid: DX, transferSyntaxUids: [EXPLICIT] },
        { abstractSyntaxUid: VERIFICATION_UID, transferSyntaxUids: [EXPLICIT] },
      ],
    });
  });
  afterAll(async () => {
    await association?.release();
    await hub?.stop();
    execFileSync('umount', ['-l', disk]);
    rmSync(disk, { recursive: true, force: true });
  });

  async function store(): Promise<number> {
    const bytes = smallChest({ key: `full-${floorBytes}-${sent++}` });
    const dataSet = bytes.subarray(readPart10(bytes).dataSetOffset);
    const sopInstanceUid = readPart10(bytes).meta.sopInstanceUid as string;
    const { status } = await association.cStore({ sopClassUid: DX, sopInstanceUid, transferSyntaxUid: EXPLICIT, dataSet });
    if (status === 0) acknowledged.push({ sopInstanceUid, contentSha256: createHash('sha256').update(dataSet).digest('hex') });
    return status;
  }

  test('stores, is refused with A7xx when full, answers C-ECHO and the API, and stores again when there is room', { timeout: 120_000 }, async () => {
    expect(await store()).toBe(0);
    writeFileSync(ballast, new Uint8Array(DISK - 20 * 1024 * 1024));
    let status = 0;
    for (let tries = 0; tries < 400 && status === 0; tries++) status = await store();
    expect(status >> 8).toBe(0xa7);
    expect(await association.cEcho()).toBe(0);
    expect((await fetch(`${hub.httpUrl}/healthz`)).status).toBe(200);
    expect((await hub.api('/api/worklist')).status).toBe(200);

    rmSync(ballast);
    await expect.poll(store, { timeout: 20_000, interval: 250 }).toBe(0);
    await untilSettled(data, acknowledged.length);
    expect(judgeData(data, acknowledged)).toMatchObject({ lost: [], notInSpool: [], unsettled: [], duplicateReports: [] });
  });
});
