/** A device is silent when it has sent nothing for longer than it usually does, at an hour at which it usually sends. */
import { describe, expect, test } from 'vitest';
import { habitOf } from '../../src/hub/device-habit.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** Monday, 12:00. */
const NOON = Date.UTC(2026, 10, 23, 12, 0, 0);

/** Every `everyMin` from 07:00 to 17:00, on the days before and today until `untilMs`. */
function sends(everyMin: number, days: readonly number[], untilMs: number): number[] {
  const times: number[] = [];
  for (const day of days) {
    const morning = NOON - 5 * 60 * MINUTE - day * DAY;
    for (let at = morning; at < morning + 10 * 60 * MINUTE && at <= untilMs; at += everyMin * MINUTE) times.push(at, at + 20_000);
  }
  return times.sort((a, b) => a - b);
}
const WEEKDAYS_BEFORE = [7, 6, 5, 4, 3];

describe('silence', () => {
  test('stopped at 09:00, usually every 6 min', () => {
    const arrivals = sends(6, [...WEEKDAYS_BEFORE, 0], NOON - 180 * MINUTE);
    expect(habitOf(arrivals, NOON)).toMatchObject({ silent: true, usualGapMs: expect.closeTo(6 * MINUTE - 20_000, -4) });
    expect(habitOf(arrivals, NOON).lastImageAtMs).toBe(arrivals.at(-1));
  });

  test('still sending is not silent, nor is a pause shorter than half an hour', () => {
    expect(habitOf(sends(6, [...WEEKDAYS_BEFORE, 0], NOON), NOON + 5 * MINUTE).silent).toBe(false);
    expect(habitOf(sends(6, [...WEEKDAYS_BEFORE, 0], NOON), NOON + 29 * MINUTE).silent).toBe(false);
  });

  test('the night is no silence; the next morning without an image is', () => {
    const arrivals = sends(6, [...WEEKDAYS_BEFORE, 0], NOON + DAY);
    const evening = NOON + 5 * 60 * MINUTE;
    expect(habitOf(arrivals, evening + 6 * 60 * MINUTE).silent).toBe(false);
    expect(habitOf(arrivals, evening + 13 * 60 * MINUTE).silent).toBe(false);
    expect(habitOf(arrivals, evening + 17 * 60 * MINUTE).silent).toBe(true);
  });

  test('a device that sends seldom has a long patience; one that sent twice has no habit', () => {
    expect(habitOf(sends(120, [...WEEKDAYS_BEFORE, 0], NOON - 60 * MINUTE), NOON + 170 * MINUTE).silent).toBe(false);
    expect(habitOf([NOON - 5 * 60 * MINUTE, NOON - 4 * 60 * MINUTE], NOON)).toEqual({ lastImageAtMs: NOON - 4 * 60 * MINUTE, silent: false });
    expect(habitOf([], NOON)).toEqual({ silent: false });
  });

  test('on its first day it is judged by that day, and not through the night', () => {
    const arrivals = sends(6, [0], NOON - 60 * MINUTE);
    expect(habitOf(arrivals, NOON).silent).toBe(true);
    expect(habitOf(arrivals, NOON + 12 * 60 * MINUTE).silent).toBe(false);
  });

  test('two views of one patient are one examination', () => {
    const arrivals = sends(10, [0], NOON);
    expect(Math.round(habitOf(arrivals, NOON).usualGapMs! / MINUTE)).toBe(10);
  });
});
