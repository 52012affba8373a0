/** What the operations page says of an image that was set aside: how often it was really tried, after each way there. */
import { expect, test } from 'vitest';
import { setAsideRow } from '../../src/hub/set-aside.ts';
import type { JournalEntry } from '../../src/registry/registry.ts';
import type { StudyEvent } from '../../src/study/events.ts';
import { reasonOf } from '../../src/study/reasons.ts';
import { after, analysed, NOW_MS, stored, STUDY_UID, UNREADABLE } from '../study/sample-studies.ts';

const NO_PIXELS = stored('1.1', undefined, { header: { verdict: 'unreadable', reason: reasonOf('no-pixel-data'), remarks: [] } });
const FAILED: StudyEvent = { kind: 'analysisFailed', sopInstanceUid: '1.1', contentSha256: 'sha of 1.1', error: 'wasm trap', attempts: 3 };
const RETRIED: StudyEvent = { kind: 'retried', sopInstanceUid: '1.1', contentSha256: 'sha of 1.1', by: 'lan' };

function imagesAfter(...events: readonly StudyEvent[]) {
  const journal: JournalEntry[] = events.map((event, at) => ({ id: at, studyInstanceUid: STUDY_UID, atMs: NOW_MS, event }));
  const study = after(...events);
  return setAsideRow({ study: () => study, studyFacts: () => ({}), events: () => journal, instancesOf: () => [] }, STUDY_UID)?.images;
}

test.each<readonly [string, readonly StudyEvent[], { readonly attempts: number; readonly error?: string; readonly reason?: object }]>([
  ['the header alone says that there is no picture: nothing was tried', [NO_PIXELS], { attempts: 0 }],
  ['a worker opened it and found it damaged: that was a try', [stored('1.1'), analysed('1.1', UNREADABLE)], { attempts: 1, reason: { code: 'pixels-damaged' } }],
  ['every attempt failed', [stored('1.1'), FAILED], { attempts: 3, error: 'wasm trap', reason: { code: 'quarantined' } }],
  ['analysed again and found damaged: the old failures are no longer what is told', [stored('1.1'), FAILED, RETRIED, analysed('1.1', UNREADABLE)], { attempts: 1 }],
  ['a header without a picture, tried all the same', [NO_PIXELS, RETRIED, FAILED], { attempts: 3, error: 'wasm trap' }],
])('%s', (_what, events, expected) => {
  const images = imagesAfter(...events);
  expect(images).toMatchObject([{ sopInstanceUid: '1.1', ...expected }]);
  expect(images?.[0]?.error).toBe(expected.error);
});

test('another image of the study does not speak for it', () => {
  expect(imagesAfter(stored('1.1'), stored('1.2'), analysed('1.1', UNREADABLE), { ...FAILED, sopInstanceUid: '1.2', contentSha256: 'sha of 1.2' })).toMatchObject([{ attempts: 1 }, { attempts: 3 }]);
});
