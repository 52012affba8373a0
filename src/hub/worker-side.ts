/** The analysing side of a hub: the queue (embedded or Redis) and the workers that the hub starts itself. */
import { fileURLToPath } from 'node:url';
import type { Config } from '../config/config.ts';
import { openEmbeddedQueue } from '../queue/embedded-queue.ts';
import type { JobQueue, QueueLimits } from '../queue/job-queue.ts';
import { QUEUE_LIMITS } from '../queue/queue-limits.ts';
import { WORKER_OPTIONS_VARIABLE } from '../inference/worker-process.ts';
import type { WorkerProcessOptions } from '../inference/worker-process.ts';
import type { FirstreadMetrics } from '../ops/firstread-metrics.ts';
import type { Log } from '../ops/log.ts';
import { sentenceAsWord } from '../ops/redaction.ts';
import type { DataFolder } from './data-folder.ts';
import type { CurrentSiteModels } from './site-models.ts';
import type { WorkerBoard } from './worker-board.ts';
import { startWorkers } from './worker-supervisor.ts';
import type { WorkerMessage, WorkerSupervisor } from './worker-supervisor.ts';

export const queueLimits = (config: Config): QueueLimits => ({ ...QUEUE_LIMITS, leaseMs: config.leaseMs, maxAttempts: config.attemptsMax });

export async function openSiteQueue(config: Config, folder: DataFolder): Promise<JobQueue> {
  if (config.redisUrl === '') return openEmbeddedQueue(folder.queue, queueLimits(config));
  // Only where Redis is used: loading it takes longer than all the rest.
  const { openBullmqQueue } = await import('../queue/bullmq-queue.ts');
  return openBullmqQueue(config.redisUrl, queueLimits(config), { prefix: config.queuePrefix });
}

/** What a worker needs, on this machine (`local`) or on another (`hubUrl` and `workerToken` set). */
export function workerOptions(config: Config, folder: DataFolder, models: readonly string[]): WorkerProcessOptions {
  return {
    queue: config.redisUrl === '' ? { kind: 'embedded', path: folder.queue } : { kind: 'redis', url: config.redisUrl, prefix: config.queuePrefix },
    queueLimits: queueLimits(config),
    instances: config.hubUrl === '' ? { kind: 'file', spool: folder.spool, previews: folder.previews } : { kind: 'http', hubUrl: config.hubUrl, token: config.workerToken },
    models,
    provider: config.provider,
    inferenceThreads: config.inferenceThreads,
    decodeThreads: config.decodeThreads,
    batchMax: config.batchMax,
    decodeDeadlineMs: config.decodeDeadlineMs,
    runDeadlineMs: config.modelDeadlineMs,
    settings: { eligibility: { analyseSecondaryCapture: config.analyseSecondaryCapture, minSidePixels: config.imageSideMinPixels } },
  } as WorkerProcessOptions;
}

export const WORKER_ENTRY = fileURLToPath(new URL('../inference/worker-process.ts', import.meta.url));

export function startSiteWorkers(config: Config, folder: DataFolder, models: CurrentSiteModels, log: Log, metrics: FirstreadMetrics, board: WorkerBoard): WorkerSupervisor {
  return startWorkers({
    count: config.workers,
    entry: WORKER_ENTRY,
    variable: WORKER_OPTIONS_VARIABLE,
    workerOptions: workerOptions({ ...config, hubUrl: '' }, folder, models.folders),
    onMessage(message, pid) {
      tell(message, pid, log);
      board.note(message, pid);
      // A worker that starts at last has found mended models: the hub reads them again too.
      if (message.type === 'ready' && models.problem() !== undefined) void models.refresh();
    },
    onExit: (code, signal, willRestart) => {
      if (willRestart) log.write('worker-ended', { exitCode: code ?? undefined, signal: signal ?? undefined });
    },
    onReadyCount: (count) => metrics.workersReady.set(count),
  });
}

function tell(message: WorkerMessage, pid: number, log: Log): void {
  const text = (key: string): string => String(message[key] ?? '');
  switch (message.type) {
    case 'ready':
      log.write('worker-ready', { pid, provider: text('provider') });
      return;
    case 'problem':
      log.write(message['code'] === 'model-run-stuck' ? 'model-run-stuck' : 'model-refused', { pid, code: text('code'), reason: sentenceAsWord(text('message')) });
      return;
    case 'failed':
      log.write('analysis-failed', { pid, jobId: text('jobId'), code: text('code'), attempt: Number(message['attempt']), state: text('next') });
      return;
    case 'trouble':
      log.write('queue-unreachable', { pid, code: text('code'), reason: sentenceAsWord(text('message')) });
      return;
    case 'answered':
      if (message['accepted'] === false) log.write('answer-stale', { pid, jobId: text('jobId') });
  }
}
