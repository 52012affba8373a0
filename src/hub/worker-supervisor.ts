/**
 * Starts the workers that belong to this hub, watches them, and starts them again when they end. A worker is a process
 * of its own: `session.run` blocks its thread, and a crash in a codec or a GPU driver must not touch intake.
 * The wait before a restart doubles from 0.25 s to 10 s while a worker keeps failing before it was ever ready.
 * A ready worker speaks every second. One that is silent (a stopped process, a loop) is first not counted as ready, then
 * ended and replaced: it would never end by itself, and nobody would read the images that wait for it. A run of a model that
 * hangs in its own thread is not silent: the worker watches it, says so, and ends itself (model-thread-engine.ts).
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

export interface WorkerMessage {
  readonly type: string;
  readonly [key: string]: unknown;
}

export interface SupervisorOptions {
  readonly count: number;
  /** The script to fork, and the environment variable that hands it its options (JSON). */
  readonly entry: string;
  readonly variable: string;
  readonly workerOptions: unknown;
  readonly onMessage: (message: WorkerMessage, pid: number) => void;
  readonly onExit: (code: number | null, signal: string | null, willRestart: boolean) => void;
  readonly onReadyCount?: (count: number) => void;
  readonly tickMs?: number;
}

export interface WorkerSupervisor {
  /** Tells the workers that there is something to claim, so that they need not poll fast. */
  wake(): void;
  /** How many workers say that their models are loaded, warm and self-tested. */
  readyCount(): number;
  /** The last reason why a worker could not start, in words. */
  lastProblem(): string | undefined;
  pids(): readonly number[];
  stop(graceMs: number): Promise<void>;
}

const RESTART_MS_MIN = 250;
const RESTART_MS_MAX = 10_000;
/** Silence is counted in ticks, not read off the clock: a machine that slept has not made its workers guilty. */
const TICK_MS = 1_000;
/** By then its leases are lost three times over. */
const UNREADY_AFTER_TICKS = 15;
const ENDED_AFTER_TICKS = 60;

interface Slot {
  child: ChildProcess | undefined;
  ready: boolean;
  silentTicks: number;
  failures: number;
  timer: NodeJS.Timeout | undefined;
}

export function startWorkers(options: SupervisorOptions): WorkerSupervisor {
  let stopping = false;
  let problem: string | undefined;
  const slots: Slot[] = Array.from({ length: options.count }, () => ({ child: undefined, ready: false, silentTicks: 0, failures: 0, timer: undefined }));

  const readyCount = (): number => slots.filter((slot) => slot.ready && slot.silentTicks < UNREADY_AFTER_TICKS).length;
  const tellReadyCount = (): void => options.onReadyCount?.(readyCount());
  const forkWorker = (): ChildProcess => fork(options.entry, [], {
    // Not an argument: options may hold a Redis password, and arguments are visible to everybody on the machine.
    env: { ...process.env, [options.variable]: JSON.stringify(options.workerOptions) },
    // Its output joins the hub's: logs are lines either way.
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: ['--disable-warning=ExperimentalWarning'],
    serialization: 'json',
  });
  const start = (slot: Slot): void => {
    let child: ChildProcess;
    const ended = (code: number | null, signal: string | null): void => {
      slot.child = undefined;
      slot.ready = false;
      slot.failures++;
      tellReadyCount();
      options.onExit(code, signal, !stopping);
      if (stopping) return;
      slot.timer = setTimeout(() => start(slot), Math.min(RESTART_MS_MAX, RESTART_MS_MIN * 2 ** (slot.failures - 1)));
    };
    try {
      child = forkWorker();
    } catch (error) {
      // No memory, no process left: the hub goes on receiving, and tries again.
      problem = (error as Error).message;
      ended(null, null);
      return;
    }
    slot.child = child;
    slot.silentTicks = 0;
    child.on('message', (message: WorkerMessage) => {
      const wasSilent = slot.silentTicks >= UNREADY_AFTER_TICKS;
      slot.silentTicks = 0;
      if (wasSilent) tellReadyCount();
      if (message.type === 'ready') {
        slot.ready = true;
        slot.failures = 0;
        problem = undefined;
        tellReadyCount();
      } else if (message.type === 'problem') {
        problem = String(message['message'] ?? 'the worker did not start');
      }
      options.onMessage(message, child.pid ?? 0);
    });
    child.on('error', (error) => {
      problem = error.message;
      // A process that never began does not exit.
      if (child.pid === undefined && slot.child === child) ended(null, null);
    });
    child.once('exit', ended);
  };
  for (const slot of slots) start(slot);

  const watch = setInterval(() => {
    for (const slot of slots) {
      // While it loads its models it may be silent: a large network takes minutes on a slow disk.
      if (!slot.ready) continue;
      slot.silentTicks++;
      if (slot.silentTicks === UNREADY_AFTER_TICKS) {
        problem = 'a worker does not answer any more';
        tellReadyCount();
      }
      if (slot.silentTicks >= ENDED_AFTER_TICKS) slot.child?.kill('SIGKILL');
    }
  }, options.tickMs ?? TICK_MS);

  const tell = (child: ChildProcess | undefined, message: WorkerMessage): void => {
    // The channel may close between the check and the send: the exit handler does the rest.
    if (child?.connected) child.send(message, () => undefined);
  };

  return {
    wake: () => slots.forEach((slot) => tell(slot.child, { type: 'wake' })),
    readyCount,
    lastProblem: () => problem,
    pids: () => slots.flatMap((slot) => slot.child?.pid ?? []),
    async stop(graceMs) {
      stopping = true;
      clearInterval(watch);
      await Promise.all(
        slots.map(async (slot) => {
          clearTimeout(slot.timer);
          const child = slot.child;
          if (child === undefined) return;
          const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
          tell(child, { type: 'stop' });
          const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
          await gone;
          clearTimeout(timer);
        }),
      );
    },
  };
}
