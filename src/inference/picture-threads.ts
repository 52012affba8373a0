/**
 * Threads that work on pictures while the model runs: a picture's pixels move to one thread and stay there until it is
 * closed, so that nothing large is copied. With several threads several pictures are prepared at once.
 */
import assert from 'node:assert';
import { Worker } from 'node:worker_threads';
import type { GrayImage } from './gray-image.ts';
import type { PictureAnswer, PictureTask } from './picture-thread.ts';
import type { Picture } from './picture-work.ts';

export interface PictureThreads {
  /** Takes the pixels: the image that is handed over is empty afterwards. */
  open(image: GrayImage): Picture;
  close(): Promise<void>;
}

interface Thread {
  readonly worker: Worker;
  readonly pending: Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>;
  pictureCount: number;
}

export function startPictureThreads(threadCount: number): PictureThreads {
  assert(threadCount > 0);
  const threads = Array.from({ length: threadCount }, startThread);
  let lastPicture = 0;
  let lastTask = 0;

  function ask<T>(thread: Thread, make: (id: number) => PictureTask): Promise<T> {
    lastTask += 1;
    const id = lastTask;
    return new Promise<T>((resolve, reject) => {
      thread.pending.set(id, { resolve, reject });
      thread.worker.postMessage(make(id));
    });
  }

  return {
    open(image) {
      const thread = threads.reduce((a, b) => (b.pictureCount < a.pictureCount ? b : a));
      const { pixels, ...size } = image;
      lastPicture += 1;
      const picture = lastPicture;
      thread.pictureCount += 1;
      // Moved where the buffer is this picture's alone; a view of something larger is copied.
      const own = pixels.byteLength === pixels.buffer.byteLength && pixels.buffer instanceof ArrayBuffer;
      thread.worker.postMessage({ kind: 'open', picture, image } satisfies PictureTask, own ? [pixels.buffer as ArrayBuffer] : []);
      let closed = false;
      return {
        size,
        isBlank: async () => ask(thread, (id) => ({ kind: 'blank', picture, id })),
        preview: async () => ask(thread, (id) => ({ kind: 'preview', picture, id })),
        prepare: async (input, region) => ask(thread, (id) => ({ kind: 'prepare', picture, id, input, region })),
        close() {
          if (closed) return;
          closed = true;
          thread.pictureCount -= 1;
          thread.worker.postMessage({ kind: 'close', picture } satisfies PictureTask);
        },
      };
    },
    close: async () => {
      await Promise.all(threads.map(async (t) => t.worker.terminate()));
    },
  };
}

function startThread(): Thread {
  const worker = new Worker(new URL('./picture-thread.ts', import.meta.url));
  const pending: Thread['pending'] = new Map();
  worker.on('message', (answer: PictureAnswer) => {
    const waiting = pending.get(answer.id);
    pending.delete(answer.id);
    if ('error' in answer) waiting?.reject(new Error(answer.error));
    else waiting?.resolve(answer.value as never);
  });
  // Out of memory is the one way for pure code to end a thread: what waited for it is told, and the process ends
  // as it does for every uncaught error.
  worker.on('error', (error) => {
    for (const waiting of pending.values()) waiting.reject(error instanceof Error ? error : new Error(String(error)));
    throw error;
  });
  worker.unref();
  return { worker, pending, pictureCount: 0 };
}
