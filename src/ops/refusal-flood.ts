/**
 * Refusals in numbers (PURE): the first ones of a source are written one by one, the rest of the window as one entry with
 * a count. Whoever knocks a million times must not fill the disk with the trail of it, nor push others out of it.
 */
import type { AuditFacts } from './audit-chain.ts';

export interface RefusalFloodLimits {
  readonly windowMs: number;
  /** Refusals of one kind from one address that are written in full in a window. */
  readonly writtenCountMax: number;
  /** Windows open at once; beyond it the oldest is closed early. */
  readonly windowCountMax: number;
}

export const REFUSAL_FLOOD_LIMITS: RefusalFloodLimits = { windowMs: 10_000, writtenCountMax: 20, windowCountMax: 1_000 };

export interface RefusalFlood {
  /** Whether to write this one in full. Closed windows' sums are handed to `write`. */
  admit(facts: AuditFacts, nowMs: number): boolean;
  /** Closes windows that are over; all of them where `all`. */
  close(nowMs: number, all?: boolean): void;
}

export function createRefusalFlood(write: (facts: AuditFacts) => void, limits: RefusalFloodLimits = REFUSAL_FLOOD_LIMITS): RefusalFlood {
  const windows = new Map<string, { readonly facts: AuditFacts; readonly startedAtMs: number; count: number }>();

  const end = (key: string): void => {
    const { facts, count } = windows.get(key)!;
    windows.delete(key);
    const unwritten = count - limits.writtenCountMax;
    if (unwritten <= 0) return;
    write({ event: facts.event, who: '-', outcome: 'refused', ...(facts.from === undefined ? {} : { from: facts.from }), details: { moreOfTheseCount: unwritten } });
  };

  const flood: RefusalFlood = {
    admit(facts, nowMs) {
      if (facts.outcome !== 'refused') return true;
      flood.close(nowMs);
      const key = `${facts.event} ${facts.from ?? ''}`;
      const window = windows.get(key);
      if (window !== undefined) return ++window.count <= limits.writtenCountMax;
      if (windows.size >= limits.windowCountMax) end(windows.keys().next().value!);
      windows.set(key, { facts, startedAtMs: nowMs, count: 1 });
      return true;
    },
    close(nowMs, all = false) {
      // Insertion order is age: the first one that is still open ends the search.
      for (const [key, { startedAtMs }] of windows) {
        if (!all && nowMs - startedAtMs < limits.windowMs && nowMs >= startedAtMs) break;
        end(key);
      }
    },
  };
  return flood;
}
