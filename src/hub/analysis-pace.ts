/**
 * How long an image takes just now, from the answers as they come: for "analysing, about 20 s". While images wait, the
 * time between two answers is what each costs, however many workers there are; while they do not, it is an analysis itself.
 */
import type { JobEnd } from '../queue/job-queue.ts';

export interface AnalysisPace {
  note(end: JobEnd): void;
  /** Undefined until something was analysed. */
  msPerImage(): number | undefined;
}

/** A batch answers in one moment: over so many answers that evens out. */
const WEIGHT = 1 / 16;

export function createAnalysisPace(now: () => number): AnalysisPace {
  let lastAtMs: number | undefined;
  let meanMs: number | undefined;
  return {
    note(end) {
      const timings = end.kind === 'completed' ? end.outcome.timings : undefined;
      if (timings === undefined) return;
      const sinceLastMs = lastAtMs === undefined ? Infinity : now() - lastAtMs;
      lastAtMs = now();
      const tookMs = Math.max(0, Math.min(sinceLastMs, timings.totalMs));
      meanMs = meanMs === undefined ? tookMs : meanMs + (tookMs - meanMs) * WEIGHT;
    },
    msPerImage: () => meanMs,
  };
}
