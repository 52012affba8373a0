/** The invariants of ARCHITECTURE, over random histories: any events, any order, any repetition, any race. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { StudyCommand, StudyEvent } from '../../src/study/events.ts';
import { commandKey } from '../../src/study/outstanding.ts';
import { outstandingCommands, reduce } from '../../src/study/transition.ts';
import type { Study } from '../../src/study/types.ts';
import { isOnWorklist } from '../../src/study/worklist-order.ts';
import { anyEvent, mayHappen } from './histories.ts';
import { finding, LATERAL, NOW_MS, scored, STUDY_UID, UNREADABLE } from './sample-studies.ts';

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
    if (!isNew || (event.instance.clash !== undefined && !['study-of-other-patient', 'study-uid-missing'].includes(event.instance.clash))) continue;
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
