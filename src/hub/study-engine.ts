/**
 * Runs what the study machine asks for. An event goes through the registry (one commit), the commands that come out of
 * it are handed to the queue, the report writer or the outbox, and the page is told. Nothing here is the truth: every
 * command can be derived again from the registry (reconcile.ts), so a failure to hand one over is logged, not fatal.
 */
import { createHash } from 'node:crypto';
import { FirstreadError } from '../errors.ts';
import type { AnalysisJob, JobQueue } from '../queue/job-queue.ts';
import type { Registry } from '../registry/registry.ts';
import type { StudyCommand, StudyEvent } from '../study/events.ts';
import { judgingThresholds } from '../study/site-threshold.ts';
import type { SiteThreshold } from '../study/site-threshold.ts';
import type { Reduction } from '../study/transition.ts';
import type { Study } from '../study/types.ts';

export interface StudyEngineParts {
  readonly registry: Registry;
  readonly queue: Pick<JobQueue, 'add'>;
  /** The site's own thresholds, at this moment. */
  readonly siteThresholds: () => readonly SiteThreshold[];
  readonly now: () => number;
  readonly wakeWorkers: () => void;
  readonly writeReports: (studyInstanceUid: string, revision: number) => void;
  readonly wakeOutbox: () => void;
  readonly onChanged: (study: Study) => void;
  readonly onQueueTrouble: (error: unknown) => void;
}

export interface StudyEngine {
  /** Applies one event durably and runs what follows; undefined where the registry does not know the study. */
  apply(studyInstanceUid: string, event: StudyEvent): Study | undefined;
  /** Several events of one study, at least one, in one commit: all or none. */
  applyAll(studyInstanceUid: string, events: readonly StudyEvent[]): Study | undefined;
  /** The same, its commit shared with others of the same moment (one sync of the disk, beside the event loop). */
  applySoon(studyInstanceUid: string, event: StudyEvent): Promise<Study | undefined>;
  /** Runs commands that the registry has already committed (after a C-STORE, at reconcile). */
  execute(studyInstanceUid: string, commands: readonly StudyCommand[]): void;
  /** The study changed outside of `apply` (stored, reported, delivered). */
  changed(study: Study): void;
  /** What the queue should know for a command, or undefined when its file is gone. */
  jobFor(studyInstanceUid: string, command: StudyCommand): AnalysisJob | undefined;
}

export const jobIdOf = (kind: 'analyse' | 'compare', sopInstanceUid: string, contentSha256: string): string =>
  createHash('sha256').update([kind, sopInstanceUid, contentSha256].join('\0')).digest('hex');

export function createStudyEngine(parts: StudyEngineParts): StudyEngine {
  const { registry, now } = parts;

  function jobFor(studyInstanceUid: string, command: StudyCommand): AnalysisJob | undefined {
    if (command.kind !== 'analyse' && command.kind !== 'compare') return undefined;
    const { sopInstanceUid, contentSha256, rank } = command;
    const instance = registry.instance(sopInstanceUid, contentSha256);
    if (instance === undefined) return undefined;
    // Decided here, once: whichever worker takes the job, with whatever settings, judges by the same numbers.
    const thresholds = command.kind === 'analyse' ? judgingThresholds(parts.siteThresholds(), instance.header) : [];
    const first = command.kind === 'compare' ? registry.instance(sopInstanceUid, command.compareWithSha256) : undefined;
    return {
      jobId: jobIdOf(command.kind, sopInstanceUid, contentSha256),
      studyInstanceUid,
      sopInstanceUid,
      contentSha256,
      fileKey: instance.fileKey,
      ...(first === undefined ? {} : { compareWithFileKey: first.fileKey }),
      header: instance.header,
      ...(thresholds.length === 0 ? {} : { thresholds }),
      rank,
      enqueuedAtMs: now(),
    };
  }

  function execute(studyInstanceUid: string, commands: readonly StudyCommand[]): void {
    const jobs = commands.flatMap((command) => jobFor(studyInstanceUid, command) ?? []);
    // Not awaited: Redis may be away for hours, and the answer to the modality must not wait for it.
    if (jobs.length > 0) parts.queue.add(jobs).then(parts.wakeWorkers, parts.onQueueTrouble);
    for (const command of commands) {
      if (command.kind === 'writeReports') parts.writeReports(studyInstanceUid, command.revision);
      else if (command.kind === 'deliver') parts.wakeOutbox();
    }
  }

  const follow = ({ study, commands }: Reduction): Study => {
    parts.onChanged(study);
    execute(study.studyInstanceUid, commands);
    return study;
  };
  const ifKnown = (error: unknown): undefined => {
    if (error instanceof FirstreadError && error.code === 'study-unknown') return undefined;
    throw error;
  };

  function applyAll(studyInstanceUid: string, events: readonly StudyEvent[]): Study | undefined {
    try {
      const reductions = registry.transact(() => events.map((event) => registry.applyStudyEvent(studyInstanceUid, event, now())));
      return follow({ study: reductions.at(-1)!.study, commands: reductions.flatMap(({ commands }) => commands) });
    } catch (error) {
      return ifKnown(error);
    }
  }

  return {
    apply: (studyInstanceUid, event) => applyAll(studyInstanceUid, [event]),
    applyAll,
    applySoon: (studyInstanceUid, event) => registry.commitSoon(() => registry.applyStudyEvent(studyInstanceUid, event, now())).then(follow, ifKnown),
    execute,
    changed: parts.onChanged,
    jobFor,
  };
}
