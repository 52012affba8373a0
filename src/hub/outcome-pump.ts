/**
 * Takes what workers answered out of the queue and into the registry. At least once: an outcome is acknowledged only
 * after its commit, and a repeated one changes nothing there. Soon after a job ends (the queue tells), and every
 * second besides, because telling is best effort.
 */
import type { JobEnd, JobQueue } from '../queue/job-queue.ts';
import type { StudyEvent } from '../study/events.ts';
import type { AnalysisOutcome } from '../study/types.ts';
import type { StudyEngine } from './study-engine.ts';

export interface OutcomePumpParts {
  readonly queue: Pick<JobQueue, 'ended' | 'acknowledge' | 'onEnded'>;
  readonly engine: Pick<StudyEngine, 'applySoon'>;
  /** What is left of an answer while a family of findings is switched off. */
  readonly withhold: (outcome: AnalysisOutcome) => AnalysisOutcome;
  readonly onOutcome: (end: JobEnd) => void;
  readonly onTrouble: (error: unknown) => void;
}

export interface OutcomePump {
  stop(): Promise<void>;
}

const BATCH = 64;
const SWEEP_MS = 1_000;

export function startOutcomePump({ queue, engine, withhold, onOutcome, onTrouble }: OutcomePumpParts): OutcomePump {
  let stopped = false;
  let again = false;
  let running: Promise<void> | undefined;

  async function drain(): Promise<void> {
    do {
      again = false;
      const ends = await queue.ended(BATCH);
      const taken = (await Promise.all(ends.map(take))).flatMap((jobId) => jobId ?? []);
      if (taken.length > 0) await queue.acknowledge(taken);
      // Without progress the sweep looks again: a disk that is full now may have room in a second.
      if (taken.length === BATCH) again = true;
    } while (again && !stopped);
  }

  /** One answer that cannot be taken in waits for the next look; it does not keep the others. */
  async function take(end: JobEnd): Promise<string | undefined> {
    try {
      await engine.applySoon(end.job.studyInstanceUid, eventOf(end, withhold));
      onOutcome(end);
      return end.job.jobId;
    } catch (error) {
      onTrouble(error);
      return undefined;
    }
  }

  function look(): void {
    again = true;
    if (running !== undefined || stopped) return;
    running = drain()
      .catch(onTrouble)
      .finally(() => {
        running = undefined;
      });
  }

  queue.onEnded(look);
  const sweep = setInterval(look, SWEEP_MS);
  look();
  return {
    async stop() {
      stopped = true;
      clearInterval(sweep);
      await running;
    },
  };
}

function eventOf(end: JobEnd, withhold: OutcomePumpParts['withhold']): StudyEvent {
  const { sopInstanceUid, contentSha256 } = end.job;
  if (end.kind === 'quarantined') return { kind: 'analysisFailed', sopInstanceUid, contentSha256, error: end.error, attempts: end.attempts };
  return { kind: 'instanceAnalysed', sopInstanceUid, contentSha256, outcome: withhold(end.outcome) };
}
