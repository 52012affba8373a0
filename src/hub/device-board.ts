/** Devices with their habits. The arrivals of a week are read at most every half minute, however many pages look. */
import type { DeviceBoardRow } from '../api/operations-port.ts';
import type { Registry } from '../registry/registry.ts';
import { HABIT_DAYS, habitOf } from './device-habit.ts';

const READ_EVERY_MS = 30_000;
const DAY_MS = 24 * 60 * 60_000;

export function createDeviceBoard(registry: Pick<Registry, 'devices' | 'arrivalMinutes'>): (sinceMs: number, nowMs: number) => readonly DeviceBoardRow[] {
  let arrivals = new Map<string, number[]>();
  let readAtMs = -Infinity;

  function read(nowMs: number): void {
    if (nowMs - readAtMs < READ_EVERY_MS) return;
    arrivals = new Map();
    readAtMs = nowMs;
    for (const { callingAeTitle, remoteAddress, atMs } of registry.arrivalMinutes(nowMs - HABIT_DAYS * DAY_MS)) {
      const key = `${callingAeTitle}\0${remoteAddress}`;
      const known = arrivals.get(key);
      if (known === undefined) arrivals.set(key, [atMs]);
      else known.push(atMs);
    }
  }

  return (sinceMs, nowMs) => {
    read(nowMs);
    return registry.devices(sinceMs).map((device) => ({ ...device, ...habitOf(arrivals.get(`${device.callingAeTitle}\0${device.remoteAddress}`) ?? [], nowMs) }));
  };
}
