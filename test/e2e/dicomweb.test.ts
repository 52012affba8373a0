/** A film sent by a modality, read back over DICOMweb from a hub in a process of its own: found, byte for byte, in samples, rendered, with its report. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { partsOf } from '../api/dicomweb-site.ts';
import { needPeer } from '../peers/need-peer.ts';
import { removeData, startHubProcess, untilSettled, type HubProcess } from './hub-process.ts';
import { smallChest, studyUidOf } from './small-chest.ts';

describe.skipIf(!needPeer('storescu'))('storescu → hub → DICOMweb', () => {
  let hub: HubProcess;
  const folder = mkdtempSync(join(tmpdir(), 'firstread-e2e-dicomweb-'));
  const file = smallChest({ key: 'DW', patientName: 'NGUYỄN^VĂN ĐỨC' });

  beforeAll(async () => {
    hub = await startHubProcess({ settings: { 'dicom-web-origins': 'https://ohif.example', 'viewer-url': 'https://ohif.example/viewer?StudyInstanceUIDs={StudyInstanceUID}' } });
    writeFileSync(join(folder, 'film.dcm'), file);
    execFileSync('storescu', ['-aec', 'FIRSTREAD', '127.0.0.1', String(hub.dicomPort), join(folder, 'film.dcm')], { stdio: 'pipe' });
    await untilSettled(hub.data, 1);
  }, 120_000);
  afterAll(async () => {
    await hub?.stop();
    if (hub !== undefined) removeData(hub.data);
  });

  type Answer = Record<string, { Value: string[] }>;
  const json = async (path: string): Promise<Answer[]> => (await (await hub.api(`/dicom-web${path}`)).json()) as Answer[];

  test('found by name without accents; its report is a series beside it', async () => {
    const uid = studyUidOf('DW');
    expect((await json('/studies?PatientName=*nguyen%20van%20duc*'))[0]!['0020000D']!.Value).toEqual([uid]);
    await expect.poll(async () => (await json(`/studies/${uid}/series`)).map((series) => series['00080060']!.Value[0]).toSorted().filter((modality, at, all) => all.indexOf(modality) === at), { timeout: 60_000 }).toEqual(['DX', 'SR']);
    const [report] = await json(`/studies/${uid}/instances?Modality=SR`);
    const page = await hub.api(`/api/reports/${report!['00080018']!.Value[0]}/page?lang=vi`);
    expect([page.status, (await page.text()).includes('NGUYỄN VĂN ĐỨC')]).toEqual([200, true]);
    expect(((await (await hub.api(`/api/studies/${uid}`)).json()) as { viewerUrl: string }).viewerUrl).toBe(`https://ohif.example/viewer?StudyInstanceUIDs=${uid}`);
  });

  test('the object as it came, its samples, and its picture', async () => {
    const [image] = await json(`/studies/${studyUidOf('DW')}/instances?Modality=DX`);
    const path = image!['00081190']!.Value[0]!.replace(/^.*\/dicom-web/, '/dicom-web');
    const object = await hub.api(path);
    const [part] = partsOf(object.headers.get('content-type')!, Buffer.from(await object.arrayBuffer()));
    // What follows the file meta information, which the hub writes anew, is the sender's.
    expect(Buffer.from(file).subarray(-100_000).equals(part!.body.subarray(-100_000))).toBe(true);
    const samples = await hub.api(`${path}/frames/1`, { headers: { accept: 'application/octet-stream' } });
    expect(Buffer.from(await samples.arrayBuffer()).equals(Buffer.from(file).subarray(-256 * 256 * 2))).toBe(true);
    const picture = await hub.api(`${path}/rendered?viewport=64,64`, { headers: { origin: 'https://ohif.example' } });
    expect([picture.status, picture.headers.get('content-type'), picture.headers.get('access-control-allow-origin')]).toEqual([200, 'image/jpeg', 'https://ohif.example']);
    await picture.arrayBuffer();
  });
});
