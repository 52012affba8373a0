/**
 * docs/images/study.png, viewer.png, report.png and models.png: some drawn samples in a real hub with the shipped models,
 * one patient with a second view and an earlier film, in a real browser.
 *
 *   bin/node24 bench/viewer-pictures.ts
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drawChest } from '../fixtures/draw-chest.ts';
import { drawLateralChest } from '../fixtures/draw-other.ts';
import type { Canvas } from '../fixtures/canvas.ts';
import { writeImage } from '../fixtures/encode-pixels.ts';
import { sampleStudies } from '../fixtures/samples.ts';
import { readSendable, sendAll } from '../src/commands/send.ts';
import { uidFromHash } from '../src/dicom/uid.ts';
import { removeData, startHubProcess, temporaryData, untilSettled } from '../test/e2e/hub-process.ts';
import { openBrowser, openPage } from '../test/e2e/page-browser.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const SIDE = 1024;
const WHITE = 4095;

const data = temporaryData();
const folder = mkdtempSync(join(tmpdir(), 'firstread-pictures-'));
const studies = sampleStudies(Date.now()).slice(0, 6);
const [first] = studies;
const studyInstanceUid = first!.studyInstanceUid;

/** Of the first sample's patient. */
function film(name: string, study: string, date: string, viewPosition: string, { cells }: Canvas): string {
  const path = join(folder, `${name}.dcm`);
  writeFileSync(path, writeImage(
    {
      SpecificCharacterSet: 'ISO_IR 192', SOPClassUID: '1.2.840.10008.5.1.4.1.1.1.1', SOPInstanceUID: uidFromHash('picture', study, name), StudyInstanceUID: study, SeriesInstanceUID: uidFromHash('picture series', study, name),
      StudyDate: date, StudyTime: '081500', AccessionNumber: 'A1001', Modality: 'DX', PresentationIntentType: 'FOR PRESENTATION', Manufacturer: 'Firstread fixtures', InstitutionName: 'Bệnh viện mẫu', StationName: 'XQUANG1',
      StudyDescription: 'X-quang ngực thẳng', ReferringPhysicianName: '', PatientName: 'NGUYỄN^VĂN ĐỨC', PatientID: 'VN0001', PatientBirthDate: '19700101', PatientSex: 'M', PatientAge: '056Y',
      BodyPartExamined: 'CHEST', ViewPosition: viewPosition, StudyID: 'A1001', SeriesNumber: 1, InstanceNumber: 2, ImagerPixelSpacing: [0.36, 0.36], PatientOrientation: viewPosition === 'LL' ? ['A', 'F'] : ['L', 'F'],
    },
    { rows: SIDE, columns: SIDE, bitsStored: 12, values: Uint16Array.from(cells, (cell) => Math.round((0.04 + 0.92 * cell) * WHITE)) },
    '1.2.840.10008.1.2.4.80',
  ));
  return path;
}

const hub = await startHubProcess({ data, models: join(ROOT, 'models'), waitFor: 'listening' });
const send = (paths: readonly string[], callingAeTitle: string) => sendAll({ host: '127.0.0.1', port: hub.dicomPort, calledAeTitle: 'FIRSTREAD', callingAeTitle }, paths.map(readSendable), () => undefined);
await send([film('before', uidFromHash('picture study', 'before'), '20250312', 'PA', drawChest({ seed: 11, width: SIDE, height: SIDE, lesions: [] }))], 'XQUANG1');
for (const study of studies) {
  for (const sample of study.samples) writeFileSync(join(folder, sample.fileName), sample.bytes());
  await send(study.samples.map((sample) => join(folder, sample.fileName)), study.callingAeTitle);
}
await send([film('side', studyInstanceUid, new Date().toISOString().slice(0, 10).replaceAll('-', ''), 'LL', drawLateralChest(11, SIDE, SIDE))], 'XQUANG1');
await untilSettled(data, studies.length + 1, 600_000);
await hub.api(`/api/studies/${uidFromHash('picture study', 'before')}/read`, { method: 'POST' });

const browser = await openBrowser();
const { page } = await openPage(browser);
page.setDefaultTimeout(180_000); // a busy machine takes its time
await page.goto(hub.link);
await page.waitForSelector('tr.row');
const shot = async (name: string): Promise<void> => {
  await page.waitForTimeout(800);
  await page.screenshot({ path: join(ROOT, 'docs', 'images', `${name}.png`) });
  console.log(`docs/images/${name}.png`);
};
await page.goto(`${hub.httpUrl}/#study=${studyInstanceUid}`);
await page.waitForSelector('.picture[data-shown="reduced"]');
await page.keyboard.press('z');
await shot('study');
await page.goto(`${hub.httpUrl}/viewer/?study=${studyInstanceUid}&prior=${uidFromHash('picture study', 'before')}`);
for (const at of [0, 1]) await page.locator('.station').nth(at).and(page.locator('[data-shown="full"]')).waitFor();
await shot('viewer');
const { reports } = (await (await hub.api(`/api/studies/${studyInstanceUid}`)).json()) as { reports: { sopInstanceUid: string }[] };
await page.goto(`${hub.httpUrl}/api/reports/${reports[0]!.sopInstanceUid}/page`);
await shot('report');
await page.goto(`${hub.httpUrl}/operations.html#models`);
await page.waitForSelector('.model-card img');
await shot('models');
await browser.close();
await hub.stop();
removeData(data);
removeData(folder);
