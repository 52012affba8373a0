/**
 * Lock-out on brute force (PURE: `nowMs` comes in). Counts failures per key; the caller uses three: name at address,
 * address, and name. After the allowance each failure locks for twice as long. Bounded: the stalest key is forgotten.
 */
export interface AttemptLimits {
  /** Failures that cost nothing: people mistype. */
  readonly freeCount: number;
  readonly lockFirstMs: number;
  readonly lockMaxMs: number;
  /** A key without failures for this long starts afresh. */
  readonly forgetAfterMs: number;
  readonly keyCountMax: number;
}

export const ATTEMPT_LIMITS: AttemptLimits = { freeCount: 5, lockFirstMs: 15_000, lockMaxMs: 15 * 60_000, forgetAfterMs: 60 * 60_000, keyCountMax: 10_000 };

export interface Attempts {
  /** How long this key is locked still; 0 where it is not. */
  lockedForMs(key: string, nowMs: number): number;
  /** Counts a failure; true where it locked the key. */
  fail(key: string, nowMs: number): boolean;
  succeed(key: string): void;
}

export function createAttempts(limits: AttemptLimits = ATTEMPT_LIMITS): Attempts {
  const failures = new Map<string, { count: number; lastAtMs: number; lockedUntilMs: number }>();
  return {
    lockedForMs: (key, nowMs) => Math.max(0, (failures.get(key)?.lockedUntilMs ?? 0) - nowMs),
    fail(key, nowMs) {
      const before = failures.get(key);
      const count = before === undefined || nowMs - before.lastAtMs > limits.forgetAfterMs ? 1 : before.count + 1;
      const over = count - limits.freeCount;
      const lockMs = over <= 0 ? 0 : Math.min(limits.lockMaxMs, limits.lockFirstMs * 2 ** Math.min(over - 1, 20));
      failures.delete(key); // re-inserted at the end: the Map's order is staleness
      failures.set(key, { count, lastAtMs: nowMs, lockedUntilMs: nowMs + lockMs });
      if (failures.size > limits.keyCountMax) failures.delete(failures.keys().next().value!);
      return lockMs > 0;
    },
    succeed: (key) => void failures.delete(key),
  };
}
