/**
 * ContentHasher on threads of its own. Bytes are not copied: chunks lie in shared memory, which the thread reads while
 * the same bytes are being written to disk. A thread that dies fails the objects it was hashing (they are refused and
 * sent again), and the next object starts a new one.
 */
import assert from 'node:assert/strict';
import { Worker } from 'node:worker_threads';
import { FirstreadError } from '../errors.ts';
import type { ContentHash, ContentHasher } from './content-hash.ts';
import type { HashAnswer, HashRequest } from './hash-thread.ts';

/** Two threads hash 3 GB/s: more than a 10 Gbit/s network brings. */
export const HASH_THREAD_COUNT = 2;

interface Waiting {
  resolve(answer: HashAnswer): void;
  reject(error: Error): void;
}

interface HashThread {
  ask(request: HashRequest): Promise<HashAnswer>;
  tell(request: HashRequest): void;
  readonly dead: boolean;
  close(): Promise<void>;
}

export function startHashThreads(threadCount: number = HASH_THREAD_COUNT): ContentHasher {
  const threads: (HashThread | undefined)[] = new Array<undefined>(threadCount).fill(undefined);
  let streamCount = 0;

  function threadFor(stream: number): HashThread {
    const index = stream % threadCount;
    const thread = threads[index];
    if (thread !== undefined && !thread.dead) return thread;
    return (threads[index] = startThread());
  }

  return {
    begin(): ContentHash {
      const stream = ++streamCount;
      const thread = threadFor(stream);
      return {
        async update(bytes) {
          const memory = bytes.buffer;
          assert(memory instanceof SharedArrayBuffer, 'bytes to be hashed on a thread lie in shared memory');
          await thread.ask({ kind: 'update', stream, memory, offset: bytes.byteOffset, byteLength: bytes.byteLength });
        },
        async digest() {
          const { digest } = await thread.ask({ kind: 'digest', stream });
          return digest!;
        },
        drop: () => thread.tell({ kind: 'drop', stream }),
      };
    },
    allocate: (byteLength) => new Uint8Array(new SharedArrayBuffer(byteLength)),
    async close() {
      await Promise.all(threads.map((thread) => thread?.close()));
    },
  };
}

function startThread(): HashThread {
  const worker = new Worker(new URL('./hash-thread.ts', import.meta.url), { name: 'hash' });
  // The thread answers in order, for each stream and overall.
  const waiting: Waiting[] = [];
  let dead = false;
  const die = (): void => {
    dead = true;
    for (const { reject } of waiting.splice(0)) reject(new FirstreadError('storage-failed', 'the hashing thread ended'));
  };
  worker.on('message', (answer: HashAnswer) => {
    waiting.shift()!.resolve(answer);
    if (waiting.length === 0) worker.unref();
  });
  worker.on('error', die);
  worker.on('exit', die);
  worker.unref();
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        if (dead) return reject(new FirstreadError('storage-failed', 'the hashing thread ended'));
        // An idle thread does not keep the process alive, one with work does.
        if (waiting.push({ resolve, reject }) === 1) worker.ref();
        worker.postMessage(request);
      }),
    tell(request) {
      if (!dead) worker.postMessage(request);
    },
    get dead() {
      return dead;
    },
    async close() {
      await worker.terminate();
    },
  };
}
