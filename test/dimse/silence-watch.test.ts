/** SilenceWatch by a clock that the test moves: who is aborted for its pace, and who must not be. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SilenceWatch } from '../../src/dimse/silence-watch.ts';

const LIMITS = { idleTimeoutMs: 120_000, paceWindowMs: 60_000, paceMinBytes: 65_536 };

let bytes: number;
let midway: boolean;
let held: boolean;
let ends: string[];
let watch: SilenceWatch;

/** As connection.ts does: it tells first, then looks at the bytes. */
function receive(count: number, midwayAfter: boolean): void {
  bytes += count;
  watch.heard();
  midway = midwayAfter;
}

beforeEach(() => {
  vi.useFakeTimers();
  [bytes, midway, held, ends] = [0, false, false, []];
  watch = new SilenceWatch(LIMITS, { bytesReceived: () => bytes, isHeldByUs: () => held, isMidway: () => midway, expired: (why) => ends.push(why) });
});
afterEach(() => {
  watch.stop();
  vi.useRealTimers();
});

describe('pace', () => {
  test('a small message that begins just before the window ends is not slow', () => {
    vi.advanceTimersByTime(59_999);
    receive(500, true);
    vi.advanceTimersByTime(2);
    receive(500, false);
    vi.advanceTimersByTime(30_000);
    expect(ends).toEqual([]);
  });

  test('nor is one message after another with long pauses between', () => {
    for (let minute = 0; minute < 5; minute++) {
      vi.advanceTimersByTime(59_990);
      receive(100, true);
      vi.advanceTimersByTime(20);
      receive(100, false);
      vi.advanceTimersByTime(59_990);
    }
    expect(ends).toEqual([]);
  });

  test('one that drips through a whole window is', () => {
    vi.advanceTimersByTime(10_000);
    receive(500, true);
    for (let second = 0; second < 109; second++) {
      vi.advanceTimersByTime(1_000);
      receive(1, true);
    }
    expect(ends).toEqual([]);
    vi.advanceTimersByTime(1_000);
    expect(ends).toEqual(['slower than the least pace']);
  });

  test('at the least pace it may go on for ever', () => {
    receive(500, true);
    for (let window = 0; window < 10; window++) {
      vi.advanceTimersByTime(30_000);
      receive(65_536, true);
      vi.advanceTimersByTime(30_000);
    }
    expect(ends).toEqual([]);
  });

  test('a window in which we held it back is excused', () => {
    receive(500, true);
    vi.advanceTimersByTime(70_000);
    watch.held();
    receive(1, true);
    vi.advanceTimersByTime(50_000);
    expect(ends).toEqual([]);
  });
});
