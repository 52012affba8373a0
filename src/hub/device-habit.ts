/**
 * How often a device usually sends, and whether it has been silent for longer than that. PURE. Examinations are counted,
 * not images: two views of one patient follow within a minute. Nights and weekends are part of a habit: a device is silent
 * only at an hour at which it sent on most of its earlier days, and on the same day of the week before. Leaves out: why (a
 * broken cable looks like a free morning).
 */

export interface DeviceHabit {
  readonly lastImageAtMs?: number;
  readonly usualGapMs?: number;
  readonly silent: boolean;
}

/** Days looked back: on the Tuesday after a long weekend, the Friday afternoon of the week before is still known. */
export const HABIT_DAYS = 11;
/** Of these each counts as much as the other. */
const DAYS_COMPARED = 7;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Images closer than this are of one examination. */
const SAME_EXAMINATION_MS = 90_000;
/** A longer pause is a night or a break, and says nothing about the usual time between two patients. */
const PAUSE_MS = 4 * 60 * MINUTE_MS;
/** Fewer gaps are no habit. */
const GAPS_MIN = 5;
/** Nobody is told of a silence shorter than this. */
const SILENCE_MIN_MS = 30 * MINUTE_MS;
/** How much longer than its longer gaps (the 95th percentile) a device may be silent. */
const PATIENCE = 2;
/** The last patient of a Friday is not as late every week: only beyond this was something missed that is over by now. */
const ENDS_EARLIER_MS = 2 * 60 * MINUTE_MS;
/** With fewer earlier days of its own, the hour of the day is not asked. */
const DAYS_MIN = 3;

/** `arrivalsMs`: when it sent, ascending, of the last HABIT_DAYS. */
export function habitOf(arrivalsMs: readonly number[], nowMs: number): DeviceHabit {
  const lastImageAtMs = arrivalsMs.at(-1);
  if (lastImageAtMs === undefined) return { silent: false };
  const gaps = gapsOf(arrivalsMs);
  if (gaps.length < GAPS_MIN) return { lastImageAtMs, silent: false };
  const usualGapMs = quantile(gaps, 0.5);
  const silenceMs = nowMs - lastImageAtMs;
  const patienceMs = Math.max(SILENCE_MIN_MS, PATIENCE * quantile(gaps, 0.95));
  return { lastImageAtMs, usualGapMs, silent: silenceMs > patienceMs && usuallySendsBetween(arrivalsMs, lastImageAtMs, nowMs) && sentAWeekAgo(arrivalsMs, lastImageAtMs, nowMs, patienceMs) };
}

/** Between examinations, ascending. */
function gapsOf(arrivalsMs: readonly number[]): number[] {
  const gaps: number[] = [];
  for (let at = 1; at < arrivalsMs.length; at += 1) {
    const gapMs = arrivalsMs[at]! - arrivalsMs[at - 1]!;
    if (gapMs > SAME_EXAMINATION_MS && gapMs < PAUSE_MS) gaps.push(gapMs);
  }
  return gaps.sort((a, b) => a - b);
}

const quantile = (ascending: readonly number[], share: number): number => ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))]!;

/** On more than half of the earlier days that it knows it had sent something at this time of day. */
function usuallySendsBetween(arrivalsMs: readonly number[], fromMs: number, toMs: number): boolean {
  // Just after the last image nobody expects the next one yet.
  const lateMs = Math.min(fromMs + SAME_EXAMINATION_MS, toMs);
  let known = 0;
  let sent = 0;
  for (let day = 1; day <= DAYS_COMPARED; day += 1) {
    const [from, to] = [lateMs - day * DAY_MS, toMs - day * DAY_MS];
    if (from < arrivalsMs[0]!) break;
    known += 1;
    if (arrivalsMs.some((atMs) => atMs >= from && atMs <= to && atMs < fromMs)) sent += 1;
  }
  return known < DAYS_MIN ? toMs - fromMs < PAUSE_MS : 2 * sent > known;
}

/**
 * A week before it sent around this hour, or went on for hours longer than this time; also where that is not known. Without
 * this, a Friday afternoon within the silence makes a Saturday look like the working days before it.
 */
function sentAWeekAgo(arrivalsMs: readonly number[], lastImageAtMs: number, nowMs: number, patienceMs: number): boolean {
  const [endedMs, thenMs] = [lastImageAtMs - 7 * DAY_MS, nowMs - 7 * DAY_MS];
  if (thenMs <= arrivalsMs[0]!) return true;
  return arrivalsMs.some((atMs) => atMs > endedMs + SAME_EXAMINATION_MS && atMs <= thenMs && (atMs >= thenMs - patienceMs || atMs >= endedMs + ENDS_EARLIER_MS));
}
