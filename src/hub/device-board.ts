/**
 * Devices with their habits. The arrivals of HABIT_DAYS are read once, in slices between which the event loop breathes, when
 * the first page asks; after that only what came since. Kept to the minute: a site of 10,000 films a day is a few megabytes.
 */
import type { DeviceBoardRow } from '../api/operations-port.ts';
import type { Registry } from '../registry/registry.ts';
import { HABIT_DAYS, habitOf } from './device-habit.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const SLICE_MS = 2 * 60 * MINUTE_MS;
/** An image's row is committed a moment after it was received: the end of what was read is read once more. */
const OVERLAP_MS = 2 * MINUTE_MS;

export function createDeviceBoard(registry: Pick<Registry, 'devices' | 'arrivalsBetween'>): (sinceMs: number, nowMs: number) => Promise<readonly DeviceBoardRow[]> {
  const arrivals = new Map<string, number[]>();
  let readUntilMs: number | undefined;
  let reading: Promise<void> | undefined;

  function note(key: string, atMs: number): void {
    const known = arrivals.get(key);
    const last = known?.at(-1);
    if (known === undefined) arrivals.set(key, [atMs]);
    else if (last === undefined || Math.floor(atMs / MINUTE_MS) > Math.floor(last / MINUTE_MS)) known.push(atMs);
    else if (atMs > last) known[known.length - 1] = atMs;
  }

  async function read(nowMs: number): Promise<void> {
    const oldestMs = nowMs - HABIT_DAYS * DAY_MS;
    for (let fromMs = Math.max(oldestMs, (readUntilMs ?? 0) - OVERLAP_MS); fromMs < nowMs; fromMs += SLICE_MS) {
      for (const { callingAeTitle, remoteAddress, atMs } of registry.arrivalsBetween(fromMs, Math.min(fromMs + SLICE_MS, nowMs + 1))) note(`${callingAeTitle}\0${remoteAddress}`, atMs);
      await new Promise((resolve) => setImmediate(resolve));
    }
    readUntilMs = nowMs;
    for (const [key, times] of arrivals) {
      const first = times.findIndex((atMs) => atMs >= oldestMs);
      if (first === -1) arrivals.delete(key);
      else if (first > 0) times.splice(0, first);
    }
  }

  return async (sinceMs, nowMs) => {
    // Two pages that ask at once wait for the same reading.
    reading ??= read(nowMs).finally(() => {
      reading = undefined;
    });
    await reading;
    return registry.devices(sinceMs).map((device) => ({ ...device, ...habitOf(arrivals.get(`${device.callingAeTitle}\0${device.remoteAddress}`) ?? [], nowMs) }));
  };
}
