/** Asks a thread for a checkpoint every so many commits. The thread is started when it is first needed. */
import { Worker } from 'node:worker_threads';

/** Some 20 pages a commit: the log is moved every 5 MB or so. */
const COMMITS_BETWEEN = 64;
/** A checkpoint takes milliseconds; on a disk that hangs, closing goes on without it. */
const CLOSE_WAIT_MS = 5_000;

/** What the thread and we agree on, in one shared word: once it is `CLOSED`, the thread touches the file no more. */
export const IDLE = 0;
export const AT_WORK = 1;
export const CLOSED = 2;

export const sharedState = (): Int32Array<SharedArrayBuffer> => new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

export interface CheckpointWork {
  path: string;
  state: Int32Array<SharedArrayBuffer>;
}

export interface Checkpointer {
  /** After every commit. */
  committed(): void;
  /** Waits for a checkpoint that has begun. After that the file is its owner's alone: it may be moved, replaced, removed. */
  close(): void;
}

export function createCheckpointer(path: string, { closeWaitMs = CLOSE_WAIT_MS, state = sharedState() } = {}): Checkpointer {
  let commits = 0;
  let thread: Worker | undefined;

  function start(): Worker {
    const started = new Worker(new URL('./checkpoint-thread.ts', import.meta.url), { workerData: { path, state } satisfies CheckpointWork });
    started.unref();
    // Without it the log grows up to the limit at which commits checkpoint by themselves; then another one is tried.
    started.on('error', () => {
      thread = undefined;
      // Died in the midst of one: the next thread is not to wait for it.
      Atomics.compareExchange(state, 0, AT_WORK, IDLE);
    });
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
      const deadlineMs = performance.now() + closeWaitMs;
      while (Atomics.compareExchange(state, 0, IDLE, CLOSED) === AT_WORK) {
        const leftMs = deadlineMs - performance.now();
        // The one that hangs cannot be stopped, but those that wait behind it do not begin.
        if (leftMs <= 0) Atomics.store(state, 0, CLOSED);
        else Atomics.wait(state, 0, AT_WORK, leftMs);
      }
      thread?.postMessage('close');
      thread = undefined;
    },
  };
}
