import { describe, expect, test } from 'vitest';
import type { StudyEvent } from '../../src/study/events.ts';
import { reasonOf } from '../../src/study/reasons.ts';
import { outstandingCommands, reduce, TRANSITIONS } from '../../src/study/transition.ts';
import { isOnWorklist } from '../../src/study/worklist-order.ts';
import { after, analysed, arriving, finding, LATERAL, NOW_MS, ORDINARY, scored, stored, STUDY_UID, UNREADABLE } from './sample-studies.ts';

const TB_87 = scored(finding('tuberculosis', 87), finding('lung nodule', 12, 50));
const LOW = scored(finding('tuberculosis', 12), finding('lung nodule', 8, 50));
const REPORTED: StudyEvent = { kind: 'reportsWritten', revision: 1 };
const DELIVERED: StudyEvent = { kind: 'deliveriesDone', revision: 1 };
const READ: StudyEvent = { kind: 'read', by: 'anna', where: 'here' };

describe('the ordinary way', () => {
  test('stored → analysing, and the image is asked for', () => {
    const { study, commands } = reduce(undefined, stored('1.1'), NOW_MS, STUDY_UID);
    expect(study).toMatchObject({ state: 'analysing', revision: 1, priority: 'undetermined', reason: { code: 'analysing', text: 'Analysing' } });
    expect(commands).toEqual([{ kind: 'analyse', sopInstanceUid: '1.1', contentSha256: 'sha of 1.1', rank: 10 }]);
  });

  test('flagged → assessed and urgent, reports are asked for, then deliveries, then delivered', () => {
    const flagged = reduce(after(stored('1.1')), analysed('1.1', TB_87), NOW_MS);
    expect(flagged.study).toMatchObject({ state: 'assessed', priority: 'urgent', reason: { code: 'flagged', text: 'Tuberculosis 87 (threshold 41)' } });
    expect(flagged.commands).toEqual([{ kind: 'writeReports', revision: 1 }]);
    const reported = reduce(flagged.study, REPORTED, NOW_MS);
    expect(reported.study.state).toBe('reported');
    expect(reported.commands).toEqual([{ kind: 'deliver', revision: 1 }]);
    const delivered = reduce(reported.study, DELIVERED, NOW_MS);
    expect(delivered.study).toMatchObject({ state: 'delivered', priority: 'urgent' });
    expect(delivered.commands).toEqual([]);
  });

  test('below every threshold → routine, with the scores', () => {
    expect(after(stored('1.1'), analysed('1.1', LOW))).toMatchObject({
      state: 'assessed',
      priority: 'routine',
      reason: { code: 'below-threshold', text: 'Below threshold: tuberculosis 12, lung nodule 8' },
    });
  });

  test('where no destination wants the reports there is nothing to wait for', () => {
    const study = after(stored('1.1'), analysed('1.1', LOW), { kind: 'reportsWritten', revision: 1, deliveryCount: 0 });
    expect(study.state).toBe('reported');
    expect(outstandingCommands(study)).toEqual([]);
  });

  test('an order that is known first waits in receiving and starts its clock with the first image', () => {
    const announced = reduce(undefined, { kind: 'announced', order: { stat: true, statSource: 'order', inpatient: true } }, NOW_MS - 3_600_000, STUDY_UID);
    expect(announced.study).toMatchObject({ state: 'receiving', priority: 'urgent', revision: 0 });
    const { study, commands } = reduce(announced.study, stored('1.1'), NOW_MS);
    expect(study).toMatchObject({ state: 'analysing', receivedAtMs: NOW_MS, order: { stat: true, inpatient: true } });
    expect(commands[0]).toMatchObject({ kind: 'analyse', rank: 0 });
  });
});

describe('a new image', () => {
  const delivered = after(stored('1.1'), analysed('1.1', TB_87), REPORTED, DELIVERED, READ);

  test('brings a read and delivered study back, unread, with the reason', () => {
    expect(isOnWorklist(delivered)).toBe(false);
    const { study, commands } = reduce(delivered, stored('1.2'), NOW_MS + 9000);
    expect(isOnWorklist(study)).toBe(true);
    expect(study).toMatchObject({ state: 'analysing', revision: 2, priority: 'urgent', reopenedAtMs: NOW_MS + 9000, reopenedReason: reasonOf('new-image') });
    expect(study.reason.text).toBe('Tuberculosis 87 (threshold 41) · another image is still being analysed · New image after it was read');
    expect(commands).toEqual([{ kind: 'analyse', sopInstanceUid: '1.2', contentSha256: 'sha of 1.2', rank: 10 }]);
  });

  test('with a lower score leaves the flag where it was', () => {
    const study = after(stored('1.1'), analysed('1.1', TB_87), stored('1.2'), analysed('1.2', LOW));
    expect(study.assessment.findings.find(({ family }) => family === 'tuberculosis')).toMatchObject({ score: 87, sopInstanceUid: '1.1' });
    expect(outstandingCommands(study)).toEqual([{ kind: 'writeReports', revision: 2 }]);
  });

  test('that the header rules out (our own report, back from the PACS) is kept, and starts nothing', () => {
    const echo = stored('1.9', undefined, { hasPixels: false, header: { verdict: 'ineligible', reason: reasonOf('not-an-image'), remarks: [] } });
    const { study, commands } = reduce(delivered, echo, NOW_MS + 9000);
    expect(study).toMatchObject({ state: 'delivered', revision: 1 });
    expect(study.instances).toHaveLength(2);
    expect(isOnWorklist(study)).toBe(false);
    expect(commands).toEqual([]);
  });

  test('of another kind (a CT slice) is something new to see: the study comes back, without a new report', () => {
    const ct = stored('1.9', undefined, { header: { verdict: 'ineligible', reason: reasonOf('modality', 'CT, not a plain radiograph'), remarks: [] } });
    const { study, commands } = reduce(delivered, ct, NOW_MS + 9000);
    expect(isOnWorklist(study)).toBe(true);
    expect(study).toMatchObject({ state: 'delivered', revision: 1 });
    expect(commands).toEqual([]);
  });
});

describe('what comes twice or late changes nothing', () => {
  const study = after(stored('1.1'), analysed('1.1', TB_87), REPORTED);
  test.each<[string, StudyEvent]>([
    ['the same bytes', stored('1.1')],
    ['the same answer', analysed('1.1', TB_87)],
    ['another answer', analysed('1.1', LOW)],
    ['a quarantine after the answer', { kind: 'analysisFailed', sopInstanceUid: '1.1', contentSha256: 'sha of 1.1', error: 'x', attempts: 3 }],
    ['a comparison nobody asked for', { kind: 'instanceCompared', sopInstanceUid: '1.1', contentSha256: 'sha of 1.1', samePixels: false, detail: '' }],
    ['an answer about bytes we do not have', analysed('1.1', TB_87, 'other')],
    ['the same reports', REPORTED],
    ['acknowledging nothing', { kind: 'acknowledged', by: 'anna' }],
    ['unread while unread', { kind: 'unread', by: 'anna' }],
  ])('%s', (_name, event) => {
    const { study: same, commands } = reduce(study, event, NOW_MS + 60_000);
    expect(same).toBe(study);
    expect(commands).toEqual([]);
  });

  test('a late answer after quarantine does not undo it', () => {
    const quarantined = after(stored('1.1'), { kind: 'analysisFailed', sopInstanceUid: '1.1', contentSha256: 'sha of 1.1', error: 'trap', attempts: 3 });
    expect(quarantined).toMatchObject({ state: 'attention', priority: 'undetermined', reason: { code: 'quarantined', text: 'Could not be analysed: every attempt failed' } });
    expect(reduce(quarantined, analysed('1.1', LOW), NOW_MS).study).toBe(quarantined);
  });

  test('reports of an old revision, written while a new image waits, are noted and ask for nothing', () => {
    const two = after(stored('1.1'), analysed('1.1', TB_87), stored('1.2'), REPORTED);
    expect(two).toMatchObject({ state: 'analysing', reportedRevision: 1 });
    expect(outstandingCommands(two)).toEqual([{ kind: 'analyse', sopInstanceUid: '1.2', contentSha256: 'sha of 1.2', rank: 10 }]);
  });
});

describe('same UID, other bytes', () => {
  const scoredOnce = after(stored('1.1', 'A'), analysed('1.1', LOW, 'A'), REPORTED, DELIVERED, READ);
  const asked = reduce(scoredOnce, stored('1.1', 'B'), NOW_MS + 9000);

  test('asks whether it is the same picture, and disturbs nobody until it is known', () => {
    expect(asked.commands).toEqual([{ kind: 'compare', sopInstanceUid: '1.1', contentSha256: 'B', compareWithSha256: 'A', rank: 10 }]);
    expect(asked.study).toMatchObject({ state: 'delivered', revision: 1 });
  });

  test('the same picture is a variant: kept, nothing else', () => {
    const { study, commands } = reduce(asked.study, { kind: 'instanceCompared', sopInstanceUid: '1.1', contentSha256: 'B', samePixels: true, detail: '' }, NOW_MS);
    expect(study).toMatchObject({ state: 'delivered', revision: 1 });
    expect(study.instances.map(({ status }) => status)).toEqual(['scored', 'variant']);
    expect(isOnWorklist(study)).toBe(false);
    expect(commands).toEqual([]);
  });

  test.each<[string, StudyEvent]>([
    ['another picture', { kind: 'instanceCompared', sopInstanceUid: '1.1', contentSha256: 'B', samePixels: false, detail: '' }],
    ['nobody can tell', analysed('1.1', UNREADABLE, 'B')],
    ['the comparison failed three times', { kind: 'analysisFailed', sopInstanceUid: '1.1', contentSha256: 'B', error: 'x', attempts: 3 }],
  ])('%s: a conflict, both kept, the study asks for a human, no second report', (_name, event) => {
    const { study, commands } = reduce(asked.study, event, NOW_MS + 10_000);
    expect(study).toMatchObject({ state: 'attention', priority: 'undetermined', revision: 1, attention: { code: 'conflict' } });
    expect(study.instances.map(({ contentSha256, status }) => [contentSha256, status])).toEqual([['A', 'scored'], ['B', 'conflict']]);
    expect(study.reason.text).toContain('another image came under the same identifier');
    expect(isOnWorklist(study)).toBe(true);
    expect(commands).toEqual([]);
  });

  test('for another patient, or under another study: a conflict at once', () => {
    for (const clash of ['uid-of-other-patient', 'uid-in-other-study'] as const) {
      expect(after(stored('1.1', 'A'), stored('1.1', 'B', { clash }))).toMatchObject({ attention: { code: clash } });
      expect(after(stored('1.1', 'B', { clash }))).toMatchObject({ state: 'attention', revision: 1, attention: { code: clash } });
    }
  });

  test('two documents without a picture are variants of each other', () => {
    const document = { hasPixels: false, header: { verdict: 'ineligible' as const, reason: reasonOf('not-an-image'), remarks: [] } };
    const study = after(stored('1.1', 'A', document), stored('1.1', 'B', document));
    expect(study.instances.map(({ status }) => status)).toEqual(['ineligible', 'variant']);
    expect(study.state).toBe('ineligible');
  });
});

describe('what could not be read', () => {
  test('a flag shows even where another image failed', () => {
    const study = after(stored('1.1'), stored('1.2'), analysed('1.1', UNREADABLE), analysed('1.2', TB_87));
    expect(study).toMatchObject({ state: 'attention', priority: 'urgent', reason: { code: 'flagged' } });
    expect(study.reason.text).toBe('Tuberculosis 87 (threshold 41) · Could not all be analysed: the pixel data is damaged');
  });

  test('one image scored and the others not for us: assessed', () => {
    expect(after(stored('1.1'), stored('1.2'), analysed('1.1', LATERAL), analysed('1.2', LOW)).state).toBe('assessed');
  });

  test('nothing for the models: ineligible, with the reason, and it is still reported once', () => {
    const study = after(stored('1.1'), analysed('1.1', LATERAL));
    expect(study).toMatchObject({ state: 'ineligible', priority: 'routine', reason: { code: 'view-lateral', text: 'Not analysed: lateral view' } });
    expect(outstandingCommands(study)).toEqual([{ kind: 'writeReports', revision: 1 }]);
    const reported = reduce(study, { kind: 'reportsWritten', revision: 1, deliveryCount: 0 }, NOW_MS).study;
    expect(reported).toMatchObject({ state: 'ineligible', reportedRevision: 1 });
  });

  test('acknowledged with something scored: assessed again; with nothing scored: it goes on asking', () => {
    const acknowledged: StudyEvent = { kind: 'acknowledged', by: 'anna' };
    const some = after(stored('1.1'), stored('1.2'), analysed('1.1', UNREADABLE), analysed('1.2', LOW), acknowledged);
    expect(some).toMatchObject({ state: 'assessed', priority: 'routine', acknowledgedBy: 'anna' });
    const none = after(stored('1.1'), analysed('1.1', UNREADABLE), acknowledged);
    expect(none).toMatchObject({ state: 'attention', priority: 'undetermined', reason: { code: 'pixels-damaged' } });
    expect(isOnWorklist(none)).toBe(true);
  });

  test('tried again by hand: pending once more, a new revision, and the attention is gone with its cause', () => {
    const failed = after(stored('1.1'), analysed('1.1', UNREADABLE), REPORTED);
    const { study, commands } = reduce(failed, { kind: 'retried', sopInstanceUid: '1.1', contentSha256: 'sha of 1.1', by: 'anna' }, NOW_MS);
    expect(study).toMatchObject({ state: 'analysing', revision: 2 });
    expect(study.attention).toBeUndefined();
    expect(commands.map(({ kind }) => kind)).toEqual(['analyse']);
  });

  test('an image without pixels needs nobody to tell that it cannot be read', () => {
    const study = after(stored('1.1', undefined, { hasPixels: false, header: { verdict: 'unreadable', reason: reasonOf('no-pixel-data'), remarks: [] } }));
    expect(study).toMatchObject({ state: 'attention', reason: { text: 'Could not be analysed: the image has no pixel data' } });
  });

  test('an image without a Study Instance UID is analysed, and asks for a look: its study is invented', () => {
    const study = after(stored('1.1', undefined, { clash: 'study-uid-missing' }), analysed('1.1', LOW));
    expect(study).toMatchObject({ state: 'attention', attention: { code: 'study-uid-missing' } });
    expect(study.instances[0]?.status).toBe('scored');
  });

  test('images of two patients in one study are analysed, and a human is asked', () => {
    const study = after(stored('1.1'), stored('1.2', undefined, { clash: 'study-of-other-patient' }), analysed('1.1', LOW), analysed('1.2', LOW));
    expect(study).toMatchObject({ state: 'attention', attention: { code: 'study-of-other-patient' } });
    expect(study.reason.text).toContain('Below threshold: tuberculosis 12');
  });
});

describe('order and people', () => {
  test('STAT from any image counts; a person may take it away for good', () => {
    const stat = { stat: true, statSource: 'device ER1', inpatient: false };
    const urgent = after(stored('1.1'), stored('1.2', undefined, {}, stat));
    expect(urgent).toMatchObject({ priority: 'urgent', reason: { text: 'Analysing · STAT (device ER1)' } });
    const calmed = reduce(urgent, { kind: 'prioritised', stat: false, by: 'anna' }, NOW_MS).study;
    const later = reduce(calmed, stored('1.3', undefined, {}, stat), NOW_MS).study;
    expect(later).toMatchObject({ priority: 'undetermined', order: { stat: false } });
  });

  test('STAT while waiting asks for the images again, at the front of the queue', () => {
    const { study, commands } = reduce(after(stored('1.1')), { kind: 'prioritised', stat: true, by: 'anna' }, NOW_MS);
    expect(study.priority).toBe('urgent');
    expect(commands).toEqual([{ kind: 'analyse', sopInstanceUid: '1.1', contentSha256: 'sha of 1.1', rank: 0 }]);
  });

  test('flagged and STAT is critical', () => {
    expect(after(stored('1.1', undefined, {}, { stat: true, inpatient: false }), analysed('1.1', TB_87)).priority).toBe('critical');
  });

  test('read while analysing: a flag that comes later is recorded and reported, the study stays read', () => {
    const study = after(stored('1.1'), READ, analysed('1.1', TB_87));
    expect(study).toMatchObject({ state: 'assessed', readBy: 'anna', readWhere: 'here' });
    expect(isOnWorklist(study)).toBe(false);
    expect(outstandingCommands(study)).toEqual([{ kind: 'writeReports', revision: 1 }]);
  });

  test('marked unread comes back with the reason; closing needs one', () => {
    const back = after(stored('1.1'), READ, { kind: 'unread', by: 'anna' });
    expect(isOnWorklist(back)).toBe(true);
    expect(back.reason.text).toBe('Analysing · Marked unread');
    expect(() => reduce(back, { kind: 'closed', by: 'anna', reason: ' ' }, NOW_MS)).toThrow(/reason/);
    const closed = reduce(back, { kind: 'closed', by: 'anna', reason: 'test film' }, NOW_MS).study;
    expect(closed).toMatchObject({ closedReason: 'test film', closedBy: 'anna' });
    expect(reduce(closed, stored('1.2'), NOW_MS).study).toMatchObject({ reopenedReason: { code: 'new-image-after-closing' } });
  });
});

describe('the table', () => {
  const EVENTS: StudyEvent[] = [
    { kind: 'announced', order: ORDINARY },
    { kind: 'instanceStored', instance: arriving('1.1'), order: ORDINARY },
    { kind: 'instanceCompared', sopInstanceUid: '1.1', contentSha256: 'x', samePixels: true, detail: '' },
    analysed('1.1', LOW),
    { kind: 'analysisFailed', sopInstanceUid: '1.1', contentSha256: 'x', error: '', attempts: 3 },
    { kind: 'retried', sopInstanceUid: '1.1', contentSha256: 'x', by: 'anna' },
    { kind: 'reportsWritten', revision: 1 },
    { kind: 'deliveriesDone', revision: 1 },
    { kind: 'prioritised', stat: true, by: 'anna' },
    READ,
    { kind: 'unread', by: 'anna' },
    { kind: 'closed', by: 'anna', reason: 'test' },
    { kind: 'acknowledged', by: 'anna' },
  ];

  test('names every event in every row', () => {
    for (const row of Object.values(TRANSITIONS)) expect(Object.keys(row).sort()).toEqual(EVENTS.map(({ kind }) => kind).sort());
  });

  test('an undefined pair is an assertion: a study begins with an order or an image', () => {
    for (const event of EVENTS) {
      const begin = () => reduce(undefined, event, NOW_MS, STUDY_UID);
      if (event.kind === 'announced' || event.kind === 'instanceStored') expect(begin().study.studyInstanceUid).toBe(STUDY_UID);
      else expect(begin).toThrow(/cannot meet/);
    }
  });

  test('reports cannot come before an image; an answer from another life changes nothing', () => {
    const receiving = after({ kind: 'announced', order: ORDINARY });
    expect(receiving.state).toBe('receiving');
    for (const kind of ['instanceAnalysed', 'instanceCompared', 'analysisFailed', 'retried', 'acknowledged'] as const) {
      const event = EVENTS.find((one) => one.kind === kind);
      if (event) expect(reduce(receiving, event, NOW_MS)).toEqual({ study: receiving, commands: [] });
    }
    for (const event of EVENTS) {
      if (event.kind === 'reportsWritten' || event.kind === 'deliveriesDone') expect(() => reduce(receiving, event, NOW_MS)).toThrow(/cannot meet/);
    }
    expect(() => reduce(after(stored('1.1')), { kind: 'reportsWritten', revision: 2 }, NOW_MS)).toThrow(/revision/);
    expect(() => reduce(after(stored('1.1')), DELIVERED, NOW_MS)).toThrow(/before it was reported/);
  });
});
