/** What the two sides of the BullMQ adapter must agree on. */
import type { RedisLinkLimits } from './redis-link.ts';

export interface BullmqQueueOptions {
  /** Key prefix, where several hubs share one Redis. */
  readonly prefix?: string;
  readonly linkLimits?: RedisLinkLimits;
}

export const QUEUE_NAME = 'analysis';
export const DEFAULT_PREFIX = 'firstread';
