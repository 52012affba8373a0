/** Brings a registry's old studies up to date beside a listening hub (registry/studies-backfill.ts), a bite between two breaths. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Registry } from '../registry/registry.ts';

/** Some milliseconds of the event loop. */
const BITE = 200;
/** Images and readers come first: a third of the time at most. */
const PAUSE_MS = 20;

export interface Backfill {
  /** Resolves when all is done, or given up until the next start. */
  readonly settled: Promise<void>;
  /** What is left is done after the next start. */
  stop(): Promise<void>;
}

export function startBackfill(registry: Pick<Registry, 'backfillStudies'>, onTrouble: (error: unknown) => void): Backfill {
  let stopped = false;
  const run = async (): Promise<void> => {
    while (!stopped && registry.backfillStudies(BITE)) await delay(PAUSE_MS);
  };
  const settled = run().catch(onTrouble);
  return {
    settled,
    stop() {
      stopped = true;
      return settled;
    },
  };
}
