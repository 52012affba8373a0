/**
 * Threads with deadlines for work on pictures: a damaged stream can hold a decoder for ever, so the thread that
 * overruns is killed and replaced, and only its own task fails. Waiting tasks are served in order of arrival.
 * A thread answers each message with a ThreadReply, one at a time, and holds no native add-on: it may be killed in the
 * middle.
 */
import { parentPort, Worker } from 'node:worker_threads';
import { FirstreadError } from '../errors.ts';

export type ThreadReply<Answer> =
  | { readonly ok: true; readonly answer: Answer }
  | { readonly ok: false; readonly code: FirstreadError['code']; readonly message: string; readonly details: FirstreadError['details'] };

export interface ThreadPoolOptions<Request> {
  readonly thread: URL;
  readonly threads: number;
  /** From the moment a thread takes the task. */
  readonly deadlineMs: number;
  /** More than this many waiting tasks are refused: the caller asks for more than it can use. */
  readonly waitingMax: number;
  /** A cancelled task that runs already is left to end: starting another thread would cost more than is saved. */
  readonly letsRunningEnd?: boolean;
  /** Buffers that move to the thread instead of being copied, and are empty for the caller. */
  readonly moved?: (request: Request) => ArrayBuffer[];
}

export interface ThreadPool<Request, Answer> {
  /** Rejects with the thread's FirstreadError, `decode-timeout`, `pixels-damaged` (the thread died), `pictures-busy`, or the signal's reason. */
  run(request: Request, signal?: AbortSignal): Promise<Answer>;
  counts(): { readonly busy: number; readonly waiting: number; readonly replaced: number };
  close(): Promise<void>;
}

interface Task<Request, Answer> {
  readonly request: Request;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (reason: unknown) => void;
  readonly signal: AbortSignal | undefined;
  onAbort?: () => void;
}

interface Thread<Request, Answer> {
  readonly worker: Worker;
  task: Task<Request, Answer> | undefined;
  timer: NodeJS.Timeout | undefined;
}

export function createThreadPool<Request, Answer>(options: ThreadPoolOptions<Request>): ThreadPool<Request, Answer> {
  const waiting: Task<Request, Answer>[] = [];
  const threads = new Set<Thread<Request, Answer>>();
  let replaced = 0;
  let closed = false;

  const settle = (task: Task<Request, Answer>, act: () => void): void => {
    if (task.onAbort !== undefined) task.signal?.removeEventListener('abort', task.onAbort);
    act();
  };
  const finish = (thread: Thread<Request, Answer>): Task<Request, Answer> | undefined => {
    clearTimeout(thread.timer);
    const { task } = thread;
    thread.task = undefined;
    return task;
  };
  /** The thread is lost; its task fails with `reason`, and another thread takes its place when there is work. */
  const replace = (thread: Thread<Request, Answer>, reason: unknown): void => {
    if (!threads.delete(thread)) return;
    replaced++;
    const task = finish(thread);
    void thread.worker.terminate();
    if (task !== undefined) settle(task, () => task.reject(reason));
    serve();
  };
  const start = (): Thread<Request, Answer> => {
    const worker = new Worker(options.thread);
    const thread: Thread<Request, Answer> = { worker, task: undefined, timer: undefined };
    threads.add(thread);
    worker.on('message', (reply: ThreadReply<Answer>) => {
      const task = finish(thread);
      // An idle pool does not keep the process alive.
      worker.unref();
      if (task !== undefined) settle(task, () => (reply.ok ? task.resolve(reply.answer) : task.reject(new FirstreadError(reply.code, reply.message, reply.details))));
      serve();
    });
    worker.on('error', (error) => replace(thread, new FirstreadError('pixels-damaged', `the decoding thread failed: ${(error as Error).message.slice(0, 200)}`, {}, error)));
    worker.on('exit', () => replace(thread, new FirstreadError('pixels-damaged', 'the decoding thread ended')));
    worker.unref();
    return thread;
  };
  const give = (thread: Thread<Request, Answer>, task: Task<Request, Answer>): void => {
    thread.task = task;
    thread.worker.ref();
    thread.timer = setTimeout(() => {
      replace(thread, new FirstreadError('decode-timeout', `decoding took longer than ${options.deadlineMs} ms`, { deadlineMs: options.deadlineMs }));
    }, options.deadlineMs);
    thread.worker.postMessage(task.request, options.moved?.(task.request) ?? []);
  };
  const serve = (): void => {
    while (waiting.length > 0 && !closed) {
      const idle = [...threads].find((thread) => thread.task === undefined) ?? (threads.size < options.threads ? start() : undefined);
      if (idle === undefined) return;
      give(idle, waiting.shift()!);
    }
  };
  const abort = (task: Task<Request, Answer>): void => {
    const place = waiting.indexOf(task);
    if (place >= 0) {
      waiting.splice(place, 1);
      settle(task, () => task.reject(task.signal!.reason));
      return;
    }
    if (options.letsRunningEnd === true) task.reject(task.signal!.reason);
    else for (const thread of threads) if (thread.task === task) replace(thread, task.signal!.reason);
  };

  return {
    run(request, signal) {
      if (closed) return Promise.reject(new FirstreadError('decode-timeout', 'the decoding pool is closed'));
      if (signal?.aborted) return Promise.reject(signal.reason);
      if (waiting.length >= options.waitingMax) return Promise.reject(new FirstreadError('pictures-busy', undefined, { waitingMax: options.waitingMax }));
      return new Promise((resolve, reject) => {
        const task: Task<Request, Answer> = { request, resolve, reject, signal };
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

/** The other end: the body of a thread. `moved` are buffers of an answer that need not be copied. */
export function answerTasks<Request, Answer>(work: (request: Request) => Promise<Answer>, moved: (answer: Answer) => readonly ArrayBufferLike[]): void {
  const answer = async (request: Request): Promise<ThreadReply<Answer>> => {
    try {
      return { ok: true, answer: await work(request) };
    } catch (error) {
      if (error instanceof FirstreadError) return { ok: false, code: error.code, message: error.message, details: error.details };
      // Out of memory inside a codec and the like: the picture is to blame, not the thread.
      return { ok: false, code: 'pixels-damaged', message: `decoding failed: ${error instanceof Error ? error.message.slice(0, 200) : 'unknown'}`, details: {} };
    }
  };
  parentPort?.on('message', (request: Request) => {
    void answer(request).then((reply) => parentPort!.postMessage(reply, (reply.ok ? [...new Set(moved(reply.answer))] : []) as ArrayBuffer[]));
  });
}
