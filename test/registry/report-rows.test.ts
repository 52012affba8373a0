import { describe, expect, test } from 'vitest';
import type { NewDelivery, ReportFile } from '../../src/registry/report-rows.ts';
import type { StudyEvent } from '../../src/study/events.ts';
import { analysed, finding, NOW_MS, ORDINARY, scored, STUDY_UID } from '../study/sample-studies.ts';
import { image, opened, registryPath, removableFiles } from './registry-folder.ts';

function report(sopInstanceUid: string, family: ReportFile['family'] = 'tuberculosis'): ReportFile {
  return {
    family,
    kind: 'sr',
    sopClassUid: '1.2.840.10008.5.1.4.1.1.88.34',
    sopInstanceUid,
    transferSyntaxUid: '1.2.840.10008.1.2.1',
    fileKey: `report ${sopInstanceUid}`,
    contentSha256: 'ab',
    byteLength: 500,
    outcome: 'flagged',
  };
}

const delivery = (destination: string, objectKey: string): NewDelivery => ({ destination, subject: 'report', objectKey, fileKey: `report ${objectKey}` });

function assessed(path = registryPath()) {
  const registry = opened(path);
  registry.recordInstance(image('1.1'), ORDINARY, NOW_MS);
  registry.applyStudyEvent(STUDY_UID, { ...analysed('1.1', scored(finding('tuberculosis', 87))), contentSha256: 'content of 1.1' } as StudyEvent, NOW_MS);
  return registry;
}

describe('reports', () => {
  test('reports, deliveries and the new state are one commit', () => {
    const path = registryPath();
    const registry = assessed(path);
    const { study, commands } = registry.recordReports(STUDY_UID, 1, [report('7.1'), report('7.2', 'lung nodule')], [delivery('PACS', '7.1'), delivery('PACS', '7.2')], NOW_MS);
    expect(study.state).toBe('reported');
    expect(commands).toEqual([{ kind: 'deliver', revision: 1 }]);
    registry.close();
    const again = opened(path);
    expect(again.reportsOf(STUDY_UID)).toMatchObject([{ sopInstanceUid: '7.1', revision: 1, writtenAtMs: NOW_MS }, { sopInstanceUid: '7.2' }]);
    expect(again.reportBySopInstanceUid('7.2')).toMatchObject({ family: 'lung nodule', studyInstanceUid: STUDY_UID });
    expect(again.dueDeliveries(NOW_MS, 10).map(({ objectKey, attempts }) => [objectKey, attempts])).toEqual([['7.1', 0], ['7.2', 0]]);
  });

  test('a crash in between leaves nothing: not the reports, not the deliveries, not the state', () => {
    const registry = assessed();
    expect(() => registry.recordReports(STUDY_UID, 9, [report('7.1')], [delivery('PACS', '7.1')], NOW_MS)).toThrow(/revision/);
    expect(registry.reportsOf(STUDY_UID)).toEqual([]);
    expect(registry.dueDeliveries(NOW_MS, 10)).toEqual([]);
    expect(registry.study(STUDY_UID)?.state).toBe('assessed');
  });

  test('written twice, there is one report and one delivery', () => {
    const registry = assessed();
    for (let times = 0; times < 2; times += 1) registry.recordReports(STUDY_UID, 1, [report('7.1')], [delivery('PACS', '7.1')], NOW_MS);
    expect(registry.reportsOf(STUDY_UID)).toHaveLength(1);
    expect(registry.deliveriesOf(STUDY_UID)).toHaveLength(1);
    expect(registry.events(STUDY_UID).filter(({ event }) => event.kind === 'reportsWritten')).toHaveLength(1);
  });

  test('another report for a family that has one in this revision is not kept', () => {
    const registry = assessed();
    registry.recordReports(STUDY_UID, 1, [report('7.1')], [], NOW_MS);
    registry.recordReports(STUDY_UID, 1, [report('7.9')], [], NOW_MS);
    expect(registry.reportsOf(STUDY_UID).map(({ sopInstanceUid }) => sopInstanceUid)).toEqual(['7.1']);
  });

  test('where nobody wants them, nothing is outstanding', () => {
    const registry = assessed();
    expect(registry.recordReports(STUDY_UID, 1, [report('7.1')], [], NOW_MS)).toMatchObject({ study: { state: 'reported' }, commands: [] });
    expect(registry.outstandingCommands()).toEqual([]);
  });
});

describe('deliveries', () => {
  function reported() {
    const registry = assessed();
    registry.recordReports(STUDY_UID, 1, [report('7.1')], [delivery('PACS', '7.1'), delivery('ARCHIVE', '7.1')], NOW_MS);
    const [pacs, archive] = registry.deliveriesOf(STUDY_UID).map(({ id }) => id) as [number, number];
    return { registry, pacs, archive };
  }

  test('the last one sent makes the study delivered, in the same commit', () => {
    const { registry, pacs, archive } = reported();
    expect(registry.markDelivery(pacs, 'sent', NOW_MS)).toBeUndefined();
    expect(registry.study(STUDY_UID)?.state).toBe('reported');
    expect(registry.markDelivery(archive, 'sent', NOW_MS)).toMatchObject({ study: { state: 'delivered', deliveredRevision: 1 } });
    expect(registry.outstandingCommands()).toEqual([]);
    expect(registry.markDelivery(archive, 'verified', NOW_MS)).toBeUndefined();
    expect(registry.deliveriesOf(STUDY_UID)[1]).toMatchObject({ state: 'verified', attempts: 1 });
  });

  test('a transient failure waits, a permanent one stays failed until somebody asks', () => {
    const { registry, pacs, archive } = reported();
    registry.markDelivery(pacs, 'pending', NOW_MS, { error: 'refused', nextAttemptAtMs: NOW_MS + 5000 });
    registry.markDelivery(archive, 'failed', NOW_MS, { error: 'AE title not known there' });
    expect(registry.dueDeliveries(NOW_MS + 4999, 10)).toEqual([]);
    expect(registry.nextDeliveryAtMs()).toBe(NOW_MS + 5000);
    expect(registry.dueDeliveries(NOW_MS + 5000, 10)).toMatchObject([{ destination: 'PACS', attempts: 1, error: 'refused' }]);
    expect(registry.dueDeliveries(NOW_MS + 5000, 10, 'ARCHIVE')).toEqual([]);
    expect(registry.deliveries('failed', 10)).toMatchObject([{ destination: 'ARCHIVE', error: 'AE title not known there' }]);

    registry.markDelivery(pacs, 'sent', NOW_MS + 6000);
    expect(registry.study(STUDY_UID)?.state).toBe('reported');
    expect(registry.retryDeliveries({ id: archive }, NOW_MS + 7000)).toBe(1);
    expect(registry.retryDeliveries({ id: pacs }, NOW_MS + 7000)).toBe(0);
    expect(registry.dueDeliveries(NOW_MS + 7000, 10, 'ARCHIVE')).toHaveLength(1);
    expect(registry.markDelivery(archive, 'sent', NOW_MS + 8000)?.study.state).toBe('delivered');
    expect(registry.nextDeliveryAtMs()).toBeUndefined();
  });

  test('given up by a person: nothing waits for it any more, and the study is not called delivered', () => {
    const { registry, pacs, archive } = reported();
    registry.markDelivery(pacs, 'failed', NOW_MS, { error: 'SOP class not taken', errorCode: 'sop-class-not-accepted' });
    expect(registry.deliveriesOf(STUDY_UID)[0]).toMatchObject({ errorCode: 'sop-class-not-accepted' });
    expect(registry.dropDelivery(pacs, 'otto', 'taken out of service', NOW_MS + 1)).toEqual({ change: undefined });
    expect(registry.dropDelivery(pacs, 'otto', 'twice', NOW_MS + 2)).toBeUndefined();
    expect(registry.dropDelivery(archive, 'otto', 'taken out of service', NOW_MS + 3)).toMatchObject({ change: { study: { state: 'reported', deliveryCount: 0 }, commands: [] } });
    expect(registry.outstandingCommands()).toEqual([]);
    expect(registry.deliveryCounts()).toEqual([]);
    expect(registry.deliveriesIn('dropped', 10, 0)).toMatchObject([{ id: archive, errorCode: 'dropped', error: 'dropped by otto: taken out of service' }, { id: pacs }]);
  });

  test('one dropped, one sent: delivered; a dropped one that arrives after all is news, that it failed is not', () => {
    const { registry, pacs, archive } = reported();
    registry.dropDelivery(pacs, 'otto', 'taken out of service', NOW_MS);
    expect(registry.markDelivery(archive, 'sent', NOW_MS)).toMatchObject({ study: { state: 'delivered' } });
    registry.markDelivery(pacs, 'failed', NOW_MS, { error: 'timeout' });
    expect(registry.delivery(pacs)?.state).toBe('dropped');
    registry.markDelivery(pacs, 'sent', NOW_MS);
    expect(registry.delivery(pacs)?.state).toBe('sent');
  });

  test('a dropped one comes back only where it is named', () => {
    const { registry, pacs, archive } = reported();
    registry.dropDelivery(pacs, 'otto', 'by mistake', NOW_MS);
    registry.dropDelivery(archive, 'otto', 'by mistake', NOW_MS);
    expect(registry.retryDeliveries({ destination: 'PACS' }, NOW_MS + 1)).toBe(0);
    expect(registry.retryDeliveries({ id: pacs }, NOW_MS + 1)).toBe(1);
    expect(registry.markDelivery(pacs, 'sent', NOW_MS + 2)).toMatchObject({ study: { state: 'delivered' } });
  });

  test('of a destination: what waits and what failed, counted; what arrived since', () => {
    const { registry, pacs, archive } = reported();
    registry.markDelivery(pacs, 'pending', NOW_MS, { error: 'no answer', nextAttemptAtMs: NOW_MS + 60_000 });
    expect(registry.retryDeliveries({ destination: 'PACS' }, NOW_MS + 5)).toBe(1);
    expect(registry.dueDeliveries(NOW_MS + 5, 10, 'PACS')).toHaveLength(1);
    registry.markDelivery(archive, 'sent', NOW_MS + 7);
    expect(registry.arrivals(NOW_MS)).toEqual([{ destination: 'ARCHIVE', count: 1, lastAtMs: NOW_MS + 7 }]);
    expect(registry.arrivals(NOW_MS + 8)).toEqual([]);
  });

  test('a late failure of an earlier attempt does not undo what has arrived', () => {
    const { registry, pacs } = reported();
    registry.markDelivery(pacs, 'sent', NOW_MS);
    registry.markDelivery(pacs, 'pending', NOW_MS, { error: 'timeout', nextAttemptAtMs: NOW_MS });
    registry.markDelivery(pacs, 'failed', NOW_MS, { error: 'timeout' });
    expect(registry.deliveriesOf(STUDY_UID)[0]).toMatchObject({ state: 'sent', attempts: 1 });
  });

  test('a new image before the old report arrived: the study is delivered with the new one', () => {
    const { registry, pacs, archive } = reported();
    registry.recordInstance(image('1.2'), ORDINARY, NOW_MS);
    registry.markDelivery(pacs, 'sent', NOW_MS);
    registry.markDelivery(archive, 'sent', NOW_MS);
    expect(registry.study(STUDY_UID)).toMatchObject({ state: 'analysing', revision: 2, deliveredRevision: 1 });
  });

  test('the same object for the same destination goes once', () => {
    const { registry } = reported();
    expect(registry.enqueueDelivery(STUDY_UID, 1, { destination: 'PACS', subject: 'instance', objectKey: '1.1' }, NOW_MS)).toBe(true);
    expect(registry.enqueueDelivery(STUDY_UID, 1, { destination: 'PACS', subject: 'instance', objectKey: '1.1' }, NOW_MS)).toBe(false);
    expect(registry.deliveryCounts()).toContainEqual({ destination: 'PACS', state: 'pending', count: 2 });
  });
});

describe('retention', () => {
  const later = NOW_MS + 1_000_000;

  test('only what a human has read or closed, with nothing outstanding and nothing on its way', () => {
    const registry = assessed();
    const removable = () => removableFiles(registry, later);
    registry.applyStudyEvent(STUDY_UID, { kind: 'read', by: 'anna', where: 'here' }, NOW_MS);
    expect(removable()).toEqual([]);
    registry.recordReports(STUDY_UID, 1, [report('7.1')], [delivery('PACS', '7.1')], NOW_MS);
    expect(removable()).toEqual([]);
    const id = registry.deliveriesOf(STUDY_UID)[0]?.id ?? 0;
    registry.markDelivery(id, 'failed', NOW_MS, { error: 'x' });
    expect(removable()).toEqual([]);
    registry.dropDelivery(id, 'otto', 'never takes it', NOW_MS);
    expect(removable()).toEqual(['file of 1.1 content of 1.1']);
    registry.retryDeliveries({ id }, NOW_MS);
    expect(removable()).toEqual([]);
    registry.markDelivery(id, 'sent', NOW_MS);
    expect(removable()).toEqual(['file of 1.1 content of 1.1']);
    expect(removableFiles(registry, NOW_MS)).toEqual([]);
    registry.applyStudyEvent(STUDY_UID, { kind: 'unread', by: 'anna' }, NOW_MS);
    expect(removable()).toEqual([]);
  });

  test('removed files leave the totals, the rows stay; the same file sent again is back', () => {
    const registry = assessed();
    registry.recordReports(STUDY_UID, 1, [report('7.1')], [], NOW_MS);
    registry.applyStudyEvent(STUDY_UID, { kind: 'closed', by: 'anna', reason: 'done' }, NOW_MS);
    expect(registry.totals()).toEqual({ studyCount: 1, instanceCount: 1, instanceBytes: 1000, reportCount: 1, reportBytes: 500 });
    registry.markRemoved(['file of 1.1 content of 1.1'], later);
    expect(registry.totals()).toMatchObject({ instanceCount: 0, instanceBytes: 0 });
    expect(removableFiles(registry, later)).toEqual([]);
    expect(registry.instance('1.1', 'content of 1.1')?.removedAtMs).toBe(later);
    expect(registry.fileKeys('', 10)).toEqual([]);
    expect(registry.recordInstance(image('1.1'), ORDINARY, later).kind).toBe('duplicate');
    expect(registry.instance('1.1', 'content of 1.1')?.removedAtMs).toBeUndefined();
    expect(registry.fileKeys('', 10)).toEqual(['file of 1.1 content of 1.1']);
  });
});
