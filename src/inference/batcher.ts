/**
 * Natural batching: when the model is free, take what is waiting; never wait on purpose. PURE.
 * Batches come in fixed sizes (buckets), because GPU libraries search their algorithms per shape: a batch is padded up
 * to its bucket, or split into smaller ones, whichever the costs measured at warm-up say is done first.
 */
import assert from 'node:assert';

export const BATCH_BUCKETS: readonly number[] = [1, 2, 4, 8, 16, 32];

/** A batch size that the model was warmed with, and how long one run of it took. */
export interface BucketCost {
  readonly bucket: number;
  readonly runMs: number;
}

export interface BatchPlan {
  /** How many of the waiting go into this batch; the rest of the bucket is padding. */
  readonly take: number;
  readonly bucket: number;
}

/** The buckets to warm: those up to `batchMax`, or the one that the network's fixed batch axis dictates. */
export function bucketsFor(batchMax: number, fixedBatch: number | undefined): readonly number[] {
  if (fixedBatch !== undefined) return [fixedBatch];
  return BATCH_BUCKETS.filter((bucket) => bucket <= Math.max(1, batchMax));
}

/** On a CPU a picture in a batch half as large costs at most so much more than in the whole one. */
const HALF_BATCH_COST_FACTOR_MAX = 1.2;

/**
 * Costs measured on a CPU that was busy with something else, made believable: one unlucky run of a small bucket must not
 * have every single picture padded to twice its work for the rest of the worker's life.
 */
export function steadyCosts(costs: readonly BucketCost[]): readonly BucketCost[] {
  const steady: BucketCost[] = [];
  for (const { bucket, runMs } of costs.toReversed()) {
    const larger = steady[0];
    const most = larger === undefined ? Infinity : ((larger.runMs * bucket) / larger.bucket) * HALF_BATCH_COST_FACTOR_MAX;
    steady.unshift({ bucket, runMs: Math.min(runMs, most) });
  }
  return steady;
}

/**
 * The next batch for `waiting` pictures: the first one, largest first, of the cheapest way to clear them all. With more
 * waiting than the largest bucket holds, the bucket with the lowest cost per picture.
 */
export function planBatch(waiting: number, costs: readonly BucketCost[]): BatchPlan {
  assert(waiting > 0 && costs.length > 0, 'a batch needs pictures and buckets');
  const largest = Math.max(...costs.map((c) => c.bucket));
  if (waiting > largest) {
    const best = costs.reduce((a, b) => (b.runMs / b.bucket <= a.runMs / a.bucket ? b : a));
    return { take: best.bucket, bucket: best.bucket };
  }
  // cheapest[n]: least time to clear n pictures, and the bucket to begin with: of equal ways the one that takes most at
  // once, and then the one that pads least.
  const cheapest: { ms: number; bucket: number }[] = [{ ms: 0, bucket: 0 }];
  for (let n = 1; n <= waiting; n += 1) {
    let best = { ms: Infinity, bucket: 0 };
    for (const { bucket, runMs } of costs) {
      const rest = cheapest[Math.max(0, n - bucket)];
      assert(rest !== undefined);
      const ms = runMs + rest.ms;
      const takesMore = Math.min(n, bucket) - Math.min(n, best.bucket);
      if (ms < best.ms || (ms === best.ms && (takesMore > 0 || (takesMore === 0 && bucket < best.bucket)))) best = { ms, bucket };
    }
    cheapest.push(best);
  }
  const bucket = cheapest[waiting]?.bucket ?? largest;
  return { take: Math.min(waiting, bucket), bucket };
}
