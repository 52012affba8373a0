/**
 * Threads with deadlines, for work that would hold an event loop: a damaged stream can keep a decoder busy for ever, so
 * the thread that overruns is killed and replaced, and only its own task fails. Waiting tasks are served in order of
 * arrival. A thread starts with the first task that needs it, answers each message with a ThreadReply, one at a time, and
 * holds no native add-on: it may be killed in the middle.
 */
import { parentPort, Worker } from 'node:worker_threads';
import { FirstreadError, type ErrorCode } from '../errors.ts';

export type ThreadReply<Answer> =
  | { readonly ok: true; readonly answer: Answer }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string; readonly details: FirstreadError['details']; readonly stack: string | undefined }
  /** Thrown inside the thread, and no FirstreadError. */
  | { readonly ok: false; readonly code?: undefined; readonly problem: string; readonly stack: string | undefined };

/** What a task is refused with for the threads' own reasons. */
export interface ThreadFailures {
  /** The thread overran its deadline and was killed. */
  late(deadlineMs: number): FirstreadError;
  /** The thread died, or threw what is no FirstreadError; `problem` may quote what it choked on. */
  lost(problem: string): FirstreadError;
  busy(waitingMax: number): FirstreadError;
  closed(): FirstreadError;
}

export interface ThreadPoolOptions<Request> {
  readonly thread: URL;
  readonly threads: number;
  /** From the moment a thread takes the task. */
  readonly deadlineMs: number;
  /** More than this many waiting tasks are refused: the caller asks for more than it can use. */
  readonly waitingMax: number;
  readonly failures: ThreadFailures;
  /** A cancelled task that runs already is left to end: starting another thread would cost more than is saved. */
  readonly letsRunningEnd?: boolean;
  /** Buffers that move to the thread instead of being copied, and are empty for the caller. */
  readonly moved?: (request: Request) => ArrayBuffer[];
}

export interface ThreadPool<Request, Answer> {
  /** Rejects with the thread's FirstreadError, one of the failures, or the signal's reason. */
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

const PROBLEM_LENGTH_MAX = 200;
const problemOf = (error: unknown): string => (error instanceof Error ? error.message.slice(0, PROBLEM_LENGTH_MAX) : 'unknown');

export function createThreadPool<Request, Answer>(options: ThreadPoolOptions<Request>): ThreadPool<Request, Answer> {
  const { failures } = options;
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
      if (task !== undefined) settle(task, () => (reply.ok ? task.resolve(reply.answer) : task.reject(refusal(reply, failures))));
      serve();
    });
    worker.on('error', (error) => replace(thread, thrownThere(failures.lost(`the thread failed: ${problemOf(error)}`), (error as Error).stack)));
    worker.on('exit', () => replace(thread, failures.lost('the thread ended')));
    worker.unref();
    return thread;
  };
  const give = (thread: Thread<Request, Answer>, task: Task<Request, Answer>): void => {
    thread.task = task;
    thread.worker.ref();
    thread.timer = setTimeout(() => replace(thread, failures.late(options.deadlineMs)), options.deadlineMs);
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
      if (closed) return Promise.reject(failures.closed());
      if (signal?.aborted) return Promise.reject(signal.reason);
      if (waiting.length >= options.waitingMax) return Promise.reject(failures.busy(options.waitingMax));
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
      const ended = failures.closed();
      for (const task of [...waiting.splice(0), ...left.map(finish)]) if (task !== undefined) settle(task, () => task.reject(ended));
      await Promise.all(left.map((thread) => thread.worker.terminate()));
    },
  };
}

function refusal<Answer>(reply: ThreadReply<Answer> & { readonly ok: false }, failures: ThreadFailures): FirstreadError {
  return thrownThere(reply.code === undefined ? failures.lost(reply.problem) : new FirstreadError(reply.code, reply.message, reply.details), reply.stack);
}

/** The log says where in the thread it was thrown; the frames alone, not the message above them. */
function thrownThere(error: FirstreadError, stack = ''): FirstreadError {
  const frames = stack.split('\n').filter((line) => line.startsWith('    at '));
  return Object.assign(error, { stack: [`${error.name}: ${error.message}`, ...frames].join('\n') });
}

/** The other end: the body of a thread. `moved` are buffers of an answer that need not be copied. */
export function answerTasks<Request, Answer>(work: (request: Request) => Promise<Answer>, moved: (answer: Answer) => readonly ArrayBufferLike[]): void {
  const answer = async (request: Request): Promise<ThreadReply<Answer>> => {
    try {
      return { ok: true, answer: await work(request) };
    } catch (error) {
      const stack = error instanceof Error ? error.stack : undefined;
      if (error instanceof FirstreadError) return { ok: false, code: error.code, message: error.message, details: error.details, stack };
      return { ok: false, problem: problemOf(error), stack };
    }
  };
  parentPort?.on('message', (request: Request) => {
    void answer(request).then((reply) => parentPort!.postMessage(reply, (reply.ok ? [...new Set(moved(reply.answer))] : []) as ArrayBuffer[]));
  });
}
