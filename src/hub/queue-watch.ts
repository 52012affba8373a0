/**
 * Trouble with the queue, told once and then every five minutes, and told again when it is over: Redis away for an hour
 * is one thing that happened, not 3,600.
 */
import type { Log } from '../ops/log.ts';

export interface QueueWatch {
  trouble(error: unknown): void;
  /** The queue answers. */
  well(): void;
}

const TOLD_EVERY_MS = 5 * 60_000;

export function createQueueWatch(log: Pick<Log, 'write'>, now: () => number, address: string): QueueWatch {
  let sinceMs: number | undefined;
  let toldAtMs = Number.NEGATIVE_INFINITY;
  return {
    trouble(error) {
      sinceMs ??= now();
      if (now() - toldAtMs < TOLD_EVERY_MS) return;
      toldAtMs = now();
      log.write('queue-unreachable', { address, durationMs: now() - sinceMs, error });
    },
    well() {
      if (sinceMs === undefined) return;
      log.write('queue-recovered', { address, durationMs: now() - sinceMs });
      sinceMs = undefined;
      toldAtMs = Number.NEGATIVE_INFINITY;
    },
  };
}

/** Host and port of a Redis address, without its password. */
export function queueAddress(redisUrl: string): string {
  if (redisUrl === '') return 'embedded';
  const { hostname, port } = new URL(redisUrl);
  return `${hostname}:${port || '6379'}`;
}
