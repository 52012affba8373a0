/** The invariants of ARCHITECTURE, over random histories: any events, any order, any repetition, any race. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { StudyCommand, StudyEvent } from '../../src/study/events.ts';
import { commandKey } from '../../src/study/outstanding.ts';
import { reasonOf } from '../../src/study/reasons.ts';
import { outstandingCommands, reduce, TRANSITIONS } from '../../src/study/transition.ts';
import type { FindingFamily, Study } from '../../src/study/types.ts';
import { isOnWorklist } from '../../src/study/worklist-order.ts';
import { finding, LATERAL, NOW_MS, scored, STUDY_UID, UNREADABLE } from './sample-studies.ts';

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
  { weight: 1, arbitrary: fc.constant(UNREADABLE) },
  { weight: 1, arbitrary: fc.constant(LATERAL) },
  { weight: 1, arbitrary: fc.boolean().map((samePixels) => ({ kind: 'compared' as const, samePixels, detail: '', models: [] })) },
);
const header = fc.oneof(
  { weight: 5, arbitrary: fc.constant({ verdict: 'analyse' as const, remarks: [] }) },
  { weight: 1, arbitrary: fc.constantFrom('modality' as const, 'not-an-image' as const).map((code) => ({ verdict: 'ineligible' as const, reason: reasonOf(code), remarks: [] })) },
  { weight: 1, arbitrary: fc.constant({ verdict: 'unreadable' as const, reason: reasonOf('no-pixel-data'), remarks: [] }) },
);
const clash = fc.option(fc.constantFrom('uid-in-other-study' as const, 'uid-of-other-patient' as const, 'study-of-other-patient' as const), { nil: undefined, freq: 12 });
const instance = fc.record({ sopInstanceUid: uid, contentSha256: sha, receivedAtMs: fc.constant(NOW_MS), hasPixels: fc.boolean(), header, clash });

const anyEvent: fc.Arbitrary<StudyEvent> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('instanceStored' as const), instance, order }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('instanceAnalysed' as const), sopInstanceUid: uid, contentSha256: sha, outcome }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('instanceCompared' as const), sopInstanceUid: uid, contentSha256: sha, samePixels: fc.boolean(), detail: fc.constant('') }) },
  fc.record({ kind: fc.constant('analysisFailed' as const), sopInstanceUid: uid, contentSha256: sha, error: fc.constant('trap'), attempts: fc.constant(3) }),
  fc.record({ kind: fc.constant('retried' as const), sopInstanceUid: uid, contentSha256: sha, by: fc.constant('anna') }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('reportsWritten' as const), revision: fc.integer({ min: 1, max: 6 }), deliveryCount: fc.integer({ min: 0, max: 2 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('deliveriesDone' as const), revision: fc.integer({ min: 1, max: 6 }) }) },
  fc.record({ kind: fc.constant('prioritised' as const), stat: fc.boolean(), by: fc.constant('anna') }),
  fc.record({ kind: fc.constant('read' as const), by: fc.constant('anna'), where: fc.constantFrom('here' as const, 'final-report' as const, 'rule' as const) }),
  fc.constant({ kind: 'unread' as const, by: 'anna' }),
  fc.constant({ kind: 'closed' as const, by: 'anna', reason: 'test film' }),
  fc.constant({ kind: 'acknowledged' as const, by: 'anna' }),
  fc.record({ kind: fc.constant('announced' as const), order }),
);

/** Programming errors are asserted elsewhere; a history has none. */
function mayHappen(study: Study | undefined, event: StudyEvent): boolean {
  if (TRANSITIONS[study?.state ?? 'unknown'][event.kind] === 'never') return false;
  if (event.kind === 'reportsWritten') return event.revision <= (study?.revision ?? 0);
  if (event.kind === 'deliveriesDone') return event.revision <= (study?.reportedRevision ?? 0);
  return true;
}

interface Step {
  readonly event: StudyEvent;
  readonly before: Study | undefined;
  readonly study: Study;
  readonly commands: readonly StudyCommand[];
}

function live(history: readonly StudyEvent[]): Step[] {
  const steps: Step[] = [];
  let study: Study | undefined;
  history.forEach((event, at) => {
    if (!mayHappen(study, event)) return;
    const before = study;
    const reduction = reduce(before, event, NOW_MS + at * 1000, STUDY_UID);
    study = reduction.study;
    steps.push({ event, before, study, commands: reduction.commands });
  });
  return steps;
}

const history = fc.array(anyEvent, { minLength: 1, maxLength: 40 });
const holds = (name: string, check: (steps: readonly Step[]) => void): void =>
  test(name, () => fc.assert(fc.property(history, (events) => check(live(events))), { numRuns: 1500 }));

holds('nothing but reading and closing takes a study off the list', (steps) => {
  for (const { event, before, study } of steps) {
    if ((!before || isOnWorklist(before)) && !isOnWorklist(study)) expect(['read', 'closed']).toContain(event.kind);
  }
});

holds('a flag never falls, and no finding ever loses to a weaker one', (steps) => {
  for (const { before, study } of steps) {
    for (const was of before?.assessment.findings ?? []) {
      const is = study.assessment.findings.find((one) => one.family === was.family);
      expect(is).toBeDefined();
      expect(Number(is?.flagged) * 1000 + (is?.score ?? 0)).toBeGreaterThanOrEqual(Number(was.flagged) * 1000 + was.score);
    }
  }
});

holds('the assessment holds every flag that any scored image has, shadows left out', (steps) => {
  const study = steps.at(-1)?.study;
  for (const scoredImage of study?.instances ?? []) {
    for (const one of scoredImage.findings) {
      if (one.flagged && !one.shadow) expect(study?.assessment.findings).toContainEqual(expect.objectContaining({ family: one.family, flagged: true }));
    }
  }
  expect(study?.assessment.findings.some(({ shadow }) => shadow) ?? false).toBe(false);
});

holds('a flagged study is urgent or critical, whatever else went wrong; the undetermined is never routine', (steps) => {
  for (const { study } of steps) {
    const flagged = study.assessment.findings.some((one) => one.flagged);
    if (flagged) expect(study.priority).toBe(study.order.stat ? 'critical' : 'urgent');
    else if (study.order.stat) expect(study.priority).toBe('urgent');
    else expect(study.priority).toBe(['receiving', 'analysing', 'attention'].includes(study.state) ? 'undetermined' : 'routine');
  }
});

holds('commands follow from the study alone: what was given and is not settled is what is outstanding', (steps) => {
  const given = new Set<string>();
  for (const { study, commands } of steps) {
    const outstanding = new Set(outstandingCommands(study).map(commandKey));
    for (const key of commands.map(commandKey)) {
      expect(given).not.toContain(key);
      given.add(key);
    }
    // Everything outstanding has been given at some time, and a command that is given is outstanding.
    for (const key of outstanding) expect(given).toContain(key);
    for (const key of commands.map(commandKey)) expect(outstanding).toContain(key);
    for (const key of given) if (!outstanding.has(key)) given.delete(key);
  }
});

holds('every image ends scored, ineligible, variant or in attention, and the study in a terminal state', (steps) => {
  let study = steps.at(-1)?.study;
  if (!study || study.instances.length === 0) return;
  for (let rounds = 0; outstandingCommands(study).length > 0; rounds += 1) {
    expect(rounds).toBeLessThan(30);
    const [next] = outstandingCommands(study);
    if (!next) break;
    study = reduce(study, answerTo(next, rounds), NOW_MS + 100_000).study;
  }
  const problems = study.instances.filter(({ status }) => status === 'unreadable' || status === 'conflict');
  expect(study.instances.every(({ status }) => status !== 'pending')).toBe(true);
  expect(['reported', 'delivered', 'ineligible', 'attention']).toContain(study.state);
  if (problems.length > 0 && study.acknowledgedAtMs === undefined) expect(study.state).toBe('attention');
  for (const problem of problems) expect(problem.reason?.text).toBeTruthy();
});

function answerTo(command: StudyCommand, round: number): StudyEvent {
  switch (command.kind) {
    case 'analyse':
      return { ...command, kind: 'instanceAnalysed', outcome: round % 3 === 0 ? UNREADABLE : round % 3 === 1 ? LATERAL : scored(finding('tuberculosis', 50)) };
    case 'compare':
      return { ...command, kind: 'instanceCompared', samePixels: round % 2 === 0, detail: '' };
    case 'writeReports':
      return { kind: 'reportsWritten', revision: command.revision };
    case 'deliver':
      return { kind: 'deliveriesDone', revision: command.revision };
  }
}

holds('a new image for the models: analysing, one revision more, on the list', (steps) => {
  for (const { event, before, study } of steps) {
    if (event.kind !== 'instanceStored' || event.instance.header.verdict !== 'analyse') continue;
    const isNew = !before?.instances.some(({ sopInstanceUid }) => sopInstanceUid === event.instance.sopInstanceUid);
    if (!isNew || (event.instance.clash !== undefined && event.instance.clash !== 'study-of-other-patient')) continue;
    expect(study.state).toBe('analysing');
    expect(study.revision).toBe((before?.revision ?? 0) + 1);
    expect(isOnWorklist(study)).toBe(true);
  }
});

holds('images are added and never removed, replaced or reordered', (steps) => {
  for (const { before, study } of steps) {
    const names = (one: Study | undefined): string[] => (one?.instances ?? []).map(({ sopInstanceUid, contentSha256 }) => `${sopInstanceUid} ${contentSha256}`);
    expect(names(study).slice(0, names(before).length)).toEqual(names(before));
    expect(new Set(names(study)).size).toBe(names(study).length);
  }
});

holds('the same event again changes nothing', (steps) => {
  for (const { event, study } of steps) {
    if (event.kind === 'retried' || !mayHappen(study, event)) continue;
    const again = reduce(study, event, NOW_MS + 900_000);
    expect(again.commands).toEqual([]);
    expect(again.study).toBe(study);
  }
});

holds('revision, reports and deliveries never go backwards, nor past each other', (steps) => {
  for (const { before, study } of steps) {
    expect(study.revision).toBeGreaterThanOrEqual(before?.revision ?? 0);
    expect(study.reportedRevision ?? 0).toBeGreaterThanOrEqual(before?.reportedRevision ?? 0);
    expect(study.revision).toBeGreaterThanOrEqual(study.reportedRevision ?? 0);
    expect(study.reportedRevision ?? 0).toBeGreaterThanOrEqual(study.deliveredRevision ?? 0);
  }
});

holds('a study that went through JSON is the same study', (steps) => {
  const last = steps.at(-1);
  if (!last?.before) return;
  const thawed = JSON.parse(JSON.stringify(last.before)) as Study;
  const again = reduce(thawed, last.event, last.study.updatedAtMs);
  expect(JSON.parse(JSON.stringify(again))).toEqual(JSON.parse(JSON.stringify({ study: last.study, commands: last.commands })));
});

holds('a reader always gets one line, and never the words "normal" or "absent"', (steps) => {
  for (const { study } of steps) {
    expect(study.reason.text).toMatch(/^[A-Z][^\n]+$/);
    expect(study.reason.text).not.toMatch(/normal|absent|negative|undefined|null/i);
    expect(study.reason.code).not.toBe('');
  }
});
