/** Asks a thread for a checkpoint every so many commits. The thread is started when it is first needed. */
import { Worker } from 'node:worker_threads';

/** Some 20 pages a commit: the log is moved every 5 MB or so. */
const COMMITS_BETWEEN = 64;

export interface Checkpointer {
  /** After every commit. */
  committed(): void;
  close(): void;
}

export function createCheckpointer(path: string): Checkpointer {
  let commits = 0;
  let thread: Worker | undefined;

  function start(): Worker {
    const started = new Worker(new URL('./checkpoint-thread.ts', import.meta.url), { workerData: path });
    started.unref();
    // Without it the log grows up to the limit at which commits checkpoint by themselves; then another one is tried.
    started.on('error', () => (thread = undefined));
    return started;
  }

  return {
    committed() {
      commits += 1;
      if (commits < COMMITS_BETWEEN) return;
      commits = 0;
      thread ??= start();
      thread.postMessage('checkpoint');
    },
    close() {
      thread?.postMessage('close');
      thread = undefined;
    },
  };
}
