/** How often somebody may ask (PURE): a bucket of requests for each caller that fills again with time. */
export interface RequestRate {
  /** False where the caller has to wait. */
  take(caller: string, nowMs: number): boolean;
}

export interface RequestRateLimits {
  readonly perSecond: number;
  readonly burst: number;
  /** Callers remembered; whoever is forgotten begins with a full bucket. */
  readonly callersMax: number;
}

export function createRequestRate({ perSecond, burst, callersMax }: RequestRateLimits): RequestRate {
  const buckets = new Map<string, { left: number; atMs: number }>();
  return {
    take(caller, nowMs) {
      const before = buckets.get(caller) ?? { left: burst, atMs: nowMs };
      const left = Math.min(burst, before.left + (Math.max(0, nowMs - before.atMs) / 1_000) * perSecond);
      buckets.delete(caller);
      buckets.set(caller, { left: left >= 1 ? left - 1 : left, atMs: nowMs });
      if (buckets.size > callersMax) buckets.delete(buckets.keys().next().value!);
      return left >= 1;
    },
  };
}
