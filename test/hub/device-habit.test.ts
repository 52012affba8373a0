/** A device is silent when it has sent nothing for longer than it usually does, at an hour at which it usually sends. */
import { describe, expect, test } from 'vitest';
import { HABIT_DAYS, habitOf } from '../../src/hub/device-habit.ts';

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

  /** Three weeks, Monday to Friday (to Saturday noon with `saturdays`), every 15 min from 08:00, to another minute each day; as much as the board keeps. */
  const MONDAY = NOON - 12 * 60 * MINUTE;
  function weeks(untilMs: number, { saturdays = false } = {}): (atMs: number) => boolean {
    const arrivals: number[] = [];
    for (let day = -14; day < 14; day += 1) {
      const weekday = (day + 14) % 7;
      const ends = weekday < 5 ? 16 * 60 + ((day + 14) * 37) % 100 : weekday === 5 && saturdays ? 12 * 60 : 0;
      for (let minute = 8 * 60; minute <= ends; minute += 15) arrivals.push(MONDAY + day * DAY + minute * MINUTE);
    }
    return (atMs) => habitOf(arrivals.filter((each) => each <= Math.min(atMs, untilMs) && each >= atMs - HABIT_DAYS * DAY), atMs).silent;
  }
  const at = (day: number, hour: number): number => MONDAY + day * DAY + hour * 60 * MINUTE;

  test('no alarm at any hour of a weekend, nor before Monday\'s first patient', () => {
    for (const saturdays of [false, true]) {
      const silent = weeks(Infinity, { saturdays });
      const alarms = Array.from({ length: 7 * 24 * 4 }, (_, quarter) => at(0, quarter / 4)).filter((atMs) => atMs > at(saturdays ? 5 : 4, saturdays ? 12.1 : 18) && atMs < at(7, 8)).filter(silent);
      expect(alarms.map((atMs) => new Date(atMs).toISOString())).toEqual([]);
    }
  });

  test('what broke on a working day is told then, until the evening is long over, and again on Monday', () => {
    const broken = weeks(at(4, 11));
    expect([12, 15, 23].map((hour) => broken(at(4, hour)))).toEqual([true, true, true]);
    const overTheWeekend = weeks(at(4, 18));
    expect([10, 15].map((hour) => overTheWeekend(at(5, hour)))).toEqual([false, false]);
    expect([9, 12].map((hour) => overTheWeekend(at(7, hour)))).toEqual([true, true]);
  });

  test('a Saturday on which it usually works is no weekend', () => {
    const broken = weeks(at(4, 18), { saturdays: true });
    expect([9, 11].map((hour) => broken(at(5, hour)))).toEqual([true, true]);
  });
});
