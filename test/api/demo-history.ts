/**
 * The week before the demo's morning: three devices that send through the day, each at its own pace, and everything read in the end.
 * The same week each time it is made. For habits, turnaround and pictures of both.
 */
import { demoStudy, type DemoStudy } from './demo-studies.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Numbers beyond those of the morning's studies. */
const FIRST_INDEX = 10_000;

export interface HistoryDevice {
  readonly callingAeTitle: string;
  /** Between two patients, about. */
  readonly everyMin: number;
  /** Went quiet that long ago, today. */
  readonly quietMin?: number;
}

export const HISTORY_DEVICES: readonly HistoryDevice[] = [
  { callingAeTitle: 'XR_ROOM_1', everyMin: 9 },
  { callingAeTitle: 'XR_ROOM_2', everyMin: 6, quietMin: 187 },
  { callingAeTitle: 'ER_DX1', everyMin: 26 },
];

/** mulberry32: the same numbers each time. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `hoursBefore`: how long a working day is, counted back from this time of day. */
export function demoHistory(nowMs: number, { days = 7, hoursBefore = 10 } = {}): DemoStudy[] {
  const roll = dice(7);
  const studies: DemoStudy[] = [];
  for (let day = days; day >= 0; day -= 1) {
    for (const { callingAeTitle, everyMin, quietMin = 3 } of HISTORY_DEVICES) {
      const until = nowMs - day * DAY_MS - (day === 0 ? quietMin : 0) * MINUTE_MS;
      for (let at = until - hoursBefore * 60 * MINUTE_MS; at < until; at += everyMin * MINUTE_MS * (0.6 + 0.8 * roll())) studies.push(readStudy(callingAeTitle, Math.round(at), nowMs, studies.length, roll));
    }
  }
  return studies;
}

function readStudy(callingAeTitle: string, receivedAtMs: number, nowMs: number, index: number, roll: () => number): DemoStudy {
  const flagged = roll() < 0.12;
  const urgent = flagged || roll() < 0.06;
  const one = demoStudy({
    name: 'DEMO^HISTORY', age: 40, state: 'delivered', priority: urgent ? (roll() < 0.2 ? 'critical' : 'urgent') : 'routine', reason: ['below-threshold', 'Below threshold'],
    tb: flagged ? 70 : 12, nodule: 9, waitedMin: 0, read: true,
  }, FIRST_INDEX + index, receivedAtMs);
  const flagAfterMs = Math.round(700 + 2_600 * roll() ** 3 + (roll() < 0.03 ? 9_000 : 0));
  const readAfterMs = Math.round((urgent ? 4 + 38 * roll() ** 2 : 12 + 210 * roll() ** 2) * MINUTE_MS);
  const study = { ...one.study, updatedAtMs: receivedAtMs + flagAfterMs, readAtMs: Math.min(nowMs, receivedAtMs + readAfterMs) };
  return { ...one, study, facts: { ...one.facts, callingAeTitle }, images: one.images.map((image) => ({ ...image, callingAeTitle })) };
}
