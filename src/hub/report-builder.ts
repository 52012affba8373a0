/**
 * Builds reports beside the hub's event loop, in one thread of its own (report-thread.ts) that starts with the first
 * report. A thread that dies or hangs fails its report only: the next one has a new thread, and the study's reports are
 * derived again by reconcile.ts.
 */
import { FirstreadError } from '../errors.ts';
import type { GreyPicture, StoredSize } from '../report/overlay.ts';
import type { ChestReportFacts } from '../report/report-facts.ts';
import { createThreadPool, type ThreadFailures, type ThreadPool } from '../threads/thread-pool.ts';
import type { BuiltDocument, ReportAnswer, ReportTask } from './report-task.ts';

export interface ReportBuilderOptions {
  readonly thread: URL;
  readonly deadlineMs: number;
  /** The writer asks for one after the other. */
  readonly waitingMax: number;
}

export const REPORT_BUILDER: ReportBuilderOptions = {
  thread: new URL('./report-thread.ts', import.meta.url),
  /** A report takes milliseconds; the first one of a thread also its start, on a machine that may be overcommitted. */
  deadlineMs: 60_000,
  waitingMax: 8,
};

/** All reject with `report-failed` where the thread failed. */
export interface ReportBuilder {
  /** Of a file in the spool. Rejects with `instance-missing`, `storage-…`, `data-set-…`. */
  patientAndStudy(path: string, transferSyntaxUid: string): Promise<ChestReportFacts['patientAndStudy']>;
  report(facts: ChestReportFacts): Promise<BuiltDocument>;
  /** Takes the film's pixels: they are empty afterwards. Rejects with `picture-invalid`. */
  picture(facts: ChestReportFacts, film: GreyPicture, stored: StoredSize): Promise<BuiltDocument>;
  /** What is under way fails. */
  close(): Promise<void>;
}

/** None of them says what was choked on: dcmjs quotes values. */
const FAILURES: ThreadFailures = {
  late: (deadlineMs) => new FirstreadError('report-failed', `building a report took longer than ${deadlineMs} ms`, { deadlineMs }),
  lost: () => new FirstreadError('report-failed'),
  busy: (waitingMax) => new FirstreadError('report-failed', 'too many reports wait to be built', { waitingMax }),
  closed: () => new FirstreadError('report-failed', 'no more reports are built'),
};

export function createReportBuilder(options: ReportBuilderOptions = REPORT_BUILDER): ReportBuilder {
  const pool: ThreadPool<ReportTask, ReportAnswer> = createThreadPool({
    ...options,
    threads: 1,
    failures: FAILURES,
    moved: (task: ReportTask) => (task.kind === 'picture' ? [task.film.pixels.buffer as ArrayBuffer] : []),
  });
  const documentOf = async (task: ReportTask): Promise<BuiltDocument> => {
    const answer = await pool.run(task);
    if (answer.kind !== 'document') throw new FirstreadError('internal');
    return answer.document;
  };
  return {
    async patientAndStudy(path, transferSyntaxUid) {
      const answer = await pool.run({ kind: 'patient-and-study', path, transferSyntaxUid });
      if (answer.kind !== 'patient-and-study') throw new FirstreadError('internal');
      return answer.patientAndStudy;
    },
    report: (facts) => documentOf({ kind: 'report', facts }),
    picture: (facts, film, stored) => documentOf({ kind: 'picture', facts, film, stored }),
    close: () => pool.close(),
  };
}
