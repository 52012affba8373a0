/**
 * Decoding threads with deadlines: a damaged stream can hold a decoder for ever, so the thread that overruns is killed
 * and replaced, and only its own picture fails. Waiting pictures are served in order of arrival.
 */
import { Worker } from 'node:worker_threads';
import { FirstreadError } from '../errors.ts';
import type { DecodedInstance, DecodeOptions } from './decode-frame.ts';
import type { DecodeReply, DecodeRequest } from './decode-thread.ts';

export interface DecodePoolOptions {
  readonly threads: number;
  /** From the moment a thread takes the picture. */
  readonly deadlineMs: number;
  /** More than this many waiting pictures are refused: the caller asks for more than it can use. */
  readonly waitingMax?: number;
  readonly decode?: DecodeOptions;
  /** The bytes move to the thread instead of being copied, and are empty for the caller: 15 MB a film, copied by the thread that also hands out jobs. */
  readonly takesBytes?: boolean;
}

/** JPEG 2000 of 28 megapixels takes 4 s on a slow core; a thread that needs 20 s is not decoding any more. */
export const DECODE_DEADLINE_MS = 20_000;
export const DECODE_WAITING_MAX = 1024;

export interface DecodePool {
  /** Rejects with a FirstreadError (`pixels-…`, `data-set-…`, `not-dicom`, `decode-timeout`) or the signal's reason. */
  decode(bytes: Uint8Array, signal?: AbortSignal, options?: DecodeOptions): Promise<DecodedInstance>;
  counts(): { readonly busy: number; readonly waiting: number; readonly replaced: number };
  close(): Promise<void>;
}

interface Task {
  readonly request: DecodeRequest;
  readonly resolve: (decoded: DecodedInstance) => void;
  readonly reject: (reason: unknown) => void;
  readonly signal: AbortSignal | undefined;
  onAbort?: () => void;
}

interface Thread {
  readonly worker: Worker;
  task: Task | undefined;
  timer: NodeJS.Timeout | undefined;
}

export function createDecodePool(options: DecodePoolOptions): DecodePool {
  const waiting: Task[] = [];
  const threads = new Set<Thread>();
  const waitingMax = options.waitingMax ?? DECODE_WAITING_MAX;
  let replaced = 0;
  let closed = false;

  const settle = (task: Task, act: () => void): void => {
    if (task.onAbort !== undefined) task.signal?.removeEventListener('abort', task.onAbort);
    act();
  };
  const finish = (thread: Thread): Task | undefined => {
    clearTimeout(thread.timer);
    const { task } = thread;
    thread.task = undefined;
    return task;
  };
  /** The thread is lost; its picture fails with `reason`, and another thread takes its place when there is work. */
  const replace = (thread: Thread, reason: unknown): void => {
    if (!threads.delete(thread)) return;
    replaced++;
    const task = finish(thread);
    void thread.worker.terminate();
    if (task !== undefined) settle(task, () => task.reject(reason));
    serve();
  };
  const start = (): Thread => {
    const worker = new Worker(new URL(import.meta.url.endsWith('.ts') ? './decode-thread.ts' : './decode-thread.js', import.meta.url));
    const thread: Thread = { worker, task: undefined, timer: undefined };
    threads.add(thread);
    worker.on('message', (reply: DecodeReply) => {
      const task = finish(thread);
      // An idle pool does not keep the process alive.
      worker.unref();
      if (task !== undefined) settle(task, () => (reply.ok ? task.resolve(reply.decoded) : task.reject(new FirstreadError(reply.code, reply.message, reply.details))));
      serve();
    });
    worker.on('error', (error) => replace(thread, new FirstreadError('pixels-damaged', `the decoding thread failed: ${error.message.slice(0, 200)}`, {}, error)));
    worker.on('exit', () => replace(thread, new FirstreadError('pixels-damaged', 'the decoding thread ended')));
    worker.unref();
    return thread;
  };
  const give = (thread: Thread, task: Task): void => {
    thread.task = task;
    thread.worker.ref();
    thread.timer = setTimeout(() => {
      replace(thread, new FirstreadError('decode-timeout', `decoding took longer than ${options.deadlineMs} ms`, { deadlineMs: options.deadlineMs }));
    }, options.deadlineMs);
    thread.worker.postMessage(task.request, options.takesBytes === true ? movable(task.request.bytes) : []);
  };
  const serve = (): void => {
    while (waiting.length > 0 && !closed) {
      const idle = [...threads].find((thread) => thread.task === undefined) ?? (threads.size < options.threads ? start() : undefined);
      if (idle === undefined) return;
      give(idle, waiting.shift()!);
    }
  };
  const abort = (task: Task): void => {
    const place = waiting.indexOf(task);
    if (place >= 0) {
      waiting.splice(place, 1);
      settle(task, () => task.reject(task.signal!.reason));
      return;
    }
    for (const thread of threads) if (thread.task === task) replace(thread, task.signal!.reason);
  };

  return {
    decode(bytes, signal, decodeOptions = options.decode ?? {}) {
      if (closed) return Promise.reject(new FirstreadError('decode-timeout', 'the decoding pool is closed'));
      if (signal?.aborted) return Promise.reject(signal.reason);
      if (waiting.length >= waitingMax) return Promise.reject(new FirstreadError('pixels-over-limit', 'too many pictures wait for decoding', { waitingMax }));
      return new Promise((resolve, reject) => {
        const task: Task = { request: { bytes, options: decodeOptions }, resolve, reject, signal };
        task.onAbort = () => abort(task);
        signal?.addEventListener('abort', task.onAbort, { once: true });
        waiting.push(task);
        serve();
      });
    },
    counts: () => ({ busy: [...threads].filter((thread) => thread.task !== undefined).length, waiting: waiting.length, replaced }),
    async close() {
      closed = true;
      const left = [...threads];
      threads.clear();
      const ended = new FirstreadError('decode-timeout', 'the decoding pool was closed');
      for (const task of [...waiting.splice(0), ...left.map(finish)]) if (task !== undefined) settle(task, () => task.reject(ended));
      await Promise.all(left.map((thread) => thread.worker.terminate()));
    },
  };
}

/** A buffer that is all of these bytes: a part of a larger one may be somebody else's too. */
function movable(bytes: Uint8Array): ArrayBuffer[] {
  return bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength ? [bytes.buffer] : [];
}
