/** The main job end to end, with DCMTK as modality and as PACS: received, durable, analysed, ranked, reported, delivered. */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPart10 } from '../../src/dicom/part10.ts';
import { uidFromHash } from '../../src/dicom/uid.ts';
import { writeDicom } from '../../src/dicom/write-part10.ts';
import { needPeer } from '../peers/need-peer.ts';
import { freePort, waitForPort } from '../peers/ports.ts';
import { removeData, startHubProcess, temporaryData, untilSettled, worklistOf, type HubProcess } from './hub-process.ts';
import { smallChest, studyUidOf } from './small-chest.ts';

const hasDcmtk = needPeer('storescu') && needPeer('storescp');

const dataSetHash = (file: Uint8Array): string => createHash('sha256').update(file.subarray(readPart10(file).dataSetOffset)).digest('hex');

const spoolHashes = (data: string): string[] =>
  readdirSync(join(data, 'spool', 'instances'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.dcm'))
    .map((name) => dataSetHash(readFileSync(join(data, 'spool', 'instances', name))));

describe.skipIf(!hasDcmtk)('storescu → hub → storescp', () => {
  let hub: HubProcess;
  let pacs: ReturnType<typeof spawn>;
  const data = temporaryData();
  const files = mkdtempSync(join(tmpdir(), 'firstread-files-'));
  const archive = mkdtempSync(join(tmpdir(), 'firstread-pacs-'));

  beforeAll(async () => {
    const pacsPort = await freePort();
    pacs = spawn('storescp', ['--aetitle', 'PACS', '-od', archive, '+xa', String(pacsPort)], { stdio: 'ignore' });
    await waitForPort(pacsPort);
    const destinations = [{ name: 'pacs', host: '127.0.0.1', port: pacsPort, calledAeTitle: 'PACS', sendOriginals: true, reportKinds: ['flagged', 'below-threshold', 'not-analysed'] }];
    hub = await startHubProcess({ data, environment: { FIRSTREAD_DESTINATIONS: JSON.stringify(destinations) }, settings: { 'stat-calling-ae-titles': 'CAPCUU' } });
  });
  afterAll(async () => {
    await hub?.stop();
    pacs?.kill();
    removeData(data);
  });

  const send = (path: string, callingAeTitle: string, ...more: string[]): void => {
    execFileSync('storescu', ['-aet', callingAeTitle, '-aec', 'FIRSTREAD', ...more, '127.0.0.1', String(hub.dicomPort), path], { stdio: 'pipe' });
  };

  test('every study is scored, reported and delivered; STAT ranks first; names survive', async () => {
    const sent = [
      { path: join(files, 'a.dcm'), bytes: smallChest({ key: 'A', patientName: 'NGUYỄN^VĂN ĐỨC' }), from: 'XQUANG1', options: ['-xe'] },
      { path: join(files, 'b.dcm'), bytes: smallChest({ key: 'B', transferSyntaxUid: '1.2.840.10008.1.2.4.70' }), from: 'XQUANG1', options: ['-xs'] },
      { path: join(files, 'c.dcm'), bytes: smallChest({ key: 'C' }), from: 'CAPCUU', options: ['-xe'] },
    ];
    for (const { path, bytes, from, options } of sent) {
      writeFileSync(path, bytes);
      send(path, from, ...options);
    }
    await untilSettled(data, 3);
    await expect.poll(() => worklistOf(data).map(({ state }) => state), { timeout: 60_000 }).toEqual(['delivered', 'delivered', 'delivered']);
    const rows = worklistOf(data);
    expect(rows[0]).toMatchObject({ studyInstanceUid: studyUidOf('C'), rank: 1, priority: 'critical', order: { stat: true } });
    expect(rows.find(({ studyInstanceUid }) => studyInstanceUid === studyUidOf('A'))).toMatchObject({ patientName: 'NGUYỄN^VĂN ĐỨC', accessionNumber: 'ACA', patientId: 'ID-A' });
    for (const row of rows) expect(row.findings.map(({ label }) => label).sort()).toEqual(['lung nodule', 'tuberculosis']);

    // What lies in the spool is what was sent, byte for byte.
    expect(spoolHashes(data).sort()).toEqual(sent.map(({ bytes }) => dataSetHash(bytes)).sort());

    // The PACS has the originals and one report for each finding family of each study.
    const archived = readdirSync(archive);
    expect(archived.filter((name) => name.startsWith('SR'))).toHaveLength(6);
    expect(archived).toHaveLength(9);
    const report = archived.filter((name) => name.startsWith('SR')).map((name) => execFileSync('dsrdump', [join(archive, name)], { encoding: 'utf8' })).join('\n');
    expect(report).toContain('NGUYỄN^VĂN ĐỨC');
    expect(report).toContain('Imaging Measurement Report');
  });

  test('the same file again changes nothing', () => {
    const before = worklistOf(data);
    send(join(files, 'a.dcm'), 'XQUANG1', '-xe');
    const after = worklistOf(data);
    expect(after.map(({ studyInstanceUid, revision, state }) => [studyInstanceUid, revision, state])).toEqual(before.map(({ studyInstanceUid, revision, state }) => [studyInstanceUid, revision, state]));
    expect(spoolHashes(data)).toHaveLength(3);
  });

  test('the same UID with other bytes: both kept, a human is asked, the first one stays', async () => {
    const conflict = join(files, 'a2.dcm');
    writeFileSync(conflict, smallChest({ key: 'A', mark: 4000 }));
    send(conflict, 'XQUANG1', '-xe');
    await expect.poll(() => worklistOf(data).find(({ studyInstanceUid }) => studyInstanceUid === studyUidOf('A'))?.state, { timeout: 60_000 }).toBe('attention');
    expect(spoolHashes(data)).toHaveLength(4);
  });

  test('the same picture in another encoding is a variant, not a conflict', async () => {
    const variant = join(files, 'c2.dcm');
    writeFileSync(variant, smallChest({ key: 'C', transferSyntaxUid: '1.2.840.10008.1.2.4.70' }));
    send(variant, 'CAPCUU', '-xs');
    await expect.poll(async () => (await hub.api(`/api/studies/${studyUidOf('C')}`).then((answer) => answer.text())).includes('variant'), { timeout: 60_000 }).toBe(true);
    expect(worklistOf(data).find(({ studyInstanceUid }) => studyInstanceUid === studyUidOf('C'))?.state).toBe('delivered');
  });

  test('an HTML page named .dcm is refused with a status, and the hub goes on', async () => {
    mkdirSync(join(files, 'html'), { recursive: true });
    const page = join(files, 'html', 'page.dcm');
    writeFileSync(page, '<!doctype html><title>not found</title>'.repeat(50));
    expect(() => send(page, 'XQUANG1')).toThrow();
    expect((await fetch(`${hub.httpUrl}/readyz`)).status).toBe(200);
  });

  test('read through the API: the study leaves the list, and comes back with a new image', async () => {
    const uid = studyUidOf('B');
    const answer = await hub.api(`/api/studies/${uid}/read`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
    expect(answer.status).toBe(200);
    expect(worklistOf(data).find(({ studyInstanceUid }) => studyInstanceUid === uid)?.rank).toBeNull();
    const second = join(files, 'b2.dcm');
    writeFileSync(second, smallChest({ key: 'B2', studyKey: 'B' }));
    send(second, 'XQUANG1', '-xe');
    await expect.poll(() => worklistOf(data).find(({ studyInstanceUid }) => studyInstanceUid === uid), { timeout: 60_000 }).toMatchObject({ state: 'delivered', revision: 2 });
    expect(worklistOf(data).find(({ studyInstanceUid }) => studyInstanceUid === uid)?.rank).not.toBeNull();
  });

  test('a verified report from elsewhere takes the study off the list', async () => {
    const report = join(files, 'final-sr.dcm');
    const sop = { sopClassUid: '1.2.840.10008.5.1.4.1.1.88.11', sopInstanceUid: uidFromHash('e2e final report') };
    writeFileSync(report, writeDicom({
      SOPClassUID: sop.sopClassUid, SOPInstanceUID: sop.sopInstanceUid, StudyInstanceUID: studyUidOf('C'), SeriesInstanceUID: uidFromHash('e2e final series'),
      Modality: 'SR', PatientID: 'ID-C', PatientName: 'NGUYỄN^C', CompletionFlag: 'COMPLETE', VerificationFlag: 'VERIFIED',
    }, sop));
    expect(worklistOf(data).find(({ studyInstanceUid }) => studyInstanceUid === studyUidOf('C'))?.rank).not.toBeNull();
    send(report, 'PACS');
    expect(worklistOf(data).find(({ studyInstanceUid }) => studyInstanceUid === studyUidOf('C'))).toMatchObject({ rank: null, readBy: 'final report' });
  });

  test('SIGTERM ends it in order', async () => {
    expect(await hub.stop()).toBe(0);
  });
});
