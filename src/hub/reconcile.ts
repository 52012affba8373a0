/**
 * Derives all outstanding work again from the registry: at start, every minute, and soon after the queue came back.
 * A job that the queue already knows is left alone, so reconciling twice does nothing twice.
 */
import type { JobQueue } from '../queue/job-queue.ts';
import type { Registry } from '../registry/registry.ts';
import type { StudyEngine } from './study-engine.ts';

export interface ReconcileParts {
  readonly registry: Registry;
  readonly queue: Pick<JobQueue, 'add' | 'known' | 'healthy'>;
  readonly engine: StudyEngine;
  readonly wakeWorkers: () => void;
  readonly onDone: (counts: { readonly outstanding: number; readonly queuedAgain: number }) => void;
  readonly onTrouble: (error: unknown) => void;
}

export interface Reconciler {
  /** One round; concurrent calls share it. Never rejects. */
  now(): Promise<void>;
  /** Something could not be handed over (queue away, disk full): look again before the minute is over. */
  soon(): void;
  stop(): Promise<void>;
}

const EVERY_MS = 60_000;
/** A queue that answers again is filled at once, not within the minute. */
const WATCH_MS = 1_000;
const SOON_MS = 3_000;
/** Studies in one bite: the event loop breathes in between. */
const BITE = 200;

export function startReconciler(parts: ReconcileParts): Reconciler {
  const { registry, queue, engine } = parts;
  let running: Promise<void> | undefined;
  let wasHealthy = true;
  let stopped = false;

  async function round(): Promise<void> {
    let queuedAgain = 0;
    let outstanding = 0;
    for (let cursor: number | undefined = 0; cursor !== undefined && !stopped; ) {
      const portion = registry.outstandingAfter(cursor, BITE);
      const bite = portion.commands;
      cursor = portion.cursor;
      outstanding += bite.length;
      const jobs = bite.flatMap(({ studyInstanceUid, command }) => engine.jobFor(studyInstanceUid, command) ?? []);
      const known = jobs.length === 0 ? new Set<string>() : await queue.known(jobs.map(({ jobId }) => jobId));
      const missing = jobs.filter(({ jobId }) => !known.has(jobId));
      if (missing.length > 0) await queue.add(missing);
      queuedAgain += missing.length;
      for (const { studyInstanceUid, command } of bite) {
        if (command.kind === 'writeReports' || command.kind === 'deliver') engine.execute(studyInstanceUid, [command]);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (queuedAgain > 0) parts.wakeWorkers();
    parts.onDone({ outstanding, queuedAgain });
  }

  function start(): Promise<void> {
    running ??= round()
      .catch(parts.onTrouble)
      .finally(() => {
        running = undefined;
      });
    return running;
  }

  let soon: NodeJS.Timeout | undefined;
  const timer = setInterval(() => void start(), EVERY_MS);
  const watch = setInterval(() => {
    const healthy = queue.healthy();
    if (healthy && !wasHealthy) void start();
    wasHealthy = healthy;
  }, WATCH_MS);
  return {
    now: start,
    soon() {
      if (stopped) return;
      soon ??= setTimeout(() => {
        soon = undefined;
        void start();
      }, SOON_MS);
    },
    async stop() {
      stopped = true;
      clearTimeout(soon);
      clearInterval(timer);
      clearInterval(watch);
      await running;
    },
  };
}
