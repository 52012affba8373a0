/**
 * What is still to be done for a study, from the study alone: the reason why a wiped queue loses nothing.
 * `reduce` emits exactly the commands that become outstanding; `reconcile` gives all of them again.
 */
import type { StudyCommand } from './events.ts';
import { ORDINARY_RANK, STAT_RANK } from './events.ts';
import type { Study, StudyInstance } from './types.ts';

/** Waits for the models (and not for "is it the same picture?"): only this keeps a study in `analysing`. */
export function awaitsAnalysis(instance: StudyInstance): boolean {
  return instance.status === 'pending' && instance.compareWithSha256 === undefined;
}

export function outstandingCommands(study: Study): StudyCommand[] {
  const commands: StudyCommand[] = [];
  const rank = study.order.stat ? STAT_RANK : ORDINARY_RANK;
  let analysing = false;
  for (const instance of study.instances) {
    if (instance.status !== 'pending') continue;
    const { sopInstanceUid, contentSha256, compareWithSha256 } = instance;
    if (compareWithSha256 === undefined) {
      analysing = true;
      commands.push({ kind: 'analyse', sopInstanceUid, contentSha256, rank });
    } else {
      commands.push({ kind: 'compare', sopInstanceUid, contentSha256, compareWithSha256, rank });
    }
  }
  if (analysing || study.instances.length === 0) return commands;

  const { revision, reportedRevision = 0, deliveredRevision = 0, deliveryCount = 1 } = study;
  if (reportedRevision < revision) commands.push({ kind: 'writeReports', revision });
  else if (deliveredRevision < revision && deliveryCount > 0) commands.push({ kind: 'deliver', revision });
  return commands;
}

/** Two commands with the same key are the same command. The rank is part of it: STAT asks again, at the front. */
export function commandKey(command: StudyCommand): string {
  switch (command.kind) {
    case 'analyse':
    case 'compare':
      return `${command.kind} ${command.sopInstanceUid} ${command.contentSha256} ${command.rank}`;
    case 'writeReports':
    case 'deliver':
      return `${command.kind} ${command.revision}`;
  }
}
