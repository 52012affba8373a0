/** Pictures of flagged findings, end to end: who wants them gets them and reports that name them; who does not, neither. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPart10 } from '../../src/dicom/part10.ts';
import { sendAll, readSendable } from '../../src/commands/send.ts';
import { needPeer } from '../peers/need-peer.ts';
import { removeData, startHubProcess, temporaryData, untilSettled, type HubProcess } from './hub-process.ts';
import { smallChest, studyUidOf } from './small-chest.ts';

const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';
const VISUAL_EXPLANATION = '130401';

interface Delivered {
  readonly path: string;
  readonly sopClassUid: string | undefined;
  readonly sopInstanceUid: string;
  /** The whole file, for what stands in it as text. */
  readonly text: string;
}

const deliveredTo = (folder: string): Delivered[] =>
  readdirSync(folder).filter((name) => name.endsWith('.dcm')).map((name) => {
    const path = join(folder, name);
    const bytes = readFileSync(path);
    const { sopClassUid, sopInstanceUid } = readPart10(bytes).meta;
    return { path, sopClassUid, sopInstanceUid: sopInstanceUid ?? '', text: bytes.toString('latin1') };
  });

describe('destinations with and without pictures', () => {
  const data = temporaryData();
  const outside = mkdtempSync(join(tmpdir(), 'firstread-pictures-'));
  const folder = (name: string): string => join(outside, name);
  let hub: HubProcess;

  beforeAll(async () => {
    for (const name of ['with', 'without', 'files']) mkdirSync(folder(name));
    const destinations = [
      { name: 'viewer', kind: 'folder', path: folder('with'), pictures: true },
      { name: 'archive', kind: 'folder', path: folder('without'), sopClass: 'comprehensive' },
    ];
    hub = await startHubProcess({ data, environment: { FIRSTREAD_DESTINATIONS: JSON.stringify(destinations) } });
    const film = join(folder('files'), 'film.dcm');
    writeFileSync(film, smallChest({ key: 'pictured' }));
    await sendAll({ host: '127.0.0.1', port: hub.dicomPort, calledAeTitle: 'FIRSTREAD', callingAeTitle: 'XQUANG1' }, [readSendable(film)], () => undefined);
  });
  afterAll(async () => {
    await hub?.stop();
    removeData(data);
    removeData(outside);
  });

  test('one picture for each flagged family; the reports beside it name it, the others do not', async () => {
    const [row] = await untilSettled(data, 1);
    const flagged = row!.findings.filter(({ flagged }) => flagged);
    expect(flagged.length).toBeGreaterThan(0);
    await expect.poll(() => [deliveredTo(folder('with')).length, deliveredTo(folder('without')).length], { timeout: 60_000 }).toEqual([2 * flagged.length, flagged.length]);

    const viewer = deliveredTo(folder('with'));
    const pictures = viewer.filter(({ sopClassUid }) => sopClassUid === SECONDARY_CAPTURE);
    const reports = viewer.filter(({ sopClassUid }) => sopClassUid !== SECONDARY_CAPTURE);
    expect(pictures).toHaveLength(flagged.length);
    for (const { text } of pictures) expect(text).toContain(studyUidOf('pictured'));
    for (const { text } of reports) {
      expect(text).toContain(VISUAL_EXPLANATION);
      expect(pictures.filter(({ sopInstanceUid }) => text.includes(sopInstanceUid))).toHaveLength(1);
    }
    for (const { text } of deliveredTo(folder('without'))) expect(text).not.toContain(VISUAL_EXPLANATION);
  });

  test.runIf(needPeer('dciodvfy'))('dciodvfy finds no error in any of them', () => {
    const delivered = [...deliveredTo(folder('with')), ...deliveredTo(folder('without'))];
    expect(delivered).not.toEqual([]);
    for (const { path } of delivered) {
      const { stdout, stderr } = spawnSync('dciodvfy', ['-new', path], { encoding: 'utf8' });
      expect(stdout + stderr).toMatch(/SCImage|Comprehensive/);
      expect((stdout + stderr).split('\n').filter((line) => line.startsWith('Error'))).toEqual([]);
    }
  });
});
