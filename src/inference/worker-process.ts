/**
 * Entry of a worker's process: forked by the hub, or run by `firstread worker`. Its options come as JSON in the first
 * argument, or, where they hold secrets, in the environment (arguments are visible to everybody on the machine).
 * Tells its parent {type: 'ready' | 'problem' | 'status' | …} and obeys {type: 'wake' | 'stop'}; ends with its parent.
 */
import { setInterval } from 'node:timers';
import { setTimeout as pause } from 'node:timers/promises';
import { FirstreadError } from '../errors.ts';
import type { JobSource, QueueLimits } from '../queue/job-queue.ts';
import { openEmbeddedQueue } from '../queue/embedded-queue.ts';
import type { AnalysisSettings } from './analyse-image.ts';
import { INSTANCE_BYTES_MAX, createFileSource } from './file-source.ts';
import { createHttpSource } from './http-source.ts';
import type { InstanceSource } from './instance-source.ts';
import { loadModelSet } from './model-set.ts';
import { parseProvider } from './provider.ts';
import type { WorkerEvent } from './worker.ts';

/** What the parent hands over. */
export interface WorkerProcessOptions {
  readonly queue: { readonly kind: 'embedded'; readonly path: string } | { readonly kind: 'redis'; readonly url: string; readonly prefix?: string };
  readonly queueLimits: QueueLimits;
  readonly instances: { readonly kind: 'file'; readonly spool: string; readonly previews: string } | { readonly kind: 'http'; readonly hubUrl: string; readonly token: string };
  /** Folders whose sub-folders are models. */
  readonly models: readonly string[];
  /** `cpu` or `cuda:N`. */
  readonly provider: string;
  readonly inferenceThreads: number;
  readonly decodeThreads: number;
  readonly batchMax?: number;
  readonly decodeDeadlineMs?: number;
  readonly runDeadlineMs?: number;
  readonly settings: AnalysisSettings;
}

export const WORKER_OPTIONS_VARIABLE = 'FIRSTREAD_WORKER_OPTIONS';
/** A GPU wants full batches; on a CPU the warm-up finds out whether batches pay at all. */
export const BATCH_MAX = { cpu: 8, cuda: 32 } as const;
/** How often the parent hears how it goes; it takes a long silence for a hang. */
const STATUS_EVERY_MS = 1_000;
/** `firstread worker` shows it as its exit code; the hub restarts the worker either way. `stuck`: see endAtOnce. */
export const WORKER_EXIT = { stopped: 0, refused: 1, stuck: 2 } as const;
/** For the last words to the parent. */
const LAST_WORDS_MS = 1_000;

export type WorkerMessage = WorkerEvent | { readonly type: 'problem'; readonly code: string; readonly message: string } | { readonly type: 'status'; readonly answered: number; readonly failed: number; readonly rssBytes: number };

/** Everything but the process around it. Resolves with the exit code. */
export async function runWorkerProcess(options: WorkerProcessOptions, tell: (message: WorkerMessage) => void, signal: AbortSignal, onSource: (source: JobSource & { wake?: () => void }) => void = () => undefined): Promise<number> {
  const counts = { answered: 0, failed: 0 };
  const status = setInterval(() => tell({ type: 'status', ...counts, rssBytes: process.memoryUsage.rss() }), STATUS_EVERY_MS);
  let source: JobSource | undefined;
  try {
    const provider = parseProvider(options.provider);
    const modelSet = await loadModelSet(options.models);
    // Not at the top: the hub imports this file for its types and names, and must not load what a worker loads.
    const { runWorker, workerLimits } = await import('./worker.ts');
    source = await openSource(options);
    onSource(source);
    const batchMax = options.batchMax ?? BATCH_MAX[provider.name];
    await runWorker({
      source,
      instances: openInstances(options.instances),
      modelSet,
      provider,
      inferenceThreads: options.inferenceThreads,
      decodeThreads: options.decodeThreads,
      batchMax,
      settings: options.settings,
      limits: {
        ...workerLimits(options.decodeThreads, options.queueLimits.leaseMs),
        ...(options.decodeDeadlineMs === undefined ? {} : { decodeDeadlineMs: options.decodeDeadlineMs }),
        ...(options.runDeadlineMs === undefined ? {} : { runDeadlineMs: options.runDeadlineMs }),
      },
      onEvent: (event) => {
        if (event.type === 'answered') counts.answered += 1;
        if (event.type === 'failed') counts.failed += 1;
        tell(event);
      },
      signal,
    });
    return WORKER_EXIT.stopped;
  } catch (error) {
    tell({ type: 'problem', code: error instanceof FirstreadError ? error.code : 'unexpected', message: error instanceof Error ? error.message : 'unknown' });
    return error instanceof FirstreadError && error.code === 'model-run-stuck' ? WORKER_EXIT.stuck : WORKER_EXIT.refused;
  } finally {
    clearInterval(status);
    await source?.close().catch(() => undefined);
  }
}

/**
 * Ends this process when one of its threads hangs in native code: `process.exit` would wait for that thread, and never end.
 * Whoever started it sees a process that was killed, and starts another. The first process of a container (compose.yaml has an
 * init before it) cannot kill itself; it aborts, which may leave a core file where the system keeps those.
 */
export function endAtOnce(): void {
  process.kill(process.pid, 'SIGKILL');
  process.abort();
}

async function openSource({ queue, queueLimits }: WorkerProcessOptions): Promise<JobSource & { wake?: () => void }> {
  if (queue.kind === 'embedded') return openEmbeddedQueue(queue.path, queueLimits);
  // Only where Redis is used: loading it takes longer than all the rest.
  const { openBullmqSource } = await import('../queue/bullmq-queue.ts');
  return openBullmqSource(queue.url, queueLimits, queue.prefix === undefined ? {} : { prefix: queue.prefix });
}

function openInstances(from: WorkerProcessOptions['instances']): InstanceSource {
  return from.kind === 'file' ? createFileSource({ ...from, instanceBytesMax: INSTANCE_BYTES_MAX }) : createHttpSource(from);
}

async function main(text: string): Promise<void> {
  const options = JSON.parse(text) as WorkerProcessOptions;
  const stop = new AbortController();
  let wake: (() => void) | undefined;
  process.on('message', (message: { type?: unknown }) => {
    if (message.type === 'stop') stop.abort();
    if (message.type === 'wake') wake?.();
  });
  // The parent is gone: its jobs go back, and nobody would hear the answers.
  process.on('disconnect', () => stop.abort());
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => stop.abort());
  let told: Promise<void> = Promise.resolve();
  const tell = (message: WorkerMessage): void => {
    if (process.connected) told = new Promise((resolve) => process.send?.(message, undefined, undefined, () => resolve()));
  };
  const code = await runWorkerProcess(options, tell, stop.signal, (source) => {
    wake = source.wake === undefined ? undefined : () => source.wake?.();
  });
  if (code === WORKER_EXIT.stuck) {
    await Promise.race([told, pause(LAST_WORDS_MS)]);
    endAtOnce();
  }
  process.exitCode = code;
  if (process.connected) process.disconnect();
}

if (process.argv[1] === import.meta.filename) {
  const text = process.argv[2] ?? process.env[WORKER_OPTIONS_VARIABLE];
  if (text === undefined) throw new Error(`the worker's options are expected as JSON in the first argument or in ${WORKER_OPTIONS_VARIABLE}`);
  await main(text);
}
