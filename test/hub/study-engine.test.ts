/** Events of the study machine through a real registry: several at once are one commit, all or none, and told once. */
import { expect, test } from 'vitest';
import { createStudyEngine } from '../../src/hub/study-engine.ts';
import type { AnalysisJob } from '../../src/queue/job-queue.ts';
import type { StudyEvent } from '../../src/study/events.ts';
import type { Study } from '../../src/study/types.ts';
import { image, opened } from '../registry/registry-folder.ts';
import { analysed, NOW_MS, ORDINARY, STUDY_UID, UNREADABLE } from '../study/sample-studies.ts';

const IMAGES = ['1.1', '1.2', '1.3'];
const retried = (sopInstanceUid: string): StudyEvent => ({ kind: 'retried', sopInstanceUid, contentSha256: `content of ${sopInstanceUid}`, by: 'lan' });

function site() {
  const registry = opened();
  for (const uid of IMAGES) {
    registry.recordInstance(image(uid), ORDINARY, NOW_MS);
    registry.applyStudyEvent(STUDY_UID, analysed(uid, UNREADABLE, `content of ${uid}`), NOW_MS);
  }
  const told: Study[] = [];
  const queued: AnalysisJob[] = [];
  let transactions = 0;
  const nothing = (): void => undefined;
  const engine = createStudyEngine({
    registry: { ...registry, transact: (work) => (transactions += 1, registry.transact(work)) },
    queue: { add: async (jobs) => void queued.push(...jobs) },
    siteThresholds: () => [], now: () => NOW_MS, wakeWorkers: nothing, writeReports: nothing, wakeOutbox: nothing, onQueueTrouble: nothing,
    onChanged: (study) => told.push(study),
  });
  return { registry, engine, told, queued, transactions: () => transactions };
}

test('all images of a study analysed again: one commit, every image queued, the page told once', () => {
  const { registry, engine, told, queued, transactions } = site();
  expect(engine.applyAll(STUDY_UID, IMAGES.map(retried))).toMatchObject({ state: 'analysing', instances: [{ status: 'pending' }, { status: 'pending' }, { status: 'pending' }] });
  expect(transactions()).toBe(1);
  expect(queued.map(({ sopInstanceUid }) => sopInstanceUid)).toEqual(IMAGES);
  expect(told).toEqual([registry.study(STUDY_UID)]);
});

test('the last of them cannot be: nothing of the others is kept, queued or told', () => {
  const { registry, engine, told, queued } = site();
  const before = registry.study(STUDY_UID);
  expect(() => engine.applyAll(STUDY_UID, [retried('1.1'), { kind: 'closed', by: 'lan', reason: '' }])).toThrow('closing needs a reason');
  expect(registry.study(STUDY_UID)).toEqual(before);
  expect(registry.events(STUDY_UID).at(-1)?.event.kind).toBe('instanceAnalysed');
  expect([told, queued]).toEqual([[], []]);
});

test('a study that is not known is no error: it may be gone', () => {
  expect(site().engine.apply('1.2.3.99', { kind: 'read', by: 'lan', where: 'here' })).toBeUndefined();
});
