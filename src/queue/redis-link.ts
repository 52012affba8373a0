/**
 * One connection to Redis and whether it can be relied on. While Redis is away commands would wait for ever (BullMQ
 * asks ioredis to hold them): here they are refused at once, or given up after a time, so that nobody hangs with it.
 */
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { FirstreadError } from '../errors.ts';

export interface RedisLinkLimits {
  /** One command, or the first connection. */
  readonly commandMsMax: number;
  /** How often Redis is asked whether it is still there. */
  readonly pingMs: number;
  readonly reconnectMsMax: number;
}

export const REDIS_LINK_LIMITS: RedisLinkLimits = {
  /** 2 s: a thousand times the usual answer; a Redis that forks for a snapshot stays well below. */
  commandMsMax: 2_000,
  pingMs: 1_000,
  /** At most half a second is lost after Redis is back. */
  reconnectMsMax: 500,
};

export interface RedisLink {
  readonly redis: Redis;
  healthy(): boolean;
  /** Runs the step within `commandMsMax`; rejects with `queue-unavailable`, at once where Redis is known to be away. */
  within<T>(step: () => Promise<T>): Promise<T>;
  onRecovered(listener: () => void): void;
  close(): void;
}

export function openRedisLink(url: string, limits: RedisLinkLimits = REDIS_LINK_LIMITS): RedisLink {
  const redis = new Redis(url, {
    // BullMQ's condition: a blocked read is not a failed one.
    maxRetriesPerRequest: null,
    connectTimeout: limits.commandMsMax,
    retryStrategy: (times) => Math.min(50 * times, limits.reconnectMsMax),
  });
  // Told through healthy(). BullMQ makes further connections from this one (blocking reads, events).
  redis.on('error', () => {});
  const duplicate = redis.duplicate.bind(redis);
  redis.duplicate = (override) => duplicate(override).on('error', () => {});

  const recoveredListeners = new Set<() => void>();
  let answering: boolean | undefined;
  let closed = false;
  let pinging: Promise<void> | undefined;

  function ping(): Promise<void> {
    if (pinging !== undefined) return pinging;
    // Not while the connection is down: each question would be kept in memory until it is back.
    const question = redis.status === 'ready' ? inTime(redis.ping(), limits.commandMsMax) : Promise.reject(new FirstreadError('queue-unavailable'));
    pinging = question
      .then(
        () => true,
        () => false,
      )
      .then((answered) => {
        pinging = undefined;
        const recovered = answered && answering === false;
        answering = answered && redis.status === 'ready';
        if (recovered && answering) for (const listener of recoveredListeners) listener();
      });
    return pinging;
  }

  const firstAnswer = inTime(once(redis, 'ready'), limits.commandMsMax).then(ping, () => {
    answering ??= false;
  });
  const pinger = setInterval(() => {
    if (answering !== undefined) void ping();
  }, limits.pingMs);
  pinger.unref();
  redis.on('close', () => {
    answering &&= false;
  });
  redis.on('ready', () => void ping());

  return {
    redis,
    healthy: () => answering === true && !closed,

    async within(step) {
      if (answering === undefined) await firstAnswer;
      if (closed || answering !== true) throw new FirstreadError('queue-unavailable');
      try {
        return await inTime(step(), limits.commandMsMax);
      } catch (error) {
        if (error instanceof FirstreadError && error.code === 'queue-unavailable') answering = false;
        throw error;
      }
    },

    onRecovered(listener) {
      recoveredListeners.add(listener);
    },

    close() {
      closed = true;
      clearInterval(pinger);
      redis.disconnect();
    },
  };
}

function inTime<T>(work: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new FirstreadError('queue-unavailable')), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
