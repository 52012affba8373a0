/**
 * What the hub's own workers tell about themselves, kept for the operations page: which models they have, how fast they
 * answer, how much memory they hold. Workers on other machines speak to the queue only and are not seen here.
 */
import type { WorkerRow } from '../api/operations-port.ts';
import type { WorkerMessage } from './worker-supervisor.ts';

const RATE_WINDOW_MS = 5 * 60_000;
/** Enough for 100 images a second over the window; beyond it the oldest go and the rate reads low. */
const ANSWERS_KEPT_MAX = 30_000;

export interface WorkerBoard {
  note(message: WorkerMessage, pid: number): void;
  /** Of the processes that live, in the order given. */
  rows(pids: readonly number[]): readonly WorkerRow[];
}

interface Known {
  ready: boolean;
  readonly sinceMs: number;
  provider: string;
  models: readonly string[];
  answeredCount: number;
  rssBytes: number;
  readonly answersAtMs: number[];
}

export function createWorkerBoard(now: () => number): WorkerBoard {
  const known = new Map<number, Known>();

  function of(pid: number): Known {
    let one = known.get(pid);
    if (one === undefined) {
      one = { ready: false, sinceMs: now(), provider: '', models: [], answeredCount: 0, rssBytes: 0, answersAtMs: [] };
      known.set(pid, one);
    }
    return one;
  }

  return {
    note(message, pid) {
      const one = of(pid);
      if (message.type === 'ready') {
        one.ready = true;
        one.provider = String(message['provider'] ?? '');
        one.models = (message['models'] as readonly { name: string; version: string }[] | undefined ?? []).map(({ name, version }) => `${name} ${version}`);
      } else if (message.type === 'status') {
        one.rssBytes = Number(message['rssBytes'] ?? 0);
      } else if (message.type === 'answered') {
        one.answeredCount += 1;
        one.answersAtMs.push(now());
        if (one.answersAtMs.length > ANSWERS_KEPT_MAX) one.answersAtMs.shift();
      }
    },
    rows(pids) {
      // Those that ended are forgotten; their successors have pids of their own.
      for (const pid of known.keys()) if (!pids.includes(pid)) known.delete(pid);
      return pids.map((pid) => {
        const { ready, sinceMs, provider, models, answeredCount, rssBytes, answersAtMs } = of(pid);
        const fromMs = now() - RATE_WINDOW_MS;
        while (answersAtMs[0] !== undefined && answersAtMs[0] < fromMs) answersAtMs.shift();
        const windowMinutes = Math.max(1, Math.min(RATE_WINDOW_MS, now() - sinceMs) / 60_000);
        return { pid, ready, provider, models, answeredCount, rssBytes, imagesPerMinute: answersAtMs.length / windowMinutes };
      });
    },
  };
}
