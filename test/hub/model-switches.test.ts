/** The switch over a real registry and report writer: it survives a restart, holds for jobs that wait, and is told in reports. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FamilySwitch } from '../../src/api/operations-port.ts';
import { readInstanceHeader } from '../../src/dicom/instance-header.ts';
import { readPart10 } from '../../src/dicom/part10.ts';
import { FirstreadError } from '../../src/errors.ts';
import { createModelSwitches, type ModelSwitches } from '../../src/hub/model-switches.ts';
import { startOutcomePump } from '../../src/hub/outcome-pump.ts';
import { createReportWriter } from '../../src/hub/report-writer.ts';
import { fileKeyOf } from '../../src/intake/file-key.ts';
import { createSpool, SPOOL_LIMITS } from '../../src/intake/spool.ts';
import { realFileSystem } from '../../src/intake/spool-file-system.ts';
import type { JobEnd } from '../../src/queue/job-queue.ts';
import { openRegistry, type Registry } from '../../src/registry/registry.ts';
import type { StudyEvent } from '../../src/study/events.ts';
import type { AnalysisOutcome, ModelReference, Study } from '../../src/study/types.ts';
import { smallChest } from '../e2e/small-chest.ts';
import { finding, ORDINARY, scored } from '../study/sample-studies.ts';

const OFF: FamilySwitch = { on: false, atMs: 100, by: 'operator', reason: 'flags everything' };
const ON: FamilySwitch = { on: true, atMs: 200, by: 'operator', reason: 'calibrated' };
const BOTH = scored(finding('tuberculosis', 87), finding('lung nodule', 12, 50));

let root: string;
let registry: Registry;
let switches: ModelSwitches;
let told: string[];
let troubles: unknown[];
let isDiskFull: boolean;

const engine = {
  applySoon: (uid: string, event: StudyEvent): Promise<Study> =>
    registry.commitSoon(() => {
      if (isDiskFull) throw new FirstreadError('storage-full');
      return registry.applyStudyEvent(uid, event, 1_000).study;
    }),
};
const open = (): void => {
  registry = openRegistry(join(root, 'registry.sqlite'));
  switches = createModelSwitches({ registry, engine: () => engine, onSwitched: (family, { on }) => told.push(`${family} ${on ? 'on' : 'off'}`), onTrouble: (error) => troubles.push(error) });
};
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'firstread-switches-'));
  told = [];
  troubles = [];
  isDiskFull = false;
  open();
});
afterEach(() => {
  registry.close();
  rmSync(root, { recursive: true, force: true });
});

async function receive(key: string, studyKey = key) {
  const bytes = smallChest({ key, studyKey });
  const { meta, dataSet, dataSetOffset } = readPart10(bytes);
  const header = readInstanceHeader(dataSet, meta);
  const contentSha256 = createHash('sha256').update(bytes.subarray(dataSetOffset)).digest('hex');
  const fileKey = fileKeyOf(header.sopInstanceUid, header.transferSyntaxUid, contentSha256);
  const spool = await createSpool(join(root, 'spool'), realFileSystem, SPOOL_LIMITS);
  await spool.put('instances', fileKey, bytes);
  registry.recordInstance({ header, contentSha256, fileKey, byteLength: bytes.byteLength, origin: { callingAeTitle: 'A', calledAeTitle: 'B', remoteAddress: '::1', receivedAtMs: 0 } }, ORDINARY, 0);
  return { studyInstanceUid: header.studyInstanceUid, sopInstanceUid: header.sopInstanceUid, contentSha256, spool };
}
type Received = Awaited<ReturnType<typeof receive>>;

/** As the queue hands an answer over: through the hub's own pump. */
async function answer({ studyInstanceUid, sopInstanceUid, contentSha256 }: Received, outcome: AnalysisOutcome): Promise<void> {
  const end = { kind: 'completed', job: { jobId: 'j', studyInstanceUid, sopInstanceUid, contentSha256 }, outcome } as unknown as JobEnd;
  let waiting = [end];
  await new Promise<void>((resolve, reject) => {
    const pump = startOutcomePump({
      queue: { ended: async () => waiting, acknowledge: async () => void (waiting = []), onEnded: () => undefined },
      engine, withhold: (given) => switches.withhold(given), onTrouble: reject,
      onOutcome: () => void pump.stop().then(resolve),
    });
  });
}

test('it survives a restart, with its reasons; the notice is there for every page', () => {
  expect(switches.notices()).toEqual([]);
  expect(switches.change('tuberculosis', OFF)).toBe('done');
  expect(switches.change('tuberculosis', { ...OFF, by: 'another' })).toBe('unchanged');
  registry.close();
  open();
  expect(switches.isOn('tuberculosis')).toBe(false);
  expect(switches.isOn('lung nodule')).toBe(true);
  expect(switches.notices()).toEqual([{ kind: 'family-off', family: 'tuberculosis', ...OFF }]);
  switches.change('tuberculosis', ON);
  expect(switches.board('tuberculosis')).toEqual({ family: 'tuberculosis', on: true, switches: [ON, OFF] });
  expect(told).toEqual(['tuberculosis off', 'tuberculosis on']);
});

test('a job that waited or was under way answers after the switch: its finding is withheld, not its nodule', async () => {
  const film = await receive('one');
  switches.change('tuberculosis', OFF);
  await answer(film, BOTH);
  expect(registry.study(film.studyInstanceUid)).toMatchObject({
    priority: 'routine', assessment: { findings: [{ family: 'lung nodule' }], notAssessed: [{ family: 'tuberculosis', reason: { code: 'model-off' } }] },
  });
});

describe('flags', () => {
  test('one that was given stays through off and on, and nothing is asked again for it', async () => {
    const film = await receive('one');
    await answer(film, BOTH);
    const before = registry.study(film.studyInstanceUid);
    switches.change('tuberculosis', OFF);
    switches.change('tuberculosis', ON);
    await switches.settled();
    expect(registry.study(film.studyInstanceUid)).toEqual(before);
    expect(before?.priority).toBe('urgent');
  });

  test('one that was missed comes when it is on again, for studies that nobody has read; the read ones are left alone', async () => {
    const [unread, read] = [await receive('one'), await receive('two')];
    switches.change('tuberculosis', OFF);
    for (const film of [unread, read]) await answer(film, BOTH);
    registry.applyStudyEvent(read.studyInstanceUid, { kind: 'read', by: 'anna', where: 'here' }, 500);
    switches.change('tuberculosis', ON);
    await switches.settled();
    expect(registry.study(unread.studyInstanceUid)?.state).toBe('analysing');
    expect(registry.study(read.studyInstanceUid)?.state).not.toBe('analysing');
    expect(registry.events(unread.studyInstanceUid).at(-1)?.event).toMatchObject({ kind: 'retried', by: 'operator' });
    await answer(unread, BOTH);
    expect(registry.study(unread.studyInstanceUid)).toMatchObject({ priority: 'urgent', assessment: { notAssessed: [] } });
  });

  test('of two films of a study the one that missed its answer is asked again, whatever the other one said', async () => {
    const [first, second] = [await receive('one'), await receive('two', 'one')];
    await answer(first, scored(finding('tuberculosis', 3), finding('lung nodule', 12, 50)));
    switches.change('tuberculosis', OFF);
    await answer(second, BOTH);
    expect(registry.study(first.studyInstanceUid)?.priority).toBe('routine');
    // Said in the row, for the page's other language, and kept through a restart.
    registry.close();
    open();
    expect(registry.row(first.studyInstanceUid, 1_000)).toMatchObject({
      partlyNotAssessed: [{ family: 'tuberculosis', reason: { code: 'model-off' } }],
      reason: { text: 'Below threshold: lung nodule 12, tuberculosis 3 · another image not assessed for tuberculosis: model switched off' },
    });
    switches.change('tuberculosis', ON);
    await switches.settled();
    await answer(second, BOTH);
    expect(registry.study(first.studyInstanceUid)).toMatchObject({ priority: 'urgent', reason: { code: 'flagged', text: expect.not.stringContaining('not assessed') } });
    expect(registry.row(first.studyInstanceUid, 1_000)?.partlyNotAssessed).toEqual([]);
  });

  test('an answer that was withheld a moment before, and is not on the disk yet, is not overlooked', async () => {
    const film = await receive('one');
    switches.change('tuberculosis', OFF);
    const taken = answer(film, BOTH);
    await new Promise((resolve) => process.nextTick(resolve));
    switches.change('tuberculosis', ON);
    await Promise.all([taken, switches.settled()]);
    expect(registry.study(film.studyInstanceUid)).toMatchObject({ state: 'analysing' });
  });

  test.each(['goes on when there is room again', 'goes on after a restart'])('asking again that a full disk cuts short %s, and only until it is done', async (how) => {
    const films = [await receive('one'), await receive('two')];
    switches.change('tuberculosis', OFF);
    for (const film of films) await answer(film, BOTH);
    isDiskFull = true;
    switches.change('tuberculosis', ON);
    await switches.settled();
    expect(troubles).toMatchObject([{ code: 'storage-full' }]);
    isDiskFull = false;
    if (how.endsWith('restart')) {
      registry.close();
      open();
    }
    switches.askWhatIsDue();
    await switches.settled();
    expect(films.map(({ studyInstanceUid }) => registry.study(studyInstanceUid)?.state)).toEqual(['analysing', 'analysing']);
    // One that fails again keeps its first answer; it is not asked for ever.
    await answer(films[0]!, { kind: 'unreadable', reason: { code: 'pixels-damaged', text: 'damaged' }, models: [] } as unknown as AnalysisOutcome);
    const before = registry.study(films[0]!.studyInstanceUid);
    switches.askWhatIsDue();
    await switches.settled();
    expect(registry.study(films[0]!.studyInstanceUid)).toEqual(before);
  });

  test('switched off again while it is being asked about: it ends as it was, and asks nobody for attention', async () => {
    const film = await receive('one');
    switches.change('tuberculosis', OFF);
    await answer(film, BOTH);
    switches.change('tuberculosis', ON);
    await switches.settled();
    switches.change('tuberculosis', { ...OFF, atMs: 300 });
    await answer(film, BOTH);
    const study = registry.study(film.studyInstanceUid);
    expect(study).toMatchObject({ state: 'assessed', assessment: { notAssessed: [{ reason: { code: 'model-off' } }] } });
    expect(study?.attention).toBeUndefined();
  });
});

test('the report says that the model was switched off, and no finding', async () => {
  const film = await receive('one');
  switches.change('tuberculosis', OFF);
  await answer(film, BOTH);
  const model: ModelReference = finding('tuberculosis', 1).model;
  await new Promise<void>((resolve, reject) => {
    const writer = createReportWriter({
      registry, spool: film.spool, families: [{ family: 'tuberculosis', models: [model] }], destinations: [], configurationSha256: 'b'.repeat(64), now: () => 1_000, previews: join(root, 'previews'),
      device: { manufacturer: 'Firstread', serialNumber: '1', softwareVersion: '0' }, engine: () => ({ changed: () => undefined, execute: () => undefined }),
      onWritten: () => void writer.close().then(resolve), onTrouble: (_uid, error) => reject(error), onPictureMissing: () => undefined,
    });
    writer.write(film.studyInstanceUid, 1);
  });
  const report = registry.reportsOf(film.studyInstanceUid).find(({ family }) => family === 'tuberculosis')!;
  expect(report.outcome).toBe('not-analysed');
  const written = Buffer.from(await film.spool.read('reports', report.fileKey, 0, 1 << 20)).toString('latin1');
  expect(written).toContain('model switched off');
  expect(written).not.toContain('Score 87');
});
