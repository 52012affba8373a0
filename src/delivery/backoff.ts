/** When to try again: pure, with the randomness as an argument, so that many sites do not knock in step. */

/**
 * The last step bounds how long a PACS that came back waits for its reports: one step plus one connection timeout
 * (30 s) stays under two minutes. A knock a minute costs a dead PACS nothing.
 */
export const DELIVERY_BACKOFF_MS: readonly number[] = [2_000, 5_000, 15_000, 30_000, 60_000];
/** Each step is shortened by up to this part of itself: never lengthened, so the bound above holds. */
const JITTER = 0.3;

/** `failures` counts from 1; `random` is in [0, 1). */
export function backoffMs(failures: number, random: number, stepsMs: readonly number[] = DELIVERY_BACKOFF_MS): number {
  const step = stepsMs[Math.min(Math.max(failures, 1), stepsMs.length) - 1] ?? 0;
  return Math.round(step * (1 - JITTER * random));
}
