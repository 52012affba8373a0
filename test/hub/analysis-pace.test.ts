import { describe, expect, test } from 'vitest';
import { createAnalysisPace } from '../../src/hub/analysis-pace.ts';
import type { JobEnd } from '../../src/queue/job-queue.ts';
import { scored, UNREADABLE } from '../study/sample-studies.ts';

const end = (totalMs: number): JobEnd => ({ kind: 'completed', job: {} as never, outcome: { ...scored(), timings: { fetchMs: 0, decodeMs: 0, preprocessMs: 0, inferenceMs: 0, totalMs } } as never });

function paced(steps: readonly (readonly [afterMs: number, totalMs: number])[]): number | undefined {
  let nowMs = 1_000_000;
  const pace = createAnalysisPace(() => nowMs);
  for (const [afterMs, totalMs] of steps) {
    nowMs += afterMs;
    pace.note(end(totalMs));
  }
  return pace.msPerImage();
}

describe('how long an image takes just now', () => {
  test('nobody knows before the first answer, nor from one without times', () => {
    const pace = createAnalysisPace(() => 0);
    pace.note({ kind: 'quarantined', job: {} as never, error: 'x', attempts: 3 });
    pace.note({ kind: 'completed', job: {} as never, outcome: UNREADABLE });
    expect(pace.msPerImage()).toBeUndefined();
  });

  test('on a quiet day an analysis, however long nothing came', () => {
    expect(paced([[0, 700], [60_000, 700], [3_600_000, 700]])).toBe(700);
  });

  test('while images wait, the time between two answers: two workers halve it', () => {
    expect(paced(Array.from({ length: 200 }, () => [350, 700] as const))).toBeCloseTo(350, 0);
  });

  test('answers of a batch come together: the mean is right all the same', () => {
    const batches = Array.from({ length: 100 }, () => [[800, 900], [0, 900], [0, 900], [0, 900]] as const).flat();
    const ms = paced(batches)!;
    expect(ms).toBeGreaterThan(150);
    expect(ms).toBeLessThan(250);
  });
});
