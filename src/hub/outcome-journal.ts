/** What the study machine's steps tell to log and metrics: analyses, flags with their latency, reports. */
import type { JobEnd } from '../queue/job-queue.ts';
import type { FirstreadMetrics } from '../ops/firstread-metrics.ts';
import type { Log } from '../ops/log.ts';
import type { Study } from '../study/types.ts';

export interface OutcomeJournalParts {
  readonly log: Log;
  readonly metrics: FirstreadMetrics;
  readonly now: () => number;
}

export interface OutcomeJournal {
  onOutcome(end: JobEnd): void;
  onChanged(study: Study): void;
  onReports(about: { readonly study: Study; readonly reportCount: number; readonly durationMs: number }): void;
}

/** Studies remembered as told about, so that an attention is logged when it begins and not at every later event. */
const TOLD_MAX = 10_000;

export function createOutcomeJournal({ log, metrics, now }: OutcomeJournalParts): OutcomeJournal {
  const told = new Map<string, string>();

  return {
    onOutcome(end) {
      const { job } = end;
      const about = { jobId: job.jobId, sopInstanceUid: job.sopInstanceUid };
      if (end.kind === 'quarantined') {
        metrics.analyses.add({ outcome: 'quarantined' });
        log.write('analysis-quarantined', { ...about, attempts: end.attempts });
        return;
      }
      const { outcome } = end;
      metrics.analyses.add({ outcome: outcome.kind });
      const { timings } = outcome;
      const totalMs = now() - job.enqueuedAtMs;
      metrics.observeStage('flag', totalMs);
      if (timings !== undefined) {
        metrics.observeStage('queue-wait', Math.max(0, totalMs - timings.totalMs));
        metrics.observeStage('fetch', timings.fetchMs);
        metrics.observeStage('decode', timings.decodeMs);
        metrics.observeStage('preprocess', timings.preprocessMs);
        metrics.observeStage('inference', timings.inferenceMs);
        metrics.observeStage('worker', timings.totalMs);
      }
      log.write('analysis-done', { ...about, kind: outcome.kind, totalMs, ...(timings === undefined ? {} : { decodeMs: Math.round(timings.decodeMs), inferenceMs: Math.round(timings.inferenceMs) }) });
    },

    onChanged(study) {
      const mark = `${study.state} ${study.priority} ${study.reason.code}`;
      if (told.get(study.studyInstanceUid) === mark) return;
      if (told.size >= TOLD_MAX) told.clear();
      told.set(study.studyInstanceUid, mark);
      const about = { studyInstanceUid: study.studyInstanceUid, state: study.state, priority: study.priority, code: study.reason.code };
      if (study.state === 'attention') log.write('study-attention', about);
      else if (study.state === 'assessed' || study.state === 'ineligible') log.write('study-assessed', about);
    },

    onReports({ study, reportCount, durationMs }) {
      metrics.observeStage('report', durationMs);
      if (reportCount > 0) log.write('reports-written', { studyInstanceUid: study.studyInstanceUid, revision: study.revision, count: reportCount, durationMs });
    },
  };
}
