/** What one commit records of an object that has just become durable: rows, originals that go on, and reports of persons. */
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { createRegistrar } from '../../src/hub/intake-side.ts';
import type { StoredInstance } from '../../src/registry/instance-rows.ts';
import type { InstanceHeader } from '../../src/study/types.ts';
import { image, opened } from '../registry/registry-folder.ts';
import { NOW_MS, STUDY_UID } from '../study/sample-studies.ts';

const FAR_MS = NOW_MS + 365 * 86_400_000;
const engine = { changed: () => undefined, execute: () => undefined };

function site() {
  const registry = opened();
  const { config } = loadConfig({}, {});
  const destinations = [{ name: 'pacs', kind: 'dimse', host: '10.0.0.9', calledAeTitle: 'PACS', sendOriginals: true }, { name: 'archive', kind: 'folder', sendOriginals: false }] as never;
  const registrar = createRegistrar({ config: { ...config, destinations }, registry, engine: engine as never, now: () => NOW_MS });
  const goOn = () => registry.dueDeliveries(FAR_MS, 100, 'pacs').map(({ fileKey, isOtherBytes }) => ({ fileKey, isOtherBytes }));
  return { registry, registrar, goOn };
}

const finalReport = (over: Partial<InstanceHeader> = {}): StoredInstance =>
  image('1.9', { sopClassUid: '1.2.840.10008.5.1.4.1.1.88.11', modality: 'SR', hasPixelData: false, verificationFlag: 'VERIFIED', completionFlag: 'COMPLETE', ...over });

describe('originals', () => {
  test('each goes on once; a duplicate does not, other bytes under its UID do, marked as such', async () => {
    const { registrar, goOn } = site();
    const [first, other] = [image('1.1', {}, 'A'), image('1.1', { patientId: 'OTHER' }, 'B')];
    expect([await registrar.record(first), await registrar.record(first), await registrar.record(other), await registrar.record(other)])
      .toEqual(['stored', 'duplicate', 'same-uid-other-bytes', 'duplicate']);
    expect(goOn()).toEqual([{ fileKey: first.fileKey, isOtherBytes: undefined }, { fileKey: other.fileKey, isOtherBytes: true }]);
  });
});

describe('an archive that routes back what it was sent', () => {
  const from = (stored: StoredInstance, origin: Partial<StoredInstance['origin']>): StoredInstance => ({ ...stored, origin: { ...stored.origin, ...origin } });

  test('its coerced copies are kept and do not go to it again, by its title or its address', async () => {
    const { registrar, goOn } = site();
    await registrar.record(image('1.1', {}, 'A'));
    expect(await registrar.record(from(image('1.1', {}, 'B'), { callingAeTitle: 'PACS' }))).toBe('same-uid-other-bytes');
    expect(await registrar.record(from(image('1.1', {}, 'C'), { remoteAddress: '::ffff:10.0.0.9' }))).toBe('same-uid-other-bytes');
    expect(goOn()).toHaveLength(1);
  });

  test('under a name that nobody knows, the circle ends after a few rounds', async () => {
    const { registrar, goOn } = site();
    for (let round = 0; round < 20; round += 1) await registrar.record(image('1.1', {}, `round ${round}`));
    expect(goOn()).toHaveLength(4);
  });
});

describe('a verified report', () => {
  const onList = (registry: ReturnType<typeof site>['registry']) => registry.worklist({ nowMs: NOW_MS }).rows.map(({ studyInstanceUid }) => studyInstanceUid);

  test('takes its study off the list', async () => {
    const { registry, registrar } = site();
    await registrar.record(image('1.1'));
    await registrar.record(finalReport());
    expect(onList(registry)).toEqual([]);
    expect(registry.study(STUDY_UID)?.readBy).toBe('final report');
  });

  test('of a study that could not be analysed reads it too', async () => {
    const { registry, registrar } = site();
    await registrar.record(image('1.1'));
    const { sopInstanceUid, contentSha256 } = registry.instancesOf(STUDY_UID)[0]!;
    registry.applyStudyEvent(STUDY_UID, { kind: 'analysisFailed', sopInstanceUid, contentSha256, error: 'crashed', attempts: 3 }, NOW_MS);
    expect(registry.study(STUDY_UID)?.attention?.code).toBe('quarantined');
    await registrar.record(finalReport());
    expect(registry.study(STUDY_UID)?.readBy).toBe('final report');
  });

  test.each<[string, Partial<InstanceHeader>, string]>([
    ['of another patient', { patientId: 'OTHER' }, 'study-of-other-patient'],
    ['under an identifier of another study', { sopInstanceUid: '1.1', studyInstanceUid: '8.8' }, 'uid-in-other-study'],
  ])('%s reads nothing: a human is asked', async (_what, over, code) => {
    const { registry, registrar } = site();
    await registrar.record(image('1.1'));
    await registrar.record(finalReport(over));
    const study = over.studyInstanceUid ?? STUDY_UID;
    expect(registry.study(study)?.attention?.code).toBe(code);
    expect(onList(registry)).toContain(study);
    expect(onList(registry)).toContain(STUDY_UID);
  });
});
