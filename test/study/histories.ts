/** Anything that can happen to a study, in any order, any number of times: for property tests of study and registry. */
import fc from 'fast-check';
import type { StudyEvent } from '../../src/study/events.ts';
import { reasonOf } from '../../src/study/reasons.ts';
import { withholdFamilies } from '../../src/study/switched-off.ts';
import { TRANSITIONS } from '../../src/study/transition.ts';
import type { FindingFamily, Study } from '../../src/study/types.ts';
import { finding, LATERAL, NOW_MS, scored, UNREADABLE } from './sample-studies.ts';

const uid = fc.constantFrom('1.1', '1.2', '1.3');
const sha = fc.constantFrom('A', 'B', 'C');
const order = fc.record({ stat: fc.boolean(), inpatient: fc.boolean(), patientAgeYears: fc.constantFrom(undefined, 3, 40, 80) });
const family = fc.constantFrom<FindingFamily>('tuberculosis', 'lung nodule');
const findings = fc.uniqueArray(
  fc.record({ family, score: fc.integer({ min: 0, max: 100 }), threshold: fc.constantFrom(30, 41, 60), shadow: fc.boolean() }),
  { maxLength: 2, selector: (one) => one.family },
);
const outcome = fc.oneof(
  { weight: 4, arbitrary: findings.map((all) => scored(...all.map((one) => ({ ...finding(one.family, one.score, one.threshold), ...(one.shadow ? { shadow: true } : {}) })))) },
  { weight: 2, arbitrary: fc.record({ findings, off: fc.subarray<FindingFamily>(['tuberculosis', 'lung nodule']) }).map(({ findings: all, off }) => withholdFamilies(scored(...all.map((one) => finding(one.family, one.score, one.threshold))), new Set(off))) },
  { weight: 1, arbitrary: fc.constant(UNREADABLE) },
  { weight: 1, arbitrary: fc.constant(LATERAL) },
  { weight: 1, arbitrary: fc.boolean().map((samePixels) => ({ kind: 'compared' as const, samePixels, detail: '', models: [] })) },
);
const header = fc.oneof(
  { weight: 5, arbitrary: fc.constant({ verdict: 'analyse' as const, remarks: [] }) },
  { weight: 1, arbitrary: fc.constantFrom('modality' as const, 'not-an-image' as const).map((code) => ({ verdict: 'ineligible' as const, reason: reasonOf(code), remarks: [] })) },
  { weight: 1, arbitrary: fc.constant({ verdict: 'unreadable' as const, reason: reasonOf('no-pixel-data'), remarks: [] }) },
);
const clash = fc.option(fc.constantFrom('uid-in-other-study' as const, 'uid-of-other-patient' as const, 'study-of-other-patient' as const, 'study-uid-missing' as const), { nil: undefined, freq: 12 });
const instance = fc.record({ sopInstanceUid: uid, contentSha256: sha, receivedAtMs: fc.constant(NOW_MS), hasPixels: fc.boolean(), header, clash });

export const anyEvent: fc.Arbitrary<StudyEvent> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('instanceStored' as const), instance, order }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('instanceAnalysed' as const), sopInstanceUid: uid, contentSha256: sha, outcome }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('instanceCompared' as const), sopInstanceUid: uid, contentSha256: sha, samePixels: fc.boolean(), detail: fc.constant('') }) },
  fc.record({ kind: fc.constant('analysisFailed' as const), sopInstanceUid: uid, contentSha256: sha, error: fc.constant('trap'), attempts: fc.constant(3) }),
  fc.record({ kind: fc.constant('retried' as const), sopInstanceUid: uid, contentSha256: sha, by: fc.constant('anna') }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('reportsWritten' as const), revision: fc.integer({ min: 1, max: 6 }), deliveryCount: fc.integer({ min: 0, max: 2 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('deliveriesDone' as const), revision: fc.integer({ min: 1, max: 6 }), nothingArrived: fc.constantFrom(undefined, true as const) }).map(({ nothingArrived, ...event }) => (nothingArrived ? { ...event, nothingArrived } : event)) },
  fc.record({ kind: fc.constant('prioritised' as const), stat: fc.boolean(), by: fc.constant('anna') }),
  fc.record({ kind: fc.constant('read' as const), by: fc.constant('anna'), where: fc.constantFrom('here' as const, 'final-report' as const, 'rule' as const) }),
  fc.constant({ kind: 'unread' as const, by: 'anna' }),
  fc.constant({ kind: 'closed' as const, by: 'anna', reason: 'test film' }),
  fc.constant({ kind: 'acknowledged' as const, by: 'anna' }),
  fc.record({ kind: fc.constant('announced' as const), order }),
);

/** Programming errors are asserted elsewhere; a history has none. */
export function mayHappen(study: Study | undefined, event: StudyEvent): boolean {
  if (TRANSITIONS[study?.state ?? 'unknown'][event.kind] === 'never') return false;
  if (event.kind === 'reportsWritten') return event.revision <= (study?.revision ?? 0);
  if (event.kind === 'deliveriesDone') return event.revision <= (study?.reportedRevision ?? 0);
  return true;
}
