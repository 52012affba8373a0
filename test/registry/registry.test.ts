import { describe, expect, test } from 'vitest';
import type { StudyEvent } from '../../src/study/events.ts';
import { reduce } from '../../src/study/transition.ts';
import type { Study } from '../../src/study/types.ts';
import { analysed, finding, NOW_MS, ORDINARY, scored, STUDY_UID, UNREADABLE } from '../study/sample-studies.ts';
import { image, opened, registryPath } from './registry-folder.ts';

const FLAGGED = scored({ ...finding('tuberculosis', 87), heatmap: { columns: 1, rows: 1, area: { x: 0, y: 0, width: 9, height: 9 }, cellsBase64: 'AA==' }, region: [[[1, 2]]] });

describe('recording an image', () => {
  test('is there after closing: row, study, journal, device', () => {
    const path = registryPath();
    const first = opened(path);
    const recorded = first.recordInstance(image('1.1'), { stat: true, statSource: 'device ER1', inpatient: false }, NOW_MS);
    expect(recorded).toMatchObject({ kind: 'stored', study: { state: 'analysing' }, commands: [{ kind: 'analyse', rank: 0 }] });
    first.close();

    const again = opened(path);
    expect(again.study(STUDY_UID)).toEqual(recorded.study);
    expect(again.instance('1.1', 'content of 1.1')).toMatchObject({ fileKey: 'file of 1.1 content of 1.1', header: { patientName: 'NGUYỄN^VĂN ĐỨC' }, standing: { status: 'pending' } });
    expect(again.fileKeyRow('file of 1.1 content of 1.1')?.sopInstanceUid).toBe('1.1');
    expect(again.fileKeyRow('other')).toBeUndefined();
    expect(again.events(STUDY_UID).map(({ event }) => event.kind)).toEqual(['instanceStored']);
    expect(again.devices(0)).toEqual([expect.objectContaining({ callingAeTitle: 'ROOM1', instanceCount: 1, byteCount: 1000, recentInstanceCount: 1 })]);
    expect(again.studyFacts(STUDY_UID)).toMatchObject({ patientId: 'VN0001', accessionNumber: 'A1', callingAeTitle: 'ROOM1' });
  });

  test('a hundred times the same is one row, one analysis', () => {
    const registry = opened();
    const kinds = Array.from({ length: 100 }, () => registry.recordInstance(image('1.1'), ORDINARY, NOW_MS).kind);
    expect(kinds.filter((kind) => kind === 'stored')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'duplicate')).toHaveLength(99);
    expect(registry.instancesOf(STUDY_UID)).toHaveLength(1);
    expect(registry.outstandingCommands()).toHaveLength(1);
    expect(registry.events(STUDY_UID)).toHaveLength(1);
  });

  test('removed by retention and sent again in another transfer syntax: the row leads to the file that is there', () => {
    const path = registryPath();
    const registry = opened(path);
    registry.recordInstance(image('1.1', { transferSyntaxUid: '1.2.840.10008.1.2.4.90' }), ORDINARY, NOW_MS);
    registry.markRemoved(registry.instancesOf(STUDY_UID).map(({ fileKey }) => fileKey), NOW_MS + 1);
    expect(registry.instancesOf(STUDY_UID)[0]!.removedAtMs).toBe(NOW_MS + 1);
    const again = { ...image('1.1', { transferSyntaxUid: '1.2.840.10008.1.2.4.91' }), fileKey: 'file in another syntax' };
    expect(registry.recordInstance(again, ORDINARY, NOW_MS + 2).kind).toBe('duplicate');
    const [row] = registry.instancesOf(STUDY_UID);
    expect(row).toMatchObject({ fileKey: 'file in another syntax', header: { transferSyntaxUid: '1.2.840.10008.1.2.4.91' } });
    expect(row!.removedAtMs).toBeUndefined();
  });

  test('the same UID with other bytes is kept beside the first, which is never touched', () => {
    const registry = opened();
    registry.recordInstance(image('1.1', {}, 'A'), ORDINARY, NOW_MS);
    const second = registry.recordInstance(image('1.1', {}, 'B'), ORDINARY, NOW_MS);
    expect(second).toMatchObject({ kind: 'same-uid-other-bytes', commands: [{ kind: 'compare', contentSha256: 'B', compareWithSha256: 'A' }] });
    expect(registry.instancesWithUid('1.1').map(({ contentSha256, fileKey }) => [contentSha256, fileKey])).toEqual([
      ['A', 'file of 1.1 A'],
      ['B', 'file of 1.1 B'],
    ]);
    expect(registry.recordInstance(image('1.1', {}, 'B'), ORDINARY, NOW_MS).kind).toBe('duplicate');
  });

  test('a UID that is used in another study, or by another patient, asks for a human at once', () => {
    const registry = opened();
    registry.recordInstance(image('1.1', {}, 'A'), ORDINARY, NOW_MS);
    expect(registry.recordInstance(image('1.1', { studyInstanceUid: '9.9' }, 'B'), ORDINARY, NOW_MS)).toMatchObject({
      kind: 'same-uid-other-bytes',
      study: { studyInstanceUid: '9.9', state: 'attention', attention: { code: 'uid-in-other-study' } },
    });
    expect(registry.recordInstance(image('1.1', { patientId: 'OTHER' }, 'C'), ORDINARY, NOW_MS).study.attention?.code).toBe('uid-of-other-patient');
    expect(registry.recordInstance(image('1.2', { studyInstanceUid: '8.8' }), ORDINARY, NOW_MS).study.attention).toBeUndefined();
    expect(registry.recordInstance(image('1.3', { studyInstanceUid: '8.8', patientId: 'OTHER' }), ORDINARY, NOW_MS).study.attention?.code).toBe('study-of-other-patient');
    expect(registry.recordInstance(image('1.4', { studyInstanceUid: '7.7' }), ORDINARY, NOW_MS).kind).toBe('stored');
    expect(registry.recordInstance(image('1.5', { studyInstanceUid: '7.7', patientId: undefined }), ORDINARY, NOW_MS).study.attention).toBeUndefined();
  });

  test('without a Study Instance UID nothing is recorded', () => {
    const registry = opened();
    expect(() => registry.recordInstance(image('1.1', { studyInstanceUid: '' }), ORDINARY, NOW_MS)).toThrow(expect.objectContaining({ code: 'study-uid-missing' }));
    expect(registry.totals()).toMatchObject({ studyCount: 0, instanceCount: 0 });
    expect(registry.devices(0)).toEqual([]);
  });

  test('what the header rules out never reaches the queue; the settings decide', () => {
    const capture = { sopClassUid: '1.2.840.10008.5.1.4.1.1.7', modality: 'OT' };
    expect(opened().recordInstance(image('1.1', capture), ORDINARY, NOW_MS)).toMatchObject({ study: { state: 'ineligible' }, commands: [{ kind: 'writeReports' }] });
    const willing = opened(undefined, { eligibility: { analyseSecondaryCapture: true, minSidePixels: 200 } });
    expect(willing.recordInstance(image('1.1', capture), ORDINARY, NOW_MS)).toMatchObject({ study: { state: 'analysing' } });
  });

  test('a later image with another spelling does not rename the patient, but fills what was missing', () => {
    const registry = opened();
    registry.recordInstance(image('1.1', { accessionNumber: undefined }), ORDINARY, NOW_MS);
    registry.recordInstance(image('1.2', { patientName: 'NGUYEN^VAN DUC', accessionNumber: 'A7' }), ORDINARY, NOW_MS);
    expect(registry.studyFacts(STUDY_UID)).toMatchObject({ patientName: 'NGUYỄN^VĂN ĐỨC', accessionNumber: 'A7' });
  });
});

describe('events', () => {
  test('the stored study is the reduced study, event by event, also after reopening', () => {
    const path = registryPath();
    let registry = opened(path);
    registry.recordInstance(image('1.1'), ORDINARY, NOW_MS);
    let expected = registry.study(STUDY_UID) as Study;
    const events: StudyEvent[] = [
      { ...analysed('1.1', FLAGGED), contentSha256: 'content of 1.1' } as StudyEvent,
      { kind: 'reportsWritten', revision: 1 },
      { kind: 'read', by: 'anna', where: 'here' },
      { kind: 'unread', by: 'anna' },
      { kind: 'prioritised', stat: true, by: 'anna' },
      { kind: 'closed', by: 'anna', reason: 'test film' },
    ];
    events.forEach((event, at) => {
      const { study, commands } = registry.applyStudyEvent(STUDY_UID, event, NOW_MS + at);
      const reduction = reduce(expected, event, NOW_MS + at);
      expected = reduction.study;
      expect({ study, commands }).toEqual(reduction);
      registry.close();
      registry = opened(path);
      expect(registry.study(STUDY_UID)).toEqual(expected);
    });
    expect(registry.events(STUDY_UID).map(({ event }) => event.kind)).toEqual(['instanceStored', ...events.map(({ kind }) => kind)]);
  });

  test('what changes nothing is not journalled, and an unknown study is refused, not invented', () => {
    const registry = opened();
    registry.recordInstance(image('1.1'), ORDINARY, NOW_MS);
    registry.applyStudyEvent(STUDY_UID, { kind: 'unread', by: 'anna' }, NOW_MS);
    expect(registry.events(STUDY_UID)).toHaveLength(1);
    expect(() => registry.applyStudyEvent('9.9', { kind: 'read', by: 'anna', where: 'here' }, NOW_MS)).toThrow(expect.objectContaining({ code: 'study-unknown' }));
    expect(registry.study('9.9')).toBeUndefined();
  });

  test('heatmaps live with the image and the assessment, not in the journal and not in the list row', () => {
    const registry = opened();
    registry.recordInstance(image('1.1'), ORDINARY, NOW_MS);
    registry.applyStudyEvent(STUDY_UID, { ...analysed('1.1', FLAGGED), contentSha256: 'content of 1.1' } as StudyEvent, NOW_MS);
    expect(JSON.stringify(registry.events(STUDY_UID))).not.toContain('cellsBase64');
    expect(JSON.stringify(registry.worklist({ nowMs: NOW_MS }))).not.toContain('cellsBase64');
    expect(registry.study(STUDY_UID)?.assessment.findings[0]?.heatmap?.cellsBase64).toBe('AA==');
    expect(registry.study(STUDY_UID)?.instances[0]?.findings[0]?.region).toEqual([[[1, 2]]]);
  });

  test('several calls in one transaction are all or nothing, in memory too', () => {
    const registry = opened();
    registry.recordInstance(image('1.1'), ORDINARY, NOW_MS);
    const before = registry.study(STUDY_UID);
    expect(() =>
      registry.transact(() => {
        registry.applyStudyEvent(STUDY_UID, { kind: 'prioritised', stat: true, by: 'anna' }, NOW_MS);
        registry.recordInstance(image('1.2'), ORDINARY, NOW_MS);
        throw new Error('halfway');
      }),
    ).toThrow('halfway');
    expect(registry.study(STUDY_UID)).toEqual(before);
    expect(registry.instancesOf(STUDY_UID)).toHaveLength(1);
    expect(registry.recordInstance(image('1.2'), ORDINARY, NOW_MS).kind).toBe('stored');
  });
});

describe('what is outstanding', () => {
  test('follows from the file alone, STAT first, and ends with the answers', () => {
    const path = registryPath();
    const registry = opened(path);
    registry.recordInstance(image('1.1'), ORDINARY, NOW_MS);
    registry.recordInstance(image('2.1', { studyInstanceUid: '2' }), ORDINARY, NOW_MS);
    registry.recordInstance(image('3.1', { studyInstanceUid: '3' }), { stat: true, inpatient: false }, NOW_MS);
    registry.applyStudyEvent('2', { ...analysed('2.1', UNREADABLE), contentSha256: 'content of 2.1' } as StudyEvent, NOW_MS);
    registry.close();

    const again = opened(path);
    expect(again.outstandingCommands().map(({ studyInstanceUid, command }) => [studyInstanceUid, command.kind])).toEqual([
      ['3', 'analyse'],
      [STUDY_UID, 'analyse'],
      ['2', 'writeReports'],
    ]);
    expect(again.outstandingCommands(1)).toHaveLength(1);
    const portions: string[] = [];
    for (let cursor: number | undefined = 0; cursor !== undefined; ) {
      const portion: ReturnType<typeof again.outstandingAfter> = again.outstandingAfter(cursor, 2);
      portions.push(portion.commands.map(({ studyInstanceUid }) => studyInstanceUid).join(' '));
      cursor = portion.cursor;
    }
    expect(portions).toEqual([`${STUDY_UID} 2`, '3']);
    again.applyStudyEvent('2', { kind: 'reportsWritten', revision: 1, deliveryCount: 0 }, NOW_MS);
    expect(again.outstandingCommands()).toHaveLength(2);
  });

  test('includes a comparison in a study that is otherwise done', () => {
    const registry = opened();
    registry.recordInstance(image('1.1', {}, 'A'), ORDINARY, NOW_MS);
    registry.applyStudyEvent(STUDY_UID, { ...analysed('1.1', FLAGGED), contentSha256: 'A' } as StudyEvent, NOW_MS);
    registry.applyStudyEvent(STUDY_UID, { kind: 'reportsWritten', revision: 1, deliveryCount: 0 }, NOW_MS);
    expect(registry.outstandingCommands()).toEqual([]);
    registry.recordInstance(image('1.1', {}, 'B'), ORDINARY, NOW_MS);
    expect(registry.outstandingCommands().map(({ command }) => command.kind)).toEqual(['compare']);
  });
});

test('a big study writes only what is new: each slice one row, whatever lies beside it', () => {
  const registry = opened();
  const slice = (n: number) => image(`5.${n}`, { sopClassUid: '1.2.840.10008.5.1.4.1.1.2', modality: 'CT' });
  const sizes = [0, 1].map((half) => {
    for (let n = 0; n < 300; n += 1) registry.recordInstance(slice(half * 300 + n), ORDINARY, NOW_MS);
    return registry.worklist({ nowMs: NOW_MS }).rows.map((row) => JSON.stringify(row).length);
  });
  expect(registry.study(STUDY_UID)).toMatchObject({ state: 'ineligible', revision: 1, reason: { text: 'Not analysed: CT, not a plain radiograph' } });
  expect(registry.study(STUDY_UID)?.instances).toHaveLength(600);
  expect(registry.worklist({ nowMs: NOW_MS }).rows[0]).toMatchObject({ instanceCount: 600 });
  expect(sizes[1]).toEqual(sizes[0]);
});
