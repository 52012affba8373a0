import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { bucketsFor, planBatch, steadyCosts } from '../../src/inference/batcher.ts';
import type { BucketCost } from '../../src/inference/batcher.ts';

const costs = (perBucket: Record<number, number>): BucketCost[] => Object.entries(perBucket).map(([bucket, runMs]) => ({ bucket: Number(bucket), runMs }));
/** A CPU: every picture costs the same, padding too. */
const linear = costs({ 1: 10, 2: 20, 4: 40, 8: 80 });
/** A GPU: a run costs nearly the same whatever is in it. */
const flat = costs({ 1: 5, 2: 5.1, 4: 5.2, 8: 5.5, 16: 6, 32: 8 });

describe('planBatch', () => {
  test('on a CPU nothing is padded: five become four and one', () => {
    expect(planBatch(5, linear)).toEqual({ take: 4, bucket: 4 });
    expect(planBatch(1, linear)).toEqual({ take: 1, bucket: 1 });
    expect(planBatch(7, linear)).toEqual({ take: 4, bucket: 4 });
  });

  test('on a GPU five are padded to eight', () => {
    expect(planBatch(5, flat)).toEqual({ take: 5, bucket: 8 });
    expect(planBatch(17, flat)).toEqual({ take: 17, bucket: 32 });
    expect(planBatch(1, flat)).toEqual({ take: 1, bucket: 1 });
  });

  test('more than the largest bucket: the bucket with the lowest cost per picture', () => {
    expect(planBatch(100, flat)).toEqual({ take: 32, bucket: 32 });
    expect(planBatch(100, costs({ 1: 10, 2: 15, 4: 60, 8: 200 }))).toEqual({ take: 2, bucket: 2 });
  });

  test('a network with a fixed batch of four gets four, padded', () => {
    expect(bucketsFor(32, 4)).toEqual([4]);
    expect(planBatch(1, costs({ 4: 9 }))).toEqual({ take: 1, bucket: 4 });
    expect(planBatch(9, costs({ 4: 9 }))).toEqual({ take: 4, bucket: 4 });
  });

  test('a warm-up disturbed by other work does not make single pictures go as pairs', () => {
    const disturbed = costs({ 1: 90, 2: 60, 4: 120 });
    expect(planBatch(1, disturbed)).toEqual({ take: 1, bucket: 2 });
    expect(planBatch(1, steadyCosts(disturbed))).toEqual({ take: 1, bucket: 1 });
    expect(planBatch(3, steadyCosts(disturbed))).toEqual({ take: 2, bucket: 2 });
    expect(steadyCosts(linear)).toEqual(linear);
  });

  test('buckets stop at the largest batch allowed', () => {
    expect(bucketsFor(8, undefined)).toEqual([1, 2, 4, 8]);
    expect(bucketsFor(0, undefined)).toEqual([1]);
  });

  test('whatever the costs: pictures are taken, they fit, and all are cleared', () => {
    const anyCosts = fc.array(fc.tuple(fc.constantFrom(1, 2, 4, 8, 16, 32), fc.double({ min: 0.1, max: 500, noNaN: true })), { minLength: 1, maxLength: 6 }).map((pairs) => [...new Map(pairs)].map(([bucket, runMs]) => ({ bucket, runMs })));
    fc.assert(
      fc.property(anyCosts, fc.integer({ min: 1, max: 200 }), (some, waiting) => {
        let left = waiting;
        for (let runs = 0; left > 0; runs += 1) {
          const { take, bucket } = planBatch(left, some);
          expect(take).toBeGreaterThan(0);
          expect(take).toBeLessThanOrEqual(Math.min(bucket, left));
          expect(some.map((c) => c.bucket)).toContain(bucket);
          left -= take;
          expect(runs).toBeLessThanOrEqual(waiting);
        }
      }),
    );
  });
});
